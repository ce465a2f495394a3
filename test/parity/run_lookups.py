#!/usr/bin/python3
"""Parity of what INFO counts as reads of keys, and of keymiss events: commands of all families one by one, after each
keyspace_hits and keyspace_misses of redis-server and of Hearth, and the keys that were told as missed.

    run_lookups.py --server build/hearth-server [--seed N] [--commands N] [--family NAME ...]
"""
import sys

import run as parity
from resp import Connection

MISSES = "__keyevent@*__:keymiss"
# Redis looks keys up through its hash table alone, or chooses among them by chance.
LEFT_OUT = {b"randomkey", b"scan", b"memory", b"debug", b"info", b"config"}
# Redis counts its misses and tells nobody, in scripts, too.
SILENT = b"object"
# Redis weighs the members of sorted sets and sets in the order of its hash tables.
UNORDERED = {b"sort", b"sort_ro"}


def take_misses(subscriber):
    """The keys told as missed since the last call: PING's answer comes after all of them."""
    heard = []
    subscriber.send([["PING"]])
    while True:
        _, message = subscriber.read()
        if message[0][1] == b"pong":
            return heard
        heard.append(message[3][1])


class LookupRun(parity.Run):
    """Compares what a command has counted; that its reply is right is run.py's business."""

    def connect(self):
        super().connect()
        self.subscribers = []
        for server, connection in zip(self.servers, self.connections):
            connection.call("CONFIG", "SET", "notify-keyspace-events", "Em")
            self.subscribers.append(Connection(server.port))
            self.subscribers[-1].call("PSUBSCRIBE", MISSES)
        self.counts = [self.count(connection) for connection in self.connections]

    @staticmethod
    def count(connection):
        text = connection.call("INFO", "stats")[1].decode()
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return int(fields["keyspace_hits"]), int(fields["keyspace_misses"])

    def batch(self):
        for _ in range(parity.BATCH):
            words = self.family.command(self.draw)
            heard = []
            for i, connection in enumerate(self.connections):
                connection.call(*words)
                before, self.counts[i] = self.counts[i], self.count(connection)
                hits, misses = (now - then for now, then in zip(self.counts[i], before))
                missed = take_misses(self.subscribers[i])
                if SILENT in b" ".join(words).lower():
                    missed = []
                if words[0].lower() in UNORDERED:
                    missed.sort()
                heard.append((b"$", b"hits %d, misses %d: %s" % (hits, misses, b" ".join(missed))))
            self.sent += 1
            self.distinct.add(tuple(words))
            self.history.append(words)
            if heard[0] != heard[1] and words[0].lower() not in LEFT_OUT:
                self.report(words, heard)


if __name__ == "__main__":
    sys.exit(parity.main(LookupRun))
