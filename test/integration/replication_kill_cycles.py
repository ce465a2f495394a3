#!/usr/bin/python3
"""kill -9 of master and replica, over and over, under load: no acknowledged write is lost, the data is equal at the end,
and nobody is synced in full a second time.

Usage: replication_kill_cycles.py HEARTH_SERVER [CYCLES [SEED]]"""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests  # noqa: E402
from replication import Writer, assert_same_data, follow, stat, wait_caught_up  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10", "--checkpoint-memory", "1mb",
         "--checkpoint-interval", "2")
WRITERS = 4


def test_kill_cycles(binary, cycles, seed):
    rng = random.Random(seed)
    print("     %d cycles, seed %d" % (cycles, seed))
    master = Server(binary, *QUICK)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_caught_up(replica, master)
    writers = [Writer(master, "writer%d" % number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    full_syncs = 0
    for cycle in range(cycles):
        time.sleep(rng.uniform(0.05, 0.6))
        victims = rng.choice([[master], [replica], [master, replica], [replica, master]])
        if master in victims:
            full_syncs += stat(master, "sync_full")
        for victim in victims:
            victim.kill()
        time.sleep(rng.choice([0, 0, 0.1]))
        for victim in rng.sample(victims, len(victims)):
            victim.start()
    for writer in writers:
        writer.finish()
    wait_caught_up(replica, master, 60)
    for writer in writers:
        writer.assert_all_there(master)
        writer.assert_all_there(replica)
    assert_same_data(master, replica)
    full_syncs += stat(master, "sync_full")
    print("     %d acknowledged writes, all there on both; %d full syncs"
          % (sum(len(writer.acknowledged) for writer in writers), full_syncs))
    assert full_syncs == 1


if __name__ == "__main__":
    run_tests([test_kill_cycles],
              (sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10,
               int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)))
