"""ACL: rules in any order, what users are told to be, and what they may do: of every family's commands, too."""
from families import bitmap, connection, generic, geo, hash, hyperloglog, key, list, set, stream, string, zset

FAMILIES = [bitmap, connection, generic, geo, hash, hyperloglog, key, list, set, stream, string, zset]

USERS = [b"u0", b"u1", b"u2", b"u3"]
CATEGORIES = [b"keyspace", b"read", b"write", b"set", b"sortedset", b"list", b"hash", b"string", b"bitmap", b"hyperloglog",
              b"geo", b"stream", b"pubsub", b"admin", b"fast", b"slow", b"blocking", b"dangerous", b"connection",
              b"transaction", b"scripting", b"all"]
# Some of these are Redis' alone: rules name them all the same.
COMMANDS = [b"get", b"set", b"del", b"mget", b"lpush", b"hset", b"hget", b"zadd", b"xadd", b"sort", b"sort_ro", b"copy",
            b"rename", b"publish", b"subscribe", b"psubscribe", b"ssubscribe", b"spublish", b"ping", b"auth", b"hello",
            b"multi", b"exec", b"watch", b"keys", b"scan", b"info", b"config", b"config|get", b"config|set", b"client",
            b"client|id", b"client|kill", b"client|setname", b"acl", b"acl|whoami", b"acl|setuser", b"command",
            b"command|docs", b"debug", b"eval", b"evalsha", b"script", b"script|kill", b"cluster", b"cluster|info",
            b"cluster|setslot", b"module", b"module|load", b"function", b"function|list", b"function|restore", b"object",
            b"object|freq", b"select", b"flushall", b"shutdown", b"psync", b"replconf", b"migrate", b"bitfield",
            b"bitfield_ro", b"georadius", b"xreadgroup", b"xinfo|stream", b"memory|usage", b"latency", b"slowlog|get",
            b"role", b"slaveof", b"wait", b"asking", b"lolwut", b"failover", b"restore-asking"]
