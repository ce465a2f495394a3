#!/usr/bin/python3
"""Parity of keyspace events: commands of all families one by one, after each what subscribers of keyspace events heard
from redis-server and from Hearth, in order.

    run_events.py --server build/hearth-server [--seed N] [--commands N] [--family NAME ...]
"""
import sys

import run as parity
from resp import Connection

# All classes but misses, which run_lookups.py compares.
CLASSES = "EAn"
EVENTS = "__keyevent@*__:*"
# Keys are removed in the order of Redis' hash table, or chosen by chance.
LEFT_OUT = {b"spop", b"flushall", b"flushdb", b"swapdb", b"config", b"debug"}


def take_events(subscriber):
    """What was told since the last call: PING's answer comes after all of it."""
    heard = []
    subscriber.send([["PING"]])
    while True:
        _, message = subscriber.read()
        if message[0][1] == b"pong":
            return heard
        heard.append(message[2][1].split(b":", 1)[1] + b" " + message[3][1][:20])


class EventRun(parity.Run):
    """Compares what a command has told subscribers; that its reply is right is run.py's business."""

    def connect(self):
        super().connect()
        self.subscribers = []
        for server, connection in zip(self.servers, self.connections):
            connection.call("CONFIG", "SET", "notify-keyspace-events", CLASSES)
            self.subscribers.append(Connection(server.port))
            self.subscribers[-1].call("PSUBSCRIBE", EVENTS)

    def batch(self):
        for _ in range(parity.BATCH):
            words = self.family.command(self.draw)
            heard = []
            for connection, subscriber in zip(self.connections, self.subscribers):
                connection.call(*words)
                heard.append((b"$", b", ".join(take_events(subscriber))))
            self.sent += 1
            self.distinct.add(tuple(words))
            self.history.append(words)
            if heard[0] != heard[1] and words[0].lower() not in LEFT_OUT:
                self.report(words, heard)


if __name__ == "__main__":
    sys.exit(parity.main(EventRun))
