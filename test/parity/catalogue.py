#!/usr/bin/python3
"""What COMMAND tells of each command that Debian's redis-server and Hearth both have: the same, byte for byte.

    catalogue.py build/hearth-server [--seed N] [--rounds N]

COMMAND DOCS, INFO, LIST, GETKEYS and GETKEYSANDFLAGS, in RESP2 and RESP3, every container's HELP, and what is refused
for its number of words. The words for
GETKEYS are drawn from the command's own argument tree, then spoilt now and then. Only the order of what Redis keeps in
hash tables is free.
"""
import argparse
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import known_differences
from hearth import Server
from resp import Connection, show

REPORTED_MAX = 40
FILTERS = [[b"aclcat", b"read"], [b"aclcat", b"string"], [b"aclcat", b"nosuch"], [b"aclcat", b"DANGEROUS"], [b"module", b"x"],
           [b"pattern", b"*"], [b"pattern", b"h*"], [b"PATTERN", b"config|*"], [b"pattern", b"nosuch*"]]
ODD = [
    ["command", "getkeys"], ["command", "getkeys", "nosuch"], ["command", "getkeys", "nosuch", "a"], ["command", "getkeys", "get"],
    ["command", "getkeys", "get", "a", "b"], ["command", "getkeys", "ping"], ["command", "getkeys", "ping", "a"],
    ["command", "getkeysandflags", "ping", "a"], ["command", "getkeys", "config", "get", "x"], ["command", "getkeys", "config", "x"],
    ["command", "getkeys", "config"], ["command", "getkeys", "object", "encoding", "x"], ["command", "getkeys", "object", "nosuch", "x"],
    ["command", "getkeys", "object|encoding", "a", "x"], ["command", "getkeys", "mset", "a"], ["command", "getkeys", "MSET", "a", "b"],
    ["command", "getkeys", "publish", "a", "b"], ["command", "getkeys", "ssubscribe", "a", "b"], ["command", "count", "x"],
    ["command", "docs", "nosuch"], ["command", "docs", "nosuch", "GET", "get"], ["command", "docs", "config|nosuch"],
    ["command", "docs", "object|"], ["command", "info", "nosuch", "GET"], ["command", "info", "config|nosuch", "CONFIG|GET"],
    ["command", "info", "get|x"], ["command", "info", ""], ["command", "docs", ""], ["command", "info", "|"],
    ["command", "list", "x"], ["command", "list", "filterby"], ["command", "list", "filterby", "x", "y"],
    ["command", "list", "filterby", "pattern"], ["command", "list", "filterby", "pattern", "get", "x"],
    ["command", "list", "x", "pattern", "get"], ["command", "nosuch"], ["command", "help", "x"], ["command", "help"],
]  # fmt: skip

# These write what changed since the last checkpoint, where Redis writes all keys: their "complexity" says so.
OWN_COST = [b"Synchronously save the dataset to disk", b"Synchronously save the dataset to disk and then shut down the server"]
# From Redis 7.2, which client libraries ask for; at the end of CLIENT HELP.
OWN_HELP = [b"SETINFO (LIB-NAME|LIB-VER) <value>", b"    Name the client library: as Redis 7.2 has it."]


def pairs(reply):
    """A map, or RESP2's array of the same, as a dictionary of replies by name."""
    return {name[1].decode(): value for name, value in zip(reply[1][::2], reply[1][1::2])}


def text(reply):
    return reply[1].decode()


def names_of(info):
    """Every command and subcommand in a reply to COMMAND INFO."""
    for item in info[1]:
        yield text(item[1][0]), item
        yield from names_of(item[1][9])


class Both:
    """A connection to each server, in one protocol version."""

    def __init__(self, redis, hearth, protocol):
        self.protocol = protocol
        self.connections = [Connection(redis.port), Connection(hearth.port)]
        if protocol == 3:
            self.call("HELLO", "3")

    def call(self, *words):
        return [connection.call(*words) for connection in self.connections]


