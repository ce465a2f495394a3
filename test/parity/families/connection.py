"""Connection and protocol: what does not depend on data."""


def command(d):
    makers = [
        lambda: [b"ping"] + d.maybe(0.5, d.value()),
        lambda: [b"echo", d.value()],
        lambda: [b"select", d.rng.choice([b"0", b"1", b"15", b"16", b"-1", b"abc", b"99999999999999999999"])],
        lambda: [b"client", b"setname", d.rng.choice([b"name", b"", b"with space", b"new\nline"])],
        lambda: [b"client", b"getname"],
        lambda: [b"client", b"bogus"],
        lambda: [b"client", b"reply", b"on"],
        lambda: [b"client", b"no-evict", d.rng.choice([b"on", b"off", b"maybe"])],
        lambda: [b"client", b"kill", d.rng.choice([b"127.0.0.1:1", b"bogus"])],
        lambda: [b"client", b"kill", d.rng.choice([b"ID", b"TYPE", b"ADDR", b"MAXAGE"]), d.rng.choice([b"99999", b"bogus"])],
        lambda: [b"client", b"pause", d.rng.choice([b"0", b"-1", b"abc"])],
        lambda: [b"client", b"unblock", d.rng.choice([b"99999", b"x"])] + d.maybe(0.3, b"ERROR"),
        lambda: [b"auth"] + [d.value() for _ in range(d.rng.randint(0, 3))],
        lambda: [b"command", b"count", b"extra"],
        lambda: [b"command", b"getkeys"] + d.rng.choice([[b"set", b"a", b"b"], [b"mset", b"a", b"1", b"b", b"2"], [b"ping"], [b"bogus"], [b"get"], [b"copy", b"a", b"b"], []]),
        lambda: [b"command", b"getkeysandflags"] + d.rng.choice([[b"set", b"a", b"b"], [b"rename", b"a", b"b"]]),
        lambda: [b"command", b"bogus"],
        lambda: [b"config", b"get", d.rng.choice([b"appendonl", b"maxclients", b"databases", b"bogus"])],
        lambda: [b"config", b"set", b"bogus", b"1"],
        lambda: [b"config", b"bogus"],
        lambda: [b"wait", b"0", d.rng.choice([b"0", b"-1", b"x", b"10"])],
        lambda: [b"lastsave"],
        lambda: [b"role", b"extra"],
        lambda: [b"replicaof", b"no"],
        lambda: [b"object"],
        lambda: [b"hello", d.rng.choice([b"1", b"4", b"abc"])],
        lambda: [b"reset"],
        lambda: [d.rng.choice([b"nosuch", b"", b"get\x00", b"x" * 200])] + [d.value() for _ in range(d.rng.randint(0, 4))],
        lambda: [b"debug", b"bogus"],
        lambda: [b"function", b"flush"] + d.maybe(0.5, d.rng.choice([b"ASYNC", b"sync", b"later"])),
        lambda: [b"function", b"list"] + [d.rng.choice([b"WITHCODE", b"LIBRARYNAME", b"*"]) for _ in range(d.rng.randint(0, 3))],
        lambda: [b"function", d.rng.choice([b"stats", b"kill", b"bogus"])],
        lambda: [b"function", b"delete", d.value()],
        lambda: [b"time", b"x"],
    ]
    words = d.spoil(d.rng.choice(makers)())
    if words[0].lower() == b"command" and [w.lower() for w in words[1:]] in ([], [b"count"]):
        words = [b"command", b"bogus"]  # The whole table has a test of its own.
    if words[0].lower() == b"hello" and len(words) == 1:
        words.append(b"1")  # The client's number is in it.
    if words == [b"role"]:
        words = [b"role", b"x"]  # Offsets differ: Redis counts nothing without replicas.
    return words
