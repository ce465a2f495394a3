#!/usr/bin/python3
"""Parity: the same commands to Debian's redis-server and to Hearth, replies compared byte for byte.

    run.py --server build/hearth-server [--seed N] [--commands N | --seconds S] [--family NAME ...]

Exits 0 if there is no difference outside compare.py's relaxations and known_differences.py; prints each difference with
the commands that led to it, and how to run it again.
"""
import argparse
import importlib
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import compare
import known_differences
from generate import Draw
from resp import Connection, show
from hearth import Server

FAMILIES_DIRECTORY = pathlib.Path(__file__).resolve().parent / "families"
BATCH = 50  # Commands sent at once: pipelines are part of what is compared.


class Run:
    """One family in one protocol version on a pair of servers."""

    def __init__(self, family, protocol, seed, redis, hearth):
        self.name = "%s RESP%d" % (family.__name__.split(".")[-1], protocol)
        self.family = family
        self.protocol = protocol
        self.draw = Draw(random.Random("%s %s" % (seed, self.name)))
        self.servers = (redis, hearth)
        self.history = []
        self.sent = 0
        self.distinct = set()
        self.differences = 0
        self.connect()

    def connect(self):
        self.connections = [Connection(server.port) for server in self.servers]
        for connection in self.connections:
            if self.protocol == 3:
                connection.call("HELLO", "3")
            connection.call("FLUSHALL")
        self.history.clear()

    def batch(self):
        commands = [self.family.command(self.draw) for _ in range(BATCH)]
        for connection in self.connections:
            connection.send(commands)
        for words in commands:
            replies = [connection.read() for connection in self.connections]
            self.sent += 1
            self.distinct.add(tuple(words))
            self.history.append(words)
            if not compare.equal(words, *replies) and not known_differences.is_known(words, *replies):
                self.report(words, replies)

    def report(self, words, replies):
        self.differences += 1
        print("DIFFERENCE in %s after %d commands" % (self.name, self.sent))
        print("  command: " + " ".join(repr(w)[1:] if len(w) < 80 else "<%d bytes>" % len(w) for w in words))
        print("  redis:   " + show(replies[0]))
        print("  hearth:  " + show(replies[1]))
        keys = set(words[1:3])
        related = [h for h in self.history[:-1] if keys & set(h[1:])][-4:]
        for earlier in related:
            print("    before: " + " ".join(repr(w)[1:][:60] for w in earlier))
        sys.stdout.flush()


def family_modules(names):
    found = sorted(p.stem for p in FAMILIES_DIRECTORY.glob("[a-z]*.py"))
    for name in names or found:
        yield importlib.import_module("families." + name)


def main(run_class=Run):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="path of hearth-server")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--commands", type=int, default=2000, help="of each family and protocol")
    parser.add_argument("--seconds", type=float, default=0, help="run each family and protocol this long instead")
    parser.add_argument("--family", action="append")
    parser.add_argument("--most-differences", type=int, default=20)
    options = parser.parse_args()

    redis = Server(None, "--enable-debug-command", "yes", kind="redis")
    hearth = Server(options.server, "--appendfsync", "no", "--enable-debug-command", "yes")
    total = distinct = differences = 0
    try:
        for family in family_modules(options.family):
            for protocol in (2, 3):
                run = run_class(family, protocol, options.seed, redis, hearth)
                deadline = time.monotonic() + options.seconds
                while (time.monotonic() < deadline) if options.seconds else (run.sent < options.commands):
                    run.batch()
                    if run.differences >= options.most_differences:
                        break
                for connection in run.connections:
                    connection.close()
                print("%-24s %8d commands, %8d distinct, %d differences" %
                      (run.name, run.sent, len(run.distinct), run.differences))
                total += run.sent
                distinct += len(run.distinct)
                differences += run.differences
    except EOFError:
        print("a server closed the connection; hearth said:\n" + hearth.output(2000))
        differences += 1
    finally:
        redis.destroy()
        hearth.stop()
        hearth.destroy()
    print("seed %d: %d commands, %d distinct, %d differences" % (options.seed, total, distinct, differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
