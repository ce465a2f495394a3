#!/usr/bin/python3
"""Parity of client-side caching: commands of all families one by one from a client that tracks what it reads; after
each what it, and a client that hears of all keys (BCAST), were told by redis-server and by Hearth.

    run_invalidations.py --server build/hearth-server [--seed N] [--commands N] [--family NAME ...]
"""
import sys

import run as parity
from resp import Connection, show

# Hearth tells of what Redis leaves stale: the groups of a stream, which XINFO and XPENDING show.
ONLY_HEARTH_TELLS = {b"xgroup", b"xreadgroup", b"xclaim", b"xautoclaim"}
# They end, or change, what is compared; or (SWAPDB) only Hearth tells of all keys.
NOT_CALLED = {b"client", b"hello", b"reset", b"quit", b"config", b"debug", b"shutdown", b"swapdb"}
END = b"what no command of a family answers"


def take_invalidations(connection):
    """Those that stand before ECHO's answer."""
    connection.send([["ECHO", END]])
    heard = []
    while True:
        reply = connection.read()
        if reply == (b"$", END):
            return [show(push) for push in heard if push[0] == b">"]
        heard.append(reply)


class InvalidationRun(parity.Run):
    """Compares what clients were told; that replies are right is run.py's business."""

    def connect(self):
        super().connect()
        self.watchers = []
        for server, connection in zip(self.servers, self.connections):
            connection.call("HELLO", "3")
            connection.call("CLIENT", "TRACKING", "ON")
            self.watchers.append(Connection(server.port))
            self.watchers[-1].call("HELLO", "3")
            self.watchers[-1].call("CLIENT", "TRACKING", "ON", "BCAST")

    def hear(self, words):
        heard = []
        for connection, watcher in zip(self.connections, self.watchers):
            connection.send([words])
            told = take_invalidations(connection) + ["/"] + take_invalidations(watcher)
            heard.append((b"$", " ".join(told).encode()))
        return heard

    def batch(self):
        for _ in range(parity.BATCH):
            words = self.family.command(self.draw)
            if words[0].lower() in NOT_CALLED:
                continue
            heard = self.hear(words)
            self.sent += 1
            self.distinct.add(tuple(words))
            self.history.append(words)
            if words[0].lower() in ONLY_HEARTH_TELLS:
                self.hear([b"exists"] + words)  # Tracked again by both, whatever it was.
            elif heard[0] != heard[1]:
                self.report(words, heard)
            if words[0].lower() == b"spop":
                self.hear([b"flushall"])  # What is left was chosen by chance.


if __name__ == "__main__":
    sys.exit(parity.main(InvalidationRun))