class Comparison:
    def __init__(self, redis, hearth, options):
        self.redis, self.hearth = redis, hearth
        self.options = options
        self.compared = 0
        self.differences = 0

    def report(self, what, replies):
        self.differences += 1
        if self.differences <= REPORTED_MAX:
            print("DIFFERENCE: %s\n  redis:   %s\n  hearth:  %s" % (what, show(replies[0], 3000), show(replies[1], 3000)))

    def compare(self, what, replies, normal=lambda reply: reply):
        self.compared += 1
        if normal(replies[0]) != normal(replies[1]):
            self.report(what, replies)

    def common(self, both):
        """Full names of what both have, in Redis' order."""
        redis, hearth = (dict(names_of(info)) for info in both.call("COMMAND"))
        return [name for name in redis if name in hearth]

    def compare_facts(self, both, common):
        shared = set(common)

        def known_docs(reply):
            """Subcommands that both have, by name."""
            fields = pairs(reply)
            order = list(fields)
            if "subcommands" in fields:
                inner = pairs(fields["subcommands"])
                fields["subcommands"] = sorted((name, known_docs(inner[name])) for name in inner if name in shared)
            if fields["summary"][1] in OWN_COST:
                del fields["complexity"]
            return reply[0], order, fields

        def known_info(reply):
            if not isinstance(reply[1], list) or len(reply[1]) != 10:
                return reply
            subcommands = [known_info(item) for item in reply[1][9][1] if text(item[1][0]) in shared]
            return reply[0], reply[1][:9], reply[1][9][0], sorted(subcommands, key=repr)

        for name in common:
            what = "RESP%d %%s %s" % (both.protocol, name)
            docs = both.call("COMMAND", "DOCS", name)
            self.compare(what % "COMMAND DOCS", docs, lambda reply: known_docs(reply[1][1]) if reply[1] else None)
            self.compare(what % "COMMAND INFO", both.call("COMMAND", "INFO", name), lambda reply: known_info(reply[1][0]))

    def compare_lists(self, both, common):
        def listed(reply):
            if not isinstance(reply[1], list):
                return reply
            return reply[0], sorted(text(item) for item in reply[1] if text(item) in common)

        for words in [[]] + [[b"filterby"] + words for words in FILTERS]:
            self.compare("RESP%d COMMAND LIST %r" % (both.protocol, words), both.call("COMMAND", "LIST", *words), listed)
        for words in ODD:
            self.compare("RESP%d %s" % (both.protocol, " ".join(words)), both.call(*words))
        for connection in both.connections:
            count = int(connection.call("COMMAND", "COUNT")[1])
            assert len(connection.call("COMMAND")[1]) == count
            assert len(connection.call("COMMAND", "INFO")[1]) == count
            assert len(connection.call("COMMAND", "DOCS")[1]) == 2 * count
            assert len(connection.call("COMMAND", "LIST")[1]) == len(dict(names_of(connection.call("COMMAND"))))

    def compare_help(self, both, common):
        def shared(reply):
            return [line for line in reply[1] if line[1] not in OWN_HELP] if isinstance(reply[1], list) else reply

        for name in common:
            if name.endswith("|help"):
                self.compare("RESP%d %s" % (both.protocol, name), both.call(*name.split("|")), shared)
                self.compare("RESP%d %s x" % (both.protocol, name), both.call(*name.split("|"), "x"))

    def compare_refusals(self, both, common):
        """A word too few, a word too many, no such subcommand: none of these is executed."""
        for name in common:
            info = both.connections[0].call("COMMAND", "INFO", name)[1][0]
            words = name.split("|")
            arity = int(info[1][1][1])
            if abs(arity) > len(words):
                self.compare("RESP%d %s, too few" % (both.protocol, name), both.call(*words, *["1"] * (abs(arity) - len(words) - 1)))
            if arity > 0:
                self.compare("RESP%d %s, too many" % (both.protocol, name), both.call(*words, *["1"] * (arity - len(words) + 1)))
            if info[1][9][1]:
                self.compare("RESP%d %s nosuch" % (both.protocol, name), both.call(*words, "no\r\nsuch" + "x" * 200, "1"))

    def compare_keys(self, both, common):
        for name in common:
            docs = pairs(both.connections[0].call("COMMAND", "DOCS", name))[name]
            info = both.connections[0].call("COMMAND", "INFO", name)[1][0]
            draw = Words(random.Random("%s %s" % (self.options.seed, name)))
            tree = pairs(docs).get("arguments")
            if info[1][9][1] or not info[1][8][1]:
                continue  # Containers, and commands without keys.
            for _ in range(self.options.rounds):
                words = [word.encode() for word in name.split("|")] + draw.spoil(draw.arguments(tree))
                for subcommand in (b"GETKEYS", b"GETKEYSANDFLAGS"):
                    whole = [b"COMMAND", subcommand] + words
                    replies = both.call(*whole)
                    if not known_differences.is_known(whole, *replies):
                        self.compare("RESP%d %r" % (both.protocol, whole), replies)


