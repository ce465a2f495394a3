#!/usr/bin/python3
"""hearth-restore to a point: a snapshot, the segments after it, and where to stop."""
import glob
import os
import shutil
import signal
import tempfile
import time
import unittest

from redis_case import RedisCase


class RestoreToPoint(RedisCase):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("archive"))
        self.port, self.client = self.start_hearth(
            self.path("data"), "--log-segment-size", "1mb", "--log-archive-dir", self.path("archive"),
            "--repl-backlog-size", "1mb")
        self.client("SET", "counter", 0)
        self.client("SAVE")
        self.tool("hearth-dump", "--data-dir", self.path("data"), "--output", self.path("s.snapshot"))
        self.points = []  # (offset, time in ms, counter) after a change each.

    def info(self, client, field):
        text = client("INFO", "replication").decode()
        return next(line.split(":", 1)[1] for line in text.splitlines() if line.startswith(field + ":"))

    def write(self, count=400, size=10000):
        for i in range(1, count + 1):
            self.client("MULTI")
            self.client("INCR", "counter")
            self.client("SET", f"filler{i}", "x" * size)
            self.client("EXEC")
            if i % 50 == 0:
                self.client("SAVE")
            if i % 20 == 0:
                time.sleep(0.003)
                self.points.append((int(self.info(self.client, "master_repl_offset")), time.time_ns() // 1000000, i))
                time.sleep(0.003)

    def restore(self, name, *options, code=0):
        return self.tool("hearth-restore", "--data-dir", self.path(name), self.path("s.snapshot"), "--log-dir",
                         self.path("data", "log"), "--archive", self.path("archive"), *options, code=code)

    def counter(self, name):
        port, client = self.start_hearth(self.path(name))
        value = int(client("GET", "counter"))
        self.assertEqual(client("DBSIZE"), value + 1)
        self.stop(port)
        return value

    def archived(self):
        return sorted(glob.glob(self.path("archive", "*.log")))

    def wait_for_archive(self):
        """Segments are let go on the server's ticks, once a checkpoint has passed them."""
        deadline = time.monotonic() + 30
        while len(self.archived()) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_each_point_is_reached_exactly(self):
        self.write()
        self.wait_for_archive()
        self.stop(self.port)
        self.restore("all")
        self.assertEqual(self.counter("all"), 400)
        for index in (0, 7, 13, len(self.points) - 1):
            offset, wall_ms, value = self.points[index]
            self.restore(f"offset{index}", "--to-offset", str(offset))
            self.assertEqual(self.counter(f"offset{index}"), value)
            self.restore(f"time{index}", "--to-time", str(wall_ms))
            self.assertEqual(self.counter(f"time{index}"), value)
        # The same time as people write it.
        offset, wall_ms, value = self.points[7]
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall_ms // 1000)) + ".%03dZ" % (wall_ms % 1000)
        self.restore("text", "--to-time", text)
        self.assertEqual(self.counter("text"), value)
        # Inside of a change: the one before it.
        self.restore("inside", "--to-offset", str(self.points[3][0] - 1))
        self.assertEqual(self.counter("inside"), self.points[3][2] - 1)

    def test_it_is_a_history_of_its_own(self):
        self.write(60)
        offset = self.points[1][0]
        self.restore("copy", "--to-offset", str(offset))
        _, copy = self.start_hearth(self.path("copy"))
        self.assertNotEqual(self.info(copy, "master_replid"), self.info(self.client, "master_replid"))
        self.assertEqual(self.info(copy, "master_replid2"), self.info(self.client, "master_replid"))
        self.assertEqual(int(self.info(copy, "second_repl_offset")), offset + 1)
        self.tool("hearth-check", self.path("copy"))

    def test_the_snapshots_own_point_needs_nothing_of_the_log(self):
        offset = int(self.info(self.client, "master_repl_offset"))
        self.write(20)
        self.restore("copy", "--to-offset", str(offset))
        self.assertEqual(self.counter("copy"), 0)

    def test_a_point_may_lie_in_a_later_history_and_database(self):
        self.write(20)
        self.client("SELECT", 3)
        self.client("SET", "elsewhere", "1")
        replid = self.info(self.client, "master_replid")
        self.client("REPLICAOF", "127.0.0.1", "1")
        self.client("REPLICAOF", "NO", "ONE")  # A promotion: a new history begins.
        self.assertNotEqual(self.info(self.client, "master_replid"), replid)
        self.client("SET", "elsewhere", "2")
        offset = self.info(self.client, "master_repl_offset")
        self.client("SET", "elsewhere", "3")
        self.stop(self.port)
        self.restore("copy", "--to-offset", offset)
        port, client = self.start_hearth(self.path("copy"))
        client("SELECT", 3)
        self.assertEqual(client("GET", "elsewhere"), b"2")
        client("SELECT", 0)
        self.assertEqual(client("GET", "counter"), b"20")
        self.stop(port)

    @unittest.skipUnless(os.access("/dev/shm", os.W_OK), "no other file system")
    def test_the_archive_may_be_on_another_file_system(self):
        archive = tempfile.mkdtemp(prefix="hearth-archive-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, archive, ignore_errors=True)
        self.stop(self.port)
        os.rmdir(self.path("archive"))
        os.symlink(archive, self.path("archive"))
        self.port, self.client = self.start_hearth(
            self.path("data"), "--log-segment-size", "1mb", "--log-archive-dir", self.path("archive"),
            "--repl-backlog-size", "1mb")
        self.write()
        self.wait_for_archive()
        self.stop(self.port)
        self.restore("all")
        self.assertEqual(self.counter("all"), 400)

    def test_after_kill_the_torn_end_is_the_end(self):
        self.write(60)
        self.stop(self.port, signal.SIGKILL)
        self.restore("copy")
        self.assertEqual(self.counter("copy"), 60)

    def test_what_is_missing_or_does_not_fit_is_said(self):
        self.write()
        self.wait_for_archive()
        self.stop(self.port)
        middle = self.archived()[1]
        os.rename(middle, self.path("away"))
        done = self.restore("new", code=1)
        self.assertIn("but what is before it ends at", done.stderr)
        self.assertNotIn("new", self.names())
        os.rename(self.path("away"), middle)
        first = self.archived()[0]
        os.rename(first, self.path("away"))
        done = self.restore("new", code=1)
        self.assertIn("no segment holds offset", done.stderr)
        os.rename(self.path("away"), first)
        self.tool("hearth-restore", "--data-dir", self.path("new"), self.path("s.snapshot"), "--to-offset", "5", code=2)
        self.restore("new", "--to-time", "yesterday", code=2)
        done = self.restore("new", "--to-offset", "1", code=1)
        self.assertIn("an older one is needed", done.stderr)
        done = self.restore("new", "--to-time", "2020-01-01 00:00:00", code=1)
        self.assertIn("an older one is needed", done.stderr)
        with open(middle, "r+b") as file:
            file.seek(5000)
            file.write(b"\xff\xff")
        done = self.restore("new", code=1)
        self.assertIn("cannot be read to its end: corrupt", done.stderr)
        # Another server's log, with the same offsets and other content.
        port, client = self.start_hearth(self.path("other"))
        client("SET", "counter", 7)
        for i in range(50):
            client("SET", f"filler{i}", "y" * 5000)
        self.stop(port)
        done = self.tool("hearth-restore", "--data-dir", self.path("new"), self.path("s.snapshot"), "--log-dir",
                         self.path("other", "log"), code=1)
        self.assertRegex(done.stderr, "does not open|not that of the snapshot")
        self.assertNotIn("new", self.names())


if __name__ == "__main__":
    unittest.main()
