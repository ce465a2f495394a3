#!/usr/bin/python3
"""hearth-dump and hearth-restore between data directories, files and pipes."""
import os
import signal
import subprocess
import time
import unittest

from tool_case import BUILD, ToolCase


class DumpRestore(ToolCase):
    def dump(self, directory, name="s.snapshot", *options, code=0):
        return self.tool("hearth-dump", "--data-dir", directory, "--output", self.path(name), *options, code=code)

    def restore(self, name, directory, *options, code=0):
        return self.tool("hearth-restore", "--data-dir", self.path(directory), self.path(name), *options, code=code)

    def test_a_restored_directory_equals_the_dumped_one(self):
        source = self.make_data("source")
        for level in ("0", "1", "9"):
            with self.subTest(level=level):
                self.dump(source, f"{level}.snapshot", "--compression-level", level, "--threads", "3")
                self.restore(f"{level}.snapshot", f"copy{level}")
                self.assertEqual(self.digest(self.path(f"copy{level}")), self.digest(source))
                self.assertEqual(self.names(f"copy{level}"), ["data", "lock", "log"])
        self.assertNotIn("0.snapshot.part", self.names())

    def test_they_work_through_pipes(self):
        source = self.make_data("source")
        stream = self.tool("hearth-dump", "--data-dir", source, "--output", "-").stdout
        self.assertTrue(stream.startswith(b"HEARTHSN"))
        self.tool("hearth-restore", "--data-dir", self.path("copy"), "-", stdin=stream)
        self.assertEqual(self.digest(self.path("copy")), self.digest(source))

    def test_dump_replaces_a_file_only_by_force(self):
        source = self.make_data("source")
        self.write("s.snapshot", b"precious")
        done = self.dump(source, code=2)
        self.assertIn("--force", done.stderr)
        self.assertEqual(self.read("s.snapshot"), b"precious")
        self.assertEqual(self.names(), ["s.snapshot", "source"])
        self.dump(source, "s.snapshot", "--force")
        self.restore("s.snapshot", "copy")

    def test_restore_leaves_a_directory_with_anything_in_it_alone(self):
        source = self.make_data("source")
        other = self.make_data("other", 10, 2)
        self.dump(source)
        before = self.digest(other)
        done = self.restore("s.snapshot", "other", code=2)
        self.assertIn("holds Hearth data", done.stderr)
        self.assertEqual(self.digest(other), before)
        os.mkdir(self.path("photos"))
        self.write("photos/cat", b"")
        self.restore("s.snapshot", "photos", code=2)
        self.assertEqual(self.names("photos"), ["cat"])

    def test_restore_by_force_replaces_data_and_log_and_nothing_else(self):
        source = self.make_data("source")
        other = self.make_data("other", 10, 2)
        os.mkdir(self.path("other", "log"))
        self.write("other/log/00000000000000000000.log", b"old")
        self.write("other/hearth.auto.conf", b"mine")
        self.dump(source)
        self.restore("s.snapshot", "other", "--force")
        self.assertEqual(self.digest(other), self.digest(source))
        self.assertEqual(self.names("other"), ["data", "hearth.auto.conf", "lock", "log"])
        self.assertNotEqual(self.read("other/log/" + self.names("other", "log")[0]), b"old")

    def test_a_damaged_snapshot_changes_nothing(self):
        source = self.make_data("source")
        other = self.make_data("other", 10, 2)
        self.dump(source)
        content = self.read("s.snapshot")
        before = self.digest(other)
        for at in (3, 100, 5000, len(content) - 20):
            self.write("bad", content[:at] + bytes([content[at] ^ 4]) + content[at + 1:])
            done = self.restore("bad", "other", "--force", code=1)
            self.assertEqual(self.digest(other), before)
            self.restore("bad", "new", code=1)
            self.assertFalse(os.path.exists(self.path("new")))
        self.write("bad", content[:5000])
        done = self.restore("bad", "new", code=1)
        self.assertIn("the file ends at byte 5000, inside block 0", done.stderr)
        self.assertFalse(os.path.exists(self.path("new")))

    def test_what_was_left_by_a_dead_tool_is_no_hindrance(self):
        source = self.make_data("source")
        self.write("s.snapshot.part", b"half")
        self.dump(source)
        os.makedirs(self.path("copy", "incoming", "restore"))
        self.write("copy/incoming/restore/data.mdb", b"half")
        self.restore("s.snapshot", "copy")
        self.assertEqual(self.digest(self.path("copy")), self.digest(source))

    def test_an_interrupt_leaves_nothing(self):
        source = self.make_data("source", 200000)
        process = subprocess.Popen([os.path.join(BUILD, "hearth-dump"), "--data-dir", source, "--output",
                                    self.path("s.snapshot"), "--compression-level", "9"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.path("s.snapshot.part")) and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        message = process.communicate(timeout=20)[1].decode()
        self.assertEqual(process.returncode, 1, message)
        self.assertIn("interrupted", message)
        self.assertEqual(self.names(), ["source"])

    def test_two_dumps_into_one_file_do_not_mix(self):
        source = self.make_data("source", 200000)
        first = subprocess.Popen([os.path.join(BUILD, "hearth-dump"), "--data-dir", source, "--output",
                                  self.path("s.snapshot"), "--quiet"])
        deadline = time.monotonic() + 20
        while not os.path.exists(self.path("s.snapshot.part")) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)
        done = self.run_tool("hearth-dump", "--data-dir", source, "--output", self.path("s.snapshot"))
        self.assertEqual(first.wait(timeout=30), 0)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.restore("s.snapshot", "copy")

    def test_no_data_and_wrong_command_lines_are_said_so(self):
        os.mkdir(self.path("empty"))
        self.assertIn("holds no Hearth data", self.dump(self.path("empty"), code=1).stderr)
        self.assertEqual(self.names(), ["empty"])
        self.dump(self.path("missing"), code=1)
        for arguments in (["--output", "x"], ["--data-dir", "a", "--host", "b", "--output", "x"],
                          ["--data-dir", "a"], ["--data-dir", "a", "--output", "x", "--threads", "0"],
                          ["--data-dir", "a", "--output", "x", "stray"], ["--frob"], ["--output"],
                          ["--data-dir", "a", "--output", "x", "--force=yes"]):
            self.tool("hearth-dump", *arguments, code=2)
        self.tool("hearth-restore", "x", code=2)
        self.tool("hearth-restore", "--data-dir", self.path("new"), code=2)
        self.tool("hearth-restore", "--data-dir", self.path("new"), self.path("missing"), code=2)
        self.write("text", b"hello, world, this is no snapshot at all")
        self.assertIn("neither a Hearth snapshot nor an RDB file", self.restore("text", "new", code=1).stderr)
        self.assertFalse(os.path.exists(self.path("new")))
        for tool in ("hearth-dump", "hearth-restore"):
            self.assertIn(b"Exit codes:", self.tool(tool, "--help").stdout)
            self.tool(tool, "--version")


if __name__ == "__main__":
    unittest.main()
