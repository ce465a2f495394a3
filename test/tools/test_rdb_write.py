#!/usr/bin/python3
"""The RDB writer's files in redis-server: it loads them, and holds what the file's origin held."""
import os
import subprocess
import unittest

from redis_case import RedisCase, fill


# How the nodes are cut is the writer's affair.
NODES = (b"radix-tree-keys", b"radix-tree-nodes")
# RDB version 9 has no place for these; redis-server guesses them.
GUESSES = (b"entries-added", b"entries-read", b"max-deleted-entry-id", b"lag", b"recorded-first-entry-id")


def without(told, names):
    """Leave the values of these names out of XINFO's nested lists."""
    if not isinstance(told, (list, tuple)):
        return told
    kept = []
    skip = False
    for item in told:
        if skip or item in names:
            skip = not skip
        else:
            kept.append(without(item, names))
    return kept


class RdbWrite(RedisCase):
    def summary(self, client):
        """What a server says of all its data: the digest of every value, expiries, and all of the streams."""
        told = []
        for db in (0, 5):
            client("SELECT", db)
            for key in sorted(client("KEYS", "*")):
                told.append((db, key, client("DEBUG", "DIGEST-VALUE", key), client("PEXPIRETIME", key)))
                if client("TYPE", key) == b"stream":
                    told.append(client("XINFO", "STREAM", key, "FULL", "COUNT", "0"))
        return told

    def test_redis_loads_what_we_wrote_and_holds_the_same(self):
        _, first = self.start_redis("--dbfilename", "first.rdb", "--enable-debug-command", "yes")
        fill(first, 11)
        first("SAVE")
        origin = without(self.summary(first), NODES)
        for version in ("9", "10"):
            os.mkdir(self.path(version))
            name = os.path.join(version, "copy.rdb")
            self.tool("tools-sample", "copy-rdb", self.path("first.rdb"), self.path(name), version)
            checked = subprocess.run(["redis-check-rdb", self.path(name)], capture_output=True, timeout=30)
            self.assertIn(b"RDB looks OK", checked.stdout)
            self.assertIn(b"Checksum OK", checked.stdout)
            self.assertEqual(self.read(name)[:9], b"REDIS%04d" % int(version))
            _, second = self.start_redis("--dbfilename", "copy.rdb", "--enable-debug-command", "yes",
                                         files=self.path(version))
            copy = without(self.summary(second), NODES)
            if version == "9":
                self.assertEqual(without(copy, GUESSES), without(origin, GUESSES))
            else:
                self.assertEqual(copy, origin)

    def test_reading_and_writing_again_changes_nothing(self):
        _, first = self.start_redis("--dbfilename", "first.rdb")
        fill(first, 12)
        first("SAVE")
        self.tool("tools-sample", "copy-rdb", self.path("first.rdb"), self.path("second.rdb"), "10")
        self.tool("tools-sample", "copy-rdb", self.path("second.rdb"), self.path("third.rdb"), "10")
        self.assertEqual(self.read("second.rdb"), self.read("third.rdb"))


if __name__ == "__main__":
    unittest.main()
