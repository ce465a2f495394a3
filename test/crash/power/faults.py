#!/usr/bin/python3
"""The n-th call on the disk fails, for n = 1, 2, ... until none does: of the log, of LMDB, of the configuration.

    faults.py SERVER RECORDER [--every 7] [--seed N] [--only NAME]

One server each, under a short load with checkpoints. It may refuse writes, or end with exit code 1 and a reason, never by
a signal; and the next start, on a disk that works again, must find all that was acknowledged, nothing that was refused,
and hearth-check nothing. Each 7th n is tried; --every 1 tries all.
"""
import argparse
import concurrent.futures
import errno
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hearth  # noqa: E402
import replication  # noqa: E402
import workload  # noqa: E402
from scenario import SMALL, own_port, run_tool  # noqa: E402

WORKERS = 3
MET = "recorder: the fault is met"
SPARE = "cannot make a spare segment"  # Which holds nothing yet, and is made anew.

# What has failed for good must not be tried again, though it would work: these end the server.
ENDS = ("EIO of LMDB's syncs", "EIO of the log's syncs", "ENOSPC of the log's syncs")

# Name: call, path, error, mode.
SWEEPS = {
    "EIO once": ("any", "data/", errno.EIO, "once"),
    "EIO for ever": ("any", "data/", errno.EIO, "ever"),
    "ENOSPC once": ("any", "data/", errno.ENOSPC, "once"),
    "ENOSPC for ever": ("any", "data/", errno.ENOSPC, "ever"),
    "short write to the log": ("write", "data/log/", errno.ENOSPC, "short"),
    "short write to LMDB": ("write", "data/data/", errno.ENOSPC, "short"),
    "EIO of LMDB's syncs": ("sync", "data/data/", errno.EIO, "once"),
    "EIO of the log's syncs": ("sync", "data/log/", errno.EIO, "once"),
    "ENOSPC of the log's syncs": ("sync", "data/log/", errno.ENOSPC, "once"),
}


class Node:
    """One server with one fault, and the model of what it acknowledged."""

    def __init__(self, options, name, order):
        self.options = options
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="hearth-faults-",
                                       dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        with open(os.path.join(self.folder, "hearth.conf"), "w") as file:
            file.write("slowlog-max-len 100\n")
        self.load = workload.Workload("faults %d" % options.seed, most_bytes=20000)
        self.uncertain = False  # The last step of the model was sent, and never answered.
        self.server = hearth.Server(options.server, *SMALL, folder=self.folder, port=own_port(), start=False)
        path = os.path.join(self.folder, "hearth.conf")
        self.server.command = lambda: [self.server.binary, path, "--port", str(self.server.port), "--data-dir",
                                       self.server.data]
        self.environment = {"LD_PRELOAD": os.path.abspath(options.recorder), "HEARTH_TRACE": "/dev/null",
                            "HEARTH_TRACE_ROOT": self.folder, "HEARTH_FAULT": " ".join(str(word) for word in order)}

    def destroy(self):
        self.server.destroy()
        shutil.rmtree(self.folder, ignore_errors=True)

    def live(self):
        """Start, write, end; whether the fault was met."""
        try:
            self.server.start(env=self.environment)
            with self.server.client() as client:
                self.write(client)
        except (AssertionError, OSError, EOFError):
            pass  # It has ended: judged below.
        try:
            code = self.server.stop()
        finally:
            output = self.server.output(100000)
        # At the end there is nothing more to acknowledge: the next start replays the log, or looks more closely at it.
        must_end = self.name in ENDS and MET in output.split("received SIGTERM")[0] and SPARE not in output
        assert code in ((1,) if must_end else (0, 1)), "it ended with %d: %s" % (code, output[-600:])
        return MET in output

    def write(self, client):
        for number in range(60):
            if number % 15 == 14:
                self.disturb(client, number)
            self.step(client)

    def step(self, client):
        """One step, of which the model keeps what was acknowledged."""
        model = self.load.model
        before = dict(model.data)
        commands = self.load.step()
        self.uncertain = True
        replies = client.pipeline(commands)
        self.uncertain = False
        if isinstance(replies[-1], Exception) and commands[-1][0] != b"RENAME":
            assert str(replies[-1]).startswith(("MISCONF", "EXECABORT")), replies[-1]
            model.changes.pop()
            model.data = before

    @staticmethod
    def disturb(client, number):
        for words in (("CONFIG", "SET", "slowlog-max-len", number), ("CONFIG", "REWRITE"), ("REPLICAOF", "NO", "ONE"),
                      ("SAVE",)):
            try:
                client.call(*words)
            except hearth.ReplyError:
                pass  # It may fail, with words.

    def check(self):
        """On a disk that works again."""
        changes = self.load.model.changes
        time.sleep(workload.SHORT_MS / 1000)  # Until what is there for a short time has gone.
        for _ in range(2):
            self.server.start(env={"LD_PRELOAD": ""})
            found = replication.dataset(self.server, (0, 1))
            count = workload.matching_prefix(changes, len(changes) - self.uncertain, len(changes), found)
            assert count is not None, workload.describe_difference(changes, len(changes), found)
            self.server.kill()
        code, said = run_tool(self.options.server, "hearth-check", self.server.data)
        assert code == 0, "hearth-check: %s" % said


def try_one(options, name, order):
    """(whether the fault was met, what went wrong or None)."""
    node = Node(options, name, order)
    try:
        met = node.live()
        node.check()
        return met, None
    except Exception as error:
        return True, "%s: %s: %s" % (" ".join(str(word) for word in order), type(error).__name__, error)
    finally:
        node.destroy()


def sweep(options, name):
    """All n of one kind, or each so many; whether all went well."""
    call, path, number, mode = SWEEPS[name]
    begin = time.monotonic()
    tried, missed, failures = 0, 0, []
    nth = 1 + options.seed % options.every
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        while missed < WORKERS:  # Threads interleave as it comes, so that one run may have a call more than the next.
            orders = [(call, path, nth + i * options.every, number, mode) for i in range(2 * WORKERS)]
            nth += 2 * WORKERS * options.every
            for met, failure in pool.map(lambda order: try_one(options, name, order), orders):
                tried += met
                missed += not met
                if failure:
                    failures.append(failure)
    print("%-4s %s: %d faults, %d failed, %.1f s" % ("FAIL" if failures else "ok", name, tried, len(failures),
                                                     time.monotonic() - begin))
    for failure in failures[:4]:
        print("     " + failure[:1500])
    sys.stdout.flush()
    return not failures and tried > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("recorder")
    parser.add_argument("--every", type=int, default=7, help="try each so many n")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    options = parser.parse_args()
    print("seed %d" % options.seed)
    results = [sweep(options, name) for name in SWEEPS if options.only in (None, name)]
    print("%d passed, %d failed" % (sum(results), len(results) - sum(results)))
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
