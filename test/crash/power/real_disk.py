#!/usr/bin/python3
"""Power cuts of a real ext4: what models of a disk may have left out, its own journal shows.

    real_disk.py SERVER [--cuts 4] [--seed N]

A file system in a file is shut down in the middle of a load, without a flush of its journal: each later call fails, and
what was not synced is gone. Mounted again, it has replayed its journal, and the server must have all it acknowledged.
Needs root, loop devices and mkfs.ext4; ends with 77, skipped, where they are not there.
"""
import argparse
import fcntl
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hearth  # noqa: E402
import replication  # noqa: E402
import workload  # noqa: E402
from scenario import SMALL, run_tool  # noqa: E402

SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_JOURNAL = 2     # EXT4_GOING_FLAGS_NOLOGFLUSH
SKIPPED = 77
SIZE_MIB = 96


class Disk:
    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix="hearth-real-disk-")
        self.image = os.path.join(self.scratch, "image")
        self.path = os.path.join(self.scratch, "mounted")
        os.mkdir(self.path)
        try:
            with open(self.image, "wb") as file:
                file.truncate(SIZE_MIB << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, capture_output=True)
            self.mount()
        except (OSError, subprocess.CalledProcessError):
            self.remove()
            raise

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True, capture_output=True)

    def unmount(self):
        hearth.wait_until(lambda: subprocess.run(["umount", self.path], capture_output=True).returncode == 0,
                          "nobody to use the disk")

    def cut(self):
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUT_DOWN, struct.pack("I", WITHOUT_JOURNAL))
        finally:
            os.close(fd)

    def remove(self):
        subprocess.run(["umount", "-l", self.path], capture_output=True)
        shutil.rmtree(self.scratch, ignore_errors=True)


class Writer(threading.Thread):
    """Writes until the server goes away; the model knows what was sent, the load's count what was acknowledged."""

    def __init__(self, server, steps, seed):
        super().__init__(daemon=True)
        self.server = server
        self.workload = steps
        self.acknowledged = len(steps.model.changes)
        self.draw = random.Random("pauses %s" % seed)

    def run(self):
        try:
            with self.server.client() as client:
                load = workload.Load(client, None, self.workload, (None, None))
                load.count = self.acknowledged
                client.call("SELECT", self.workload.db)
                while True:
                    try:
                        load.run(20)
                        if self.draw.random() < 0.3:
                            client.call("BGSAVE")
                    except hearth.ReplyError:
                        pass  # One runs already.
                    finally:
                        self.acknowledged = load.count
        except (OSError, EOFError, AssertionError):
            pass  # Refused or gone: the power is.


def look(server, model, least):
    """How many steps are there."""
    server.start()
    found = replication.dataset(server, (0, 1))
    count = workload.matching_prefix(model.changes, least, len(model.changes), found)
    assert count is not None, "%d to %d steps may be there; %s" % (
        least, len(model.changes), workload.describe_difference(model.changes, least, found))
    server.kill()
    return count


def try_one(binary, seed):
    """How many steps were acknowledged, and how many are there."""
    disk = Disk()
    draw = random.Random("real disk %d" % seed)
    server = hearth.Server(binary, *SMALL, folder=disk.scratch, start=False)
    server.command = lambda: [server.binary, "--port", str(server.port), "--data-dir", os.path.join(disk.path, "data")]
    steps = workload.Workload("real disk %d" % seed)
    try:
        server.start()
        writer = Writer(server, steps, seed)
        writer.start()
        time.sleep(draw.uniform(0.05, 1.5))
        disk.cut()
        writer.join(30)
        server.kill()
        assert not writer.is_alive()
        disk.unmount()
        disk.mount()
        time.sleep(workload.SHORT_MS / 1000)
        count = look(server, steps.model, writer.acknowledged)
        assert look(server, steps.model, count) == count
        code, said = run_tool(binary, "hearth-check", os.path.join(disk.path, "data"))
        assert code == 0, "hearth-check: %s" % said
        return writer.acknowledged, count
    finally:
        server.destroy()
        disk.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--cuts", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        disk = Disk()
        disk.cut()
        disk.remove()
    except (OSError, subprocess.CalledProcessError) as error:
        print("skipped: no ext4 can be made and shut down here (%s)" % error)
        sys.exit(SKIPPED)
    failed = 0
    for seed in range(options.seed, options.seed + options.cuts):
        try:
            print("ok   seed %d: %d steps acknowledged, %d there" % ((seed,) + try_one(options.server, seed)))
        except Exception as error:
            failed += 1
            print("FAIL seed %d: %s: %s" % (seed, type(error).__name__, error))
        sys.stdout.flush()
    print("%d passed, %d failed" % (options.cuts - failed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
