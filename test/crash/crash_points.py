#!/usr/bin/python3
"""kill -9 at each named crash point of one node under load: what was acknowledged is there afterwards, once and whole.

    crash_points.py SERVER [--seed N] [--only NAME]

The names are read from the sources, so a new one is tested from the day it is written; those that one node under load
does not pass are listed here with the test that kills there.
"""
import argparse
import pathlib
import random
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hearth
import load

# Passed only while a node replicates: test/integration/replication_crash_points.py kills there.
REPLICATION = ("full_sync.", "install.", "replica_link.", "replication.", "role.", "store.swap.", "store.replace.",
               "swap.")
# Passed only when a checkpoint touches more pages than one commit may: test/storage/env/test_checkpoint_apply.c.
LARGE = ("redo.", "checkpoint.redo.")
# Passed only at an opening that finds something to repair or create.
OPENING = ("log.repair.", "store.create.", "store.fork.", "env.create.", "recovery.")

LIMITS = ("--checkpoint-memory", "1mb", "--log-segment-size", "1mb", "--repl-backlog-size", "1mb")


def names():
    found = set()
    for layer in ("base", "storage", "replication", "server"):
        for path in (hearth.ROOT / layer).rglob("*.c"):
            found.update(re.findall(r'crash_point\("([a-z_.]+)"\)', path.read_text()))
    return sorted(found)


def check_twice(server, writers):
    """Recovery is right, and a second one finds the same."""
    states = []
    for _ in range(2):
        server.start(env={"HEARTH_CRASH_POINT": ""})
        with server.client() as client:
            for writer in writers:
                writer.check(client)
            states.append((client.call("DBSIZE"), client.info("replication")["master_repl_offset"]))
        server.kill()
    assert states[0] == states[1], "a second recovery differs: %r" % (states,)


def leave_orphans(server):
    """Set and delete values of many rows, so that checkpoints have something to purge."""
    try:
        with server.client() as client:
            for i in range(10 ** 6):
                client.call("SET", "large:%d" % (i % 3), b"x" * 200000)
                client.call("DEL", "large:%d" % (i % 3))
                time.sleep(0.02)
    except (OSError, EOFError, hearth.ReplyError):
        pass


def crash_at(binary, name, draw, fsync):
    passage = draw.choice((1, 1, 2, 3, 7)) if not name.startswith("purge.") else 1
    server = hearth.Server(binary, *LIMITS, "--appendfsync", fsync, start=False)
    writers = []
    try:
        server.start(wait=False, env={"HEARTH_CRASH_POINT": "%s:%d" % (name, passage)})
        try:
            server.wait_ready()
            writers = load.start(server, 3, draw.randrange(2 ** 30))
            threading.Thread(target=leave_orphans, args=(server,), daemon=True).start()
        except AssertionError:
            pass  # It died while it opened.
        hearth.wait_until(lambda: server.process.poll() is not None, "a crash at %s:%d" % (name, passage), 40)
        for writer in writers:
            writer.stop()
        assert server.process.returncode == -9, "ended with %d:\n%s" % (server.process.returncode, server.output())
        check_twice(server, writers)
        print("ok   %s:%d, %s: %d writes acknowledged" %
              (name, passage, fsync, sum(sum(w.acknowledged.values()) for w in writers)))
        return True
    except AssertionError as error:
        print("FAIL %s:%d, %s: %s\n%s" % (name, passage, fsync, error, server.output()))
        return False
    finally:
        for writer in writers:
            writer.stopping = True
        server.destroy()
        sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--only")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    print("seed %d" % options.seed)
    results = []
    for name in names():
        if name.startswith(REPLICATION + OPENING + LARGE) or options.only not in (None, name):
            continue
        fsync = "everysec" if name.startswith("log.background_sync.") else draw.choice(("always", "everysec", "no"))
        results.append(crash_at(options.server, name, draw, fsync))
    print("%d passed, %d failed" % (sum(results), len(results) - sum(results)))
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
