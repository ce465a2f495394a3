#!/usr/bin/python3
"""The tools and hearth-server: dumps beside it and of it, restored directories, exports that redis-server reads."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

from redis_case import RedisCase, fill_streams
from tool_case import BUILD

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import free_port  # noqa: E402
from tls import Certificates  # noqa: E402


def fill(client, seed=1, count=300):
    """Keys of the types that are stored, on both sides of the limits between encodings."""
    chance = random.Random(seed)

    def noise(length):
        return bytes(chance.randrange(256) for _ in range(length))

    for i in range(count):
        client("SET", f"string:{i}", noise(chance.randrange(100)))
    for i, length in enumerate((16384, 16385, 40000, 200000)):
        client("SET", f"long:{i}", noise(length))
    client("SETRANGE", "holes", 100000, "end")
    client("SET", noise(600), "long key")
    client("SET", "due", "later", "PXAT", "4102444800123")
    for items in (3, 400):
        client("RPUSH", f"list:{items}", *[noise(chance.randrange(40)) for _ in range(items)])
        client("SADD", f"set:{items}", *[b"%d" % i + noise(chance.randrange(600)) for i in range(items)])
        client("HSET", f"hash:{items}", *[word for i in range(items) for word in (b"f%d" % i, noise(30))])
        client("PEXPIREAT", f"hash:{items}", "4102444800000")
        client("ZADD", f"zset:{items}", *[word for i in range(items)
                                          for word in (chance.uniform(-1e9, 1e9), b"%d" % i + noise(i))])
    client("ZADD", "zset:ends", "inf", "a", "-inf", "b", "0", "c", "1e300", "d")
    client("LPUSH", "list:400", "first")
    fill_streams(client, chance)
    client("SELECT", 3)
    client("SET", "elsewhere", "3")
    client("SELECT", 0)


def stream_facts(client, key):
    """All of a stream but the shape of the tree that it is kept in."""
    facts = client("XINFO", "STREAM", key, "FULL", "COUNT", 0)
    return [pair for pair in zip(*[iter(facts)] * 2) if not pair[0].startswith(b"radix-tree-")]


def contents(client):
    """All that a server holds, by the commands that any server has."""
    told = {}
    for db in (0, 3):
        client("SELECT", db)
        for key in client("KEYS", "*"):
            kind = client("TYPE", key)
            value = {b"string": lambda: client("GET", key), b"list": lambda: client("LRANGE", key, 0, -1),
                     b"set": lambda: sorted(client("SMEMBERS", key)),
                     b"zset": lambda: client("ZRANGE", key, 0, -1, "WITHSCORES"),
                     b"stream": lambda: stream_facts(client, key),
                     b"hash": lambda: sorted(zip(*[iter(client("HGETALL", key))] * 2))}[kind]()
            told[db, key] = (kind, value, client("PEXPIRETIME", key))
    client("SELECT", 0)
    return told


def info(client, field):
    for line in client("INFO", "replication").decode().splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1]
    return None


class WithServer(RedisCase):
    def test_a_dump_beside_the_server_is_its_last_checkpoint(self):
        port, client = self.start_hearth(self.path("data"))
        fill(client)
        expected = contents(client)
        client("SAVE")
        client("SET", "after", "the checkpoint")
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("s.snapshot"))
        self.tool("hearth-restore", "--data-dir", self.path("copy"), self.path("s.snapshot"))
        _, copy = self.start_hearth(self.path("copy"))
        self.assertEqual(contents(copy), expected)
        self.assertEqual(info(copy, "master_replid"), info(client, "master_replid"))
        # The same directory is in use now.
        done = self.tool("hearth-restore", "--data-dir", self.path("copy"), self.path("s.snapshot"), "--force", code=2)
        self.assertIn("is in use by process", done.stderr)

    def test_a_slow_reader_does_not_hold_the_servers_data(self):
        _, client = self.start_hearth(self.path("data"))
        fill(client, count=5000)
        expected = contents(client)
        client("SAVE")
        dump = subprocess.Popen([os.path.join(BUILD, "hearth-dump"), "--data-dir", self.path("data"), "--output", "-",
                                 "--compression-level", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(dump.kill)
        too_long = threading.Timer(20, dump.kill)
        too_long.start()
        self.addCleanup(too_long.cancel)
        maps = f"/proc/{dump.pid}/maps"
        # It has said what it wrote, and waits for us: the rest is more than a pipe holds.
        dump.stderr.readline()
        deadline = time.monotonic() + 20
        while "data.mdb" in self.read(maps).decode():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertIsNone(dump.poll())
        taken, _ = dump.communicate(timeout=60)
        self.assertEqual(dump.returncode, 0)
        self.assertGreater(len(taken), 1 << 18)
        self.tool("hearth-restore", "--data-dir", self.path("copy"), "-", stdin=taken)
        _, copy = self.start_hearth(self.path("copy"))
        self.assertEqual(contents(copy), expected)

    @unittest.skipUnless(os.geteuid() == 0, "not root")
    def test_what_root_makes_in_a_directory_is_its_owners(self):
        def owners():
            return {os.lstat(os.path.join(folder, name)).st_uid for folder, folders, files in os.walk(self.path("data"))
                    for name in folders + files}

        os.chmod(self.folder, 0o755)
        port, client = self.start_hearth(self.path("data"))
        client("SET", "key", "value")
        self.stop(port)
        for folder, folders, files in os.walk(self.path("data")):
            for name in [""] + files:
                os.chown(os.path.join(folder, name), 65534, 65534)
        lock = self.path("data", "data", "lock.mdb")
        for words in (["hearth-check", self.path("data")],
                      ["hearth-dump", "--data-dir", self.path("data"), "--output", self.path("s.snapshot")]):
            if os.path.exists(lock):
                os.remove(lock)
            self.tool(*words)
            self.assertEqual(os.stat(lock).st_uid, 65534)
        self.tool("hearth-restore", "--data-dir", self.path("data"), "--force", self.path("s.snapshot"))
        self.assertEqual(owners(), {65534})
        self.assertEqual(os.stat(self.path("s.snapshot")).st_uid, 0)

    def test_a_dump_from_the_server_has_everything(self):
        port, client = self.start_hearth(self.path("data"), "--requirepass", "secret")
        client("AUTH", "secret")
        fill(client)
        expected = contents(client)
        password = self.write("password", b"secret\n")
        self.tool("hearth-dump", "--host", "127.0.0.1", "--port", port, "--password-file", password, "--output",
                  self.path("s.snapshot"))
        self.assertEqual(info(client, "connected_slaves"), "0")
        self.tool("hearth-restore", "--data-dir", self.path("copy"), self.path("s.snapshot"))
        _, copy = self.start_hearth(self.path("copy"))
        self.assertEqual(contents(copy), expected)

    def test_a_dump_over_tls(self):
        certificates = Certificates()
        self.addCleanup(certificates.own.cleanup)
        tls_port = str(free_port())
        _, client = self.start_hearth(self.path("data"), "--tls-port", tls_port, *certificates.arguments())
        fill(client)
        words = ["hearth-dump", "--host", "127.0.0.1", "--port", tls_port, "--output", self.path("s.snapshot")]
        self.tool(*words, *certificates.tool_arguments(), "--sni", "node")
        self.tool("hearth-restore", "--data-dir", self.path("copy"), self.path("s.snapshot"))
        _, copy = self.start_hearth(self.path("copy"))
        self.assertEqual(contents(copy), contents(client))
        self.tool(*words, *certificates.tool_arguments(), "--format", "rdb", "--force")
        with open(self.path("s.snapshot"), "rb") as file:
            self.assertEqual(file.read(5), b"REDIS")
        self.tool(*words, "--tls", "--insecure", *certificates.tool_arguments()[1:5], "--force")
        for arguments, reason in ((certificates.tool_arguments()[:5], "TLS: certificate verify failed"),
                                  (["--tls", "--cacert", "/nowhere"], "/nowhere")):
            done = self.tool(*words, *arguments, "--force", code=1)
            self.assertIn(reason, done.stderr)
        for arguments in (["--tls", "--cert", "x"], ["--tls", "--key", "x"]):
            self.tool(*words, *arguments, code=2)
        self.tool("hearth-dump", "--data-dir", "x", "--tls", "--output", "y", code=2)

    def test_a_restored_replica_goes_on_by_partial_sync(self):
        port, client = self.start_hearth(self.path("data"))
        fill(client)
        client("SAVE")
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("s.snapshot"))
        client("SET", "after", "the dump")
        self.tool("hearth-restore", "--data-dir", self.path("copy"), self.path("s.snapshot"))
        _, replica = self.start_hearth(self.path("copy"), "--replicaof", f"127.0.0.1 {port}")
        self.wait_for(lambda: replica("GET", "after") == b"the dump")
        self.assertEqual(contents(replica), contents(client))
        stats = client("INFO", "stats").decode()
        self.assertIn("sync_full:0", stats)
        self.assertIn("sync_partial_ok:1", stats)

    def test_a_dump_says_what_it_lacks(self):
        port, client = self.start_hearth(self.path("data"))
        client("SET", "a", "b")
        client("SAVE")
        done = self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("r.snapshot"))
        self.assertNotIn("beyond this", done.stderr)
        client("SET", "c", "d")
        done = self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("q.snapshot"))
        self.assertRegex(done.stderr, r"the log holds \d+ bytes of changes beyond this: let the server SAVE")
        self.stop(port, signal.SIGKILL)
        done = self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("s.snapshot"))
        self.assertRegex(done.stderr, r"the log holds \d+ bytes of changes beyond this")
        port, _ = self.start_hearth(self.path("data"))
        self.stop(port)
        done = self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("t.snapshot"))
        self.assertNotIn("beyond this", done.stderr)

    def test_redis_reads_an_export(self):
        port, client = self.start_hearth(self.path("data"))
        fill(client)
        expected = contents(client)
        client("SAVE")
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--format", "rdb", "--output", self.path("dump.rdb"))
        checked = subprocess.run(["redis-check-rdb", self.path("dump.rdb")], capture_output=True, timeout=30)
        self.assertIn(b"RDB looks OK", checked.stdout)
        _, redis = self.start_redis()
        self.assertEqual(contents(redis), expected)

    def test_an_rdb_file_of_redis_is_restored(self):
        _, redis = self.start_redis("--dbfilename", "dump.rdb")
        fill(redis, seed=2)
        redis("SAVE")
        self.tool("hearth-restore", "--data-dir", self.path("data"), self.path("dump.rdb"))
        _, client = self.start_hearth(self.path("data"))
        self.assertEqual(contents(client), contents(redis))
        client("SET", "more", "is written")
        _, replica = self.start_hearth(self.path("replica"), "--replicaof", f"127.0.0.1 {list(self.processes)[-1]}")
        self.wait_for(lambda: replica("GET", "more") == b"is written")
        self.assertEqual(contents(replica), contents(client))
        redis("SELECT", 15)
        redis("SET", "high", "up")
        redis("SAVE")
        done = self.tool("hearth-restore", "--data-dir", self.path("new"), "--databases", "15", self.path("dump.rdb"),
                         code=1)
        self.assertIn("database 15, key 'high'", done.stderr)
        self.assertNotIn("new", self.names())

    def test_json_lines_hold_everything(self):
        port, client = self.start_hearth(self.path("data"))
        fill(client)
        client("SAVE")
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--format", "jsonl", "--output", self.path("d.jsonl"))
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--format", "rdb", "--output", self.path("d.rdb"))
        through_rdb = self.tool("tools-sample", "rdb", self.path("d.rdb")).stdout
        self.assertEqual(self.read("d.jsonl"), through_rdb)
        told = [json.loads(line) for line in through_rdb.splitlines()]
        self.assertEqual(len(told), client("DBSIZE") + 1)

    def wait_for(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