HASHES = [b"%064x" % n for n in (0, 1, 2 ** 255)] + [b"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]
# No lone star: in Redis it does not match an empty key.
PATTERNS = [b"?*", b"key:[0-6]", b"key:*", b"k*", b"a*", b"b*", b"a", b"[ab]?", b"", b"a?c", b"\\*"]
KEYS = [b"a", b"abc", b"b1", b"c", b"*", b"ab"]  # Not the empty one, which no pattern with a star matches in Redis.
WORDS = [b"on", b"off", b"nopass", b"resetpass", b"allkeys", b"resetkeys", b"allchannels", b"resetchannels", b"allcommands",
         b"nocommands", b"reset", b"clearselectors", b"~*", b"&*", b"+@all", b"+@all", b"+@all", b"sanitize-payload", b"skip-sanitize-payload", b"ON", b"AllKeys"]
FAULTS = [b"+nosuch", b"-nosuch", b"+@nosuch", b"-@nosuch", b"+config|nosuch", b"+config|get|x", b"+get|", b"+config|", b"-get|x",
          b"bogus", b"%~a", b"%RR~a", b"%X~a", b"%RW", b"%", b"%r", b"#abc", b"!abc", b")", b"~a)", b"(on)", b"(+nosuch)",
          b"(~* ~a)", b"", b"+", b"-", b"+@", b"~a b", b"&a\tb", b"# ", b"(>x)"]


def command_rule(d):
    sign = d.rng.choice([b"+", b"-"])
    kind = d.rng.random()
    if kind < 0.5:
        return sign + b"@" + d.rng.choice(CATEGORIES)
    if kind < 0.95:
        name = d.rng.choice(COMMANDS)
        return sign + (name.upper() if d.rng.random() < 0.1 else name)
    return b"+" + d.rng.choice([b"select|0", b"select|1", b"SELECT|0", b"get|a", b"eval|x", b"get|A", b"bitfield|b"])


def key_rule(d):
    return d.rng.choice([b"~", b"~", b"%R~", b"%W~", b"%RW~", b"%wr~"]) + d.rng.choice(PATTERNS)


def channel_rule(d):
    return b"&" + d.rng.choice(PATTERNS)


def password_rule(d):
    if d.rng.random() < 0.5:
        return d.rng.choice([b">", b"<"]) + d.rng.choice([b"x", b"y", b"", b"long password", b"\x00\xff"])
    return d.rng.choice([b"#", b"#", b"!"]) + d.rng.choice(HASHES)


def selector_rules(d):
    """A selector, in one word or in several."""
    inside = [d.rng.choice([command_rule, key_rule, channel_rule])(d) for _ in range(d.rng.randint(0, 3))]
    if d.rng.random() < 0.7:
        return [b"(" + b" ".join(inside) + b")"]
    return [b"("] + inside + [b")"]


def rules(d):
    made = []
    for _ in range(d.rng.choice([0, 1, 1, 2, 3, 4, 6, 9])):
        kind = d.rng.random()
        if kind < 0.5:
            made.append(command_rule(d))
        elif kind < 0.65:
            made.append(key_rule(d))
        elif kind < 0.75:
            made.append(channel_rule(d))
        elif kind < 0.85:
            made.append(d.rng.choice(WORDS))
        elif kind < 0.9:
            made.append(password_rule(d))
        elif kind < 0.95:
            made += selector_rules(d)
        elif kind < 0.97:
            made.append(d.rng.choice(FAULTS))
        else:
            made.insert(0, b"reset")
    return made


def tried(d):
    """A command for DRYRUN."""
    if d.rng.random() < 0.6:
        words = d.rng.choice(FAMILIES).command(d)
        if words[0].lower() not in (b"client", b"debug"):  # Hearth has more of CLIENT, and less of DEBUG.
            return words
    key = lambda: d.rng.choice(KEYS)  # noqa: E731
    return d.rng.choice([
        lambda: [b"get", key()], lambda: [b"set", key(), b"v"], lambda: [b"set", key(), b"v", b"GET"], lambda: [b"mget", key(), key()],
        lambda: [b"mset", key(), b"1", key(), b"2"], lambda: [b"copy", key(), key()], lambda: [b"rename", key(), key()],
        lambda: [b"del", key(), key()], lambda: [b"exists", key()], lambda: [b"watch", key()],
        lambda: [b"publish", key(), b"m"], lambda: [b"spublish", key(), b"m"], lambda: [b"subscribe", key(), key()],
        lambda: [b"psubscribe", d.rng.choice(PATTERNS)], lambda: [b"ssubscribe", key()], lambda: [b"unsubscribe", key()],
        lambda: [b"config", b"get", b"x"], lambda: [b"config", b"bogus"], lambda: [b"config"], lambda: [b"client", b"id"],
        lambda: [b"acl", b"whoami"], lambda: [b"select", d.rng.choice([b"0", b"1", b"2"])], lambda: [b"ping"],
        lambda: [b"auth", b"x"], lambda: [b"hello"], lambda: [b"quit"], lambda: [b"multi"],
        lambda: [b"sort", key(), b"by", b"w*"], lambda: [b"sort", key(), b"store", key()], lambda: [b"sort_ro", key()],
        lambda: [b"zunionstore", key(), d.rng.choice([b"1", b"2", b"x", b"9"]), key(), key()],
        lambda: [b"zinter", b"2", key(), key()], lambda: [b"xread", b"streams", key(), key(), b"0", b"0"],
        lambda: [b"xreadgroup", b"group", b"g", b"c", b"streams", key(), b">"], lambda: [b"xadd", key(), b"*", b"f", b"v"],
        lambda: [b"bitfield", key(), b"get", b"u8", b"0"], lambda: [b"bitfield", key(), b"set", b"u8", b"0", b"1"],
        lambda: [b"georadius", key(), b"1", b"1", b"1", b"km", b"store", key()], lambda: [b"georadius_ro", key(), b"1", b"1", b"1", b"km"],
        lambda: [b"migrate", b"h", b"1", key(), b"0", b"1"], lambda: [b"migrate", b"h", b"1", b"", b"0", b"1", b"keys", key(), key()],
        lambda: [b"object", b"encoding", key()], lambda: [b"memory", b"usage", key()], lambda: [b"lmpop", b"2", key(), key(), b"left"],
        lambda: [b"blpop", key(), key(), b"0"], lambda: [b"bitop", b"not", key(), key()], lambda: [b"pfcount", key(), key()],
        lambda: [b"pfmerge", key(), key()], lambda: [b"smove", key(), key(), b"m"], lambda: [b"keys", b"*"], lambda: [b"nosuch"],
        lambda: [b"get"], lambda: [b"getex", key(), b"persist"], lambda: [b"lcs", key(), key()], lambda: [b"type", key()],
        lambda: [b"touch", key()], lambda: [b"expire", key(), b"1"], lambda: [b"hset", key(), b"f", b"v"], lambda: [b"strlen", key()],
    ])()


def command(d):
    user = d.rng.choice(USERS)
    makers = [
        (8, lambda: [b"acl", b"setuser", user] + rules(d)),
        (5, lambda: [b"acl", b"getuser", user]),
        (2, lambda: [b"acl", b"list"]),
        (12, lambda: [b"acl", b"dryrun", user] + tried(d)),
        (1, lambda: d.rng.choice([[b"acl", b"users"], [b"acl", b"whoami"], [b"acl", b"help"], [b"acl", b"load"], [b"acl", b"save"]])),
        (1, lambda: [b"acl", b"deluser", user] + d.maybe(0.2, d.rng.choice([b"default", b"nosuch", b"u1"]))),
        # Not amid other parentheses: where a second one opens, Redis forgets what stood in the first.
        (1, lambda: [b"acl", b"setuser", user] + d.rng.choice([[b"("], [b"(~a"], [b"on", b"(", b"+get"], [b"(+get", b"a)b"]])),
        (1, lambda: [b"acl", b"setuser", d.rng.choice([b"u0 ", b"u\x00", b"\n", b"u0\t"])]),
        (1, lambda: [b"acl", b"cat"] + d.maybe(0.3, d.rng.choice([b"nosuch", b"", b"all", b"TRANSACTION", b"set", b"geo"]))),
        (1, lambda: [b"acl", b"genpass"] + d.maybe(0.8, d.rng.choice([b"0", b"-1", b"4096", b"4097", b"5", b"x", b"1"]))),
        (1, lambda: [b"acl", b"log"] + d.maybe(0.9, d.rng.choice([b"reset", b"0", b"-1", b"x"]))),
        (1, lambda: [b"acl", b"getuser", d.rng.choice([b"nosuch", b"", b"default"])]),
        (1, lambda: [b"acl", d.rng.choice([b"bogus", b"cat", b"log", b"genpass", b"dryrun", b"users", b"whoami"]), b"a", b"b"]),
        (1, lambda: [b"auth", user, d.rng.choice([b"x", b"wrong"]), b"more"]),
    ]
    return d.rng.choices([maker for _, maker in makers], [weight for weight, _ in makers])[0]()