class Words:
    """Words of a command's arguments, drawn from its tree."""

    def __init__(self, rng):
        self.rng = rng
        self.keys_to_come = 0

    def arguments(self, tree):
        words = []
        for argument in tree[1] if tree else []:
            words += self.argument(pairs(argument))
        return words

    def argument(self, fields):
        flags = {text(flag) for flag in fields["flags"][1]} if "flags" in fields else set()
        if "optional" in flags and self.rng.random() < 0.5:
            return []
        count = self.rng.randint(1, 4) if "multiple" in flags else 1
        if text(fields["name"]) == "numkeys":
            self.keys_to_come = self.rng.randint(1, 4)
        elif "multiple" in flags and self.keys_to_come:
            count, self.keys_to_come = self.keys_to_come, 0
        words = []
        for i in range(count):
            if "token" in fields and (i == 0 or "multiple_token" in flags):
                words.append(self.mixed_case(fields["token"][1]))
            words += self.value(fields)
        return words

    def value(self, fields):
        kind = text(fields["type"])
        if kind == "pure-token":
            return []
        if kind == "oneof":
            return self.argument(pairs(self.rng.choice(fields["arguments"][1])))
        if kind == "block":
            return self.arguments(fields["arguments"])
        if text(fields["name"]) == "numkeys":
            return [b"%d" % self.keys_to_come]
        if kind in ("integer", "unix-time", "double"):
            return [b"%d" % self.rng.randint(-1, 5)]
        return [b"%s%d" % (fields["name"][1], self.rng.randrange(5))]

    def mixed_case(self, word):
        return word.lower() if self.rng.random() < 0.3 else word

    def spoil(self, words):
        """Drop, add or swap a word in one of three."""
        roll = self.rng.random()
        if roll < 0.1:
            return words[:-1]
        if roll < 0.2:
            return words + [self.rng.choice([b"x", b"KEYS", b"STORE", b"STREAMS", b"2", b""])]
        if roll < 0.33 and words:
            i = self.rng.randrange(len(words))
            return words[:i] + [self.rng.choice([b"x", b"-1", b"0", b"1000000", b"GET", b"KEYS", b""])] + words[i + 1:]
        return words


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="path of hearth-server")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=40, help="requests for GETKEYS of each command")
    options = parser.parse_args()
    redis, hearth = Server(kind="redis"), Server(options.server)
    comparison = Comparison(redis, hearth, options)
    for protocol in (2, 3):
        both = Both(redis, hearth, protocol)
        common = comparison.common(both)
        comparison.compare_facts(both, common)
        comparison.compare_lists(both, common)
        comparison.compare_help(both, common)
        comparison.compare_refusals(both, common)
        comparison.compare_keys(both, common)
    print("seed %d: %d commands and subcommands, %d replies compared, %d differences" %
          (options.seed, len(common), comparison.compared, comparison.differences))
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
