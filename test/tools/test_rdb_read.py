#!/usr/bin/python3
"""The RDB reader on files of redis-server: every type and encoding, told as redis-server's own commands tell it."""
import base64
import json
import random
import unittest

import old_rdb
from redis_case import RedisCase, fill, fill_streams


def plain(value):
    """A JSON string of ours as bytes."""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def number(value):
    return float(value)


class RdbRead(RedisCase):
    def check_stream(self, client, key, told):
        items = [[entry[0].decode(), entry[1]] for entry in client("XRANGE", key, "-", "+")]
        self.assertEqual([[entry[0], [plain(word) for word in entry[1]]] for entry in told["value"]], items)
        info = client("XINFO", "STREAM", key, "FULL", "COUNT", "0")
        info = dict(zip(info[::2], info[1::2]))
        self.assertEqual(told["last_id"].encode(), info[b"last-generated-id"])
        self.assertEqual(told["max_deleted_id"].encode(), info[b"max-deleted-entry-id"])
        self.assertEqual(told["entries_added"], info[b"entries-added"])
        groups = [dict(zip(group[::2], group[1::2])) for group in info[b"groups"]]
        self.assertEqual(sorted(plain(group["name"]) for group in told["groups"]),
                         sorted(group[b"name"] for group in groups))
        for group in groups:
            ours = next(one for one in told["groups"] if plain(one["name"]) == group[b"name"])
            self.assertEqual(ours["last_id"].encode(), group[b"last-delivered-id"])
            self.assertEqual(ours.get("entries_read"), group[b"entries-read"])
            pending = {entry[0]: (entry[2], entry[3]) for entry in group[b"pending"]}
            consumers = [dict(zip(one[::2], one[1::2])) for one in group[b"consumers"]]
            self.assertEqual(sorted(plain(one["name"]) for one in ours["consumers"]),
                             sorted(one[b"name"] for one in consumers))
            for consumer in consumers:
                mine = next(one for one in ours["consumers"] if plain(one["name"]) == consumer[b"name"])
                self.assertEqual(mine["seen_ms"], consumer[b"seen-time"])
                self.assertEqual([tuple(entry) for entry in mine["pending"]],
                                 [(entry[0].decode(), entry[1], entry[2]) for entry in consumer[b"pending"]])
                for entry in consumer[b"pending"]:
                    self.assertEqual(pending[entry[0]], (entry[1], entry[2]))

    def check_key(self, client, told):
        key, kind, value = plain(told["key"]), told["type"], told["value"]
        self.assertEqual(client("TYPE", key).decode(), kind)
        if kind == "string":
            self.assertEqual(plain(value), client("GET", key))
        elif kind == "list":
            self.assertEqual([plain(item) for item in value], client("LRANGE", key, 0, -1))
        elif kind == "set":
            self.assertEqual(sorted(plain(member) for member in value), sorted(client("SMEMBERS", key)))
        elif kind == "hash":
            flat = client("HGETALL", key)
            self.assertEqual(sorted((plain(pair[0]), plain(pair[1])) for pair in value),
                             sorted(zip(flat[::2], flat[1::2])))
        elif kind == "zset":
            flat = client("ZRANGE", key, 0, -1, "WITHSCORES")
            self.assertEqual(sorted((plain(pair[0]), number(pair[1])) for pair in value),
                             sorted((member, float(score)) for member, score in zip(flat[::2], flat[1::2])))
        else:
            self.check_stream(client, key, told)
        self.assertEqual(told.get("expire_at_ms", -1), client("PEXPIRETIME", key))

    def check_file(self, client, name):
        lines = self.tool("tools-sample", "rdb", self.path(name)).stdout.splitlines()
        counts = {}
        for line in lines:
            told = json.loads(line)
            if counts.get(told["db"], 0) == 0:
                client("SELECT", told["db"])
            counts[told["db"]] = counts.get(told["db"], 0) + 1
            self.check_key(client, told)
        for db, count in counts.items():
            client("SELECT", db)
            self.assertEqual(client("DBSIZE"), count)
        self.assertEqual(sorted(counts), [0, 5])

    def test_every_encoding_is_told_as_redis_tells_it(self):
        for name, options in (("small.rdb", ()), ("plain.rdb", ("--rdbcompression", "no")),
                              ("unchecked.rdb", ("--rdbchecksum", "no")),
                              ("wide.rdb", ("--list-max-listpack-size", "3", "--hash-max-listpack-entries", "1",
                                            "--zset-max-listpack-entries", "1", "--set-max-intset-entries", "1",
                                            "--stream-node-max-entries", "7"))):
            with self.subTest(name=name):
                _, client = self.start_redis("--dbfilename", name, *options)
                fill(client, 7)
                client("SAVE")
                self.check_file(client, name)

    def test_every_cut_and_many_flips_are_refused_or_read_without_a_crash(self):
        _, client = self.start_redis("--dbfilename", "s.rdb", "--rdbcompression", "no")
        fill_streams(client, random.Random(3))
        client("RPUSH", "list", "a", "b")
        client("SAVE")
        content = self.read("s.rdb")
        for length in list(range(0, len(content), 97)) + [len(content) - 1]:
            done = self.run_tool("tools-sample", "rdb", self.write("cut", content[:length]))
            self.assertEqual(done.returncode, 1)
            self.assertIn("the file ends too early", done.stderr)
        chance = random.Random(5)
        for _ in range(60):
            at = chance.randrange(len(content))
            flipped = content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1:]
            done = self.run_tool("tools-sample", "rdb", self.write("flip", flipped))
            self.assertEqual(done.returncode, 1, at)
            self.assertRegex(done.stderr, "^(corrupt|unsupported|too big)")

    def test_old_encodings_are_told_as_redis_reads_them(self):
        values = old_rdb.old_values()
        self.write("old.rdb", old_rdb.file(9, values))
        _, client = self.start_redis("--dbfilename", "old.rdb", "--enable-debug-command", "yes")
        self.assertEqual(client("DBSIZE"), len(values))
        lines = self.tool("tools-sample", "rdb", self.path("old.rdb")).stdout.splitlines()
        self.assertEqual(len(lines), len(values))
        for line in lines:
            self.check_key(client, json.loads(line))

    def test_files_of_old_and_new_versions_are_read(self):
        for version in (1, 4, 5, 6, 11):
            self.write("s.rdb", old_rdb.file(version, old_rdb.old_values()))
            self.assertEqual(len(self.tool("tools-sample", "rdb", self.path("s.rdb")).stdout.splitlines()), 8)
        self.write("s.rdb", old_rdb.file(12, []))
        self.assertIn("RDB version 12", self.tool("tools-sample", "rdb", self.path("s.rdb"), code=1).stderr)
        self.write("s.rdb", old_rdb.file(11, [(b"s", 20, old_rdb.string(old_rdb.listpack([b"a", 5, b"b" * 70])))]))
        told = json.loads(self.tool("tools-sample", "rdb", self.path("s.rdb")).stdout)
        self.assertEqual(told, {"db": 0, "key": "s", "type": "set", "value": ["a", "5", "b" * 70]})

    def test_the_stream_of_redis_7_2_is_read(self):
        item = old_rdb.listpack([1, 0, 1, b"f", 0, 2, 0, 0, b"v", 4])
        one = (7).to_bytes(8, "big") + (1).to_bytes(8, "big")
        body = (old_rdb.length(1) + old_rdb.string(one) + old_rdb.string(item) +
                bytes([1, 7, 1, 7, 1, 0, 0, 1]) +                    # length, last, first, max deleted, added
                bytes([1]) + old_rdb.string(b"g") + bytes([7, 1, 1]) +  # one group: last id, entries read
                bytes([1]) + one + (1234).to_bytes(8, "little") + bytes([3]) +
                bytes([1]) + old_rdb.string(b"c") + (50).to_bytes(8, "little") + (60).to_bytes(8, "little") +
                bytes([1]) + one)
        self.write("s.rdb", old_rdb.file(11, [(b"s", 21, body)]))
        told = json.loads(self.tool("tools-sample", "rdb", self.path("s.rdb")).stdout)
        self.assertEqual(told["value"], [["7-1", ["f", "v"]]])
        self.assertEqual(told["groups"], [{"name": "g", "last_id": "7-1", "entries_read": 1, "consumers": [
            {"name": "c", "seen_ms": 50, "active_ms": 60, "pending": [["7-1", 1234, 3]]}]}])

    def test_libraries_of_functions_are_read(self):
        code = "#!lua name=mine\nredis.register_function('f', function() return 1 end)"
        _, client = self.start_redis("--dbfilename", "s.rdb")
        client("FUNCTION", "LOAD", code)
        client("SAVE")
        told = json.loads(self.tool("tools-sample", "rdb", self.path("s.rdb")).stdout)
        self.assertEqual(told, {"library": code})


if __name__ == "__main__":
    unittest.main()
