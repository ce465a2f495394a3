#!/usr/bin/python3
"""hearth-check: what is sound passes, what is not is named with its place."""
import glob
import os
import random
import shutil
import signal
import threading
import unittest

from redis_case import RedisCase
from test_with_server import fill


class Check(RedisCase):
    def check(self, path, code, *options):
        return self.tool("hearth-check", path, *options, code=code).stdout.decode()

    def make_directory(self, stop_signal=signal.SIGTERM, name="data"):
        """A data directory that a server has filled, checkpointed, and then written a little more to the log of."""
        port, client = self.start_hearth(self.path(name), "--log-segment-size", "1mb")
        fill(client)
        client("SAVE")
        for i in range(600):
            client("SET", f"more{i}", "x" * 5000)
        client("DEL", "list:400")
        self.stop(port, stop_signal)
        return self.path(name)

    def segments(self, directory):
        return sorted(glob.glob(os.path.join(directory, "log", "*.log")))

    def damage(self, path, at, mask=1):
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ mask]))

    def test_sound_things_pass(self):
        for name, number in (("clean", signal.SIGTERM), ("killed", signal.SIGKILL)):
            directory = self.make_directory(number, name)
            told = self.check(directory, 0)
            self.assertRegex(told, r"\d+ keys, \d+ rows of content")
            self.assertRegex(told, r"\d+ segments, \d+ records")
            self.assertEqual("the next start replays" in told, name == "killed")
            self.assertEqual(self.check(directory, 0, "--quiet"), "")
            self.check(os.path.join(directory, "data"), 0)
            self.check(os.path.join(directory, "log"), 0)
        self.tool("hearth-dump", "--data-dir", directory, "--output", self.path("s.snapshot"))
        self.assertIn("sound: snapshot", self.check(self.path("s.snapshot"), 0))
        self.tool("hearth-dump", "--data-dir", directory, "--format", "rdb", "--output", self.path("d.rdb"))
        self.assertIn("sound: RDB file", self.check(self.path("d.rdb"), 0))

    def test_a_busy_server_is_sound(self):
        port, client = self.start_hearth(self.path("data"), "--log-segment-size", "1mb", "--checkpoint-memory", "1mb",
                                         "--repl-backlog-size", "1mb")
        stopping = threading.Event()

        def write():
            chance = random.Random(1)
            while not stopping.is_set():
                for _ in range(50):
                    client("SET", f"k{chance.randrange(3000)}", "v" * chance.randrange(3000))
                    client("SADD", f"s{chance.randrange(5)}", chance.randrange(100000))
                    client("EXPIRE", f"k{chance.randrange(3000)}", 1000)
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(5):
                self.assertEqual(self.check(self.path("data"), 0, "--quiet"), "")
        finally:
            stopping.set()
            thread.join()

    def test_damage_in_the_log_is_named(self):
        directory = self.make_directory(signal.SIGKILL)
        first = self.segments(directory)[0]
        self.assertGreater(len(self.segments(directory)), 1)
        for at, text in ((100, "header is damaged"), (4096 + 10, "at byte 4096, offset"),
                         (4096 + 44 + 5, "fails its checksum"), (300000, "fails its checksum")):
            self.damage(first, at)
            told = self.check(directory, 1)
            self.assertIn(text, told)
            self.assertIn(os.path.basename(first), told)
            self.damage(first, at)
        self.check(directory, 0)
        shutil.copytree(directory, self.path("copy"))
        os.remove(self.segments(self.path("copy"))[1])
        self.assertIn("but the records before it end at", self.check(self.path("copy"), 1))

    def test_a_torn_tail_is_no_problem(self):
        directory = self.make_directory(signal.SIGKILL)
        newest = self.segments(directory)[-1]
        with open(newest, "rb") as file:
            content = file.read().rstrip(b"\0")
        self.damage(newest, len(content) - 3)
        self.assertIn("a torn tail", self.check(directory, 0))

    def test_data_and_log_that_do_not_fit_are_told(self):
        one, two = self.make_directory(name="one"), self.make_directory(name="two")
        shutil.rmtree(os.path.join(one, "log"))
        shutil.copytree(os.path.join(two, "log"), os.path.join(one, "log"))
        self.assertIn("the data is of history", self.check(one, 1))
        killed = self.make_directory(signal.SIGKILL, "killed")
        shutil.rmtree(os.path.join(killed, "log"))
        self.assertIn("there is no log", self.check(killed, 1))

    def test_damage_in_a_snapshot_is_named(self):
        directory = self.make_directory()
        self.tool("hearth-dump", "--data-dir", directory, "--output", self.path("s.snapshot"))
        self.damage(self.path("s.snapshot"), 5000)
        self.assertIn("block 0 at byte 192: checksum mismatch", self.check(self.path("s.snapshot"), 1))
        os.makedirs(os.path.join(directory, "snapshots"), exist_ok=True)
        shutil.copy(self.path("s.snapshot"), os.path.join(directory, "snapshots", "a.snapshot"))
        self.assertIn("checksum mismatch", self.check(directory, 1))

    def test_damaged_pages_never_end_the_check(self):
        """LMDB may die of these; the tool must not, and must say so."""
        directory = self.make_directory()
        path = os.path.join(directory, "data", "data.mdb")
        size = os.path.getsize(path)
        chance = random.Random(11)
        outcomes = {0: 0, 1: 0}
        with open(path, "rb") as file:
            sound = file.read()
        for _ in range(60):
            with open(path, "wb") as file:
                file.write(sound)
            for _ in range(chance.randrange(1, 4)):
                page = chance.randrange(2, size // 4096)
                self.damage(path, page * 4096 + chance.randrange(64), chance.randrange(1, 256))
            done = self.run_tool("hearth-check", directory)
            self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr.encode())
            if done.returncode == 1:
                self.assertIn(b"problem", done.stdout)
            outcomes[done.returncode] += 1
        self.assertGreater(outcomes[1], 4)  # The rest hit free pages, values, and bytes that mean nothing.
        with open(path, "wb") as file:
            file.write(sound[:size // 2])
        self.assertEqual(self.run_tool("hearth-check", directory).returncode, 1)

    def test_what_cannot_be_looked_at_is_said(self):
        os.mkdir(self.path("empty"))
        for arguments in ([], [self.path("missing")], [self.path("empty")], [self.write("text", b"hello")], ["--frob"]):
            self.assertEqual(self.run_tool("hearth-check", *arguments).returncode, 2)
        self.assertIn(b"Exit codes:", self.tool("hearth-check", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
