#!/usr/bin/python3
"""kill -9 of master and replica at random moments under load, again and again: nothing acknowledged is lost, the replica
comes back by partial sync, and both hold the same at the end.

    kill_cycles.py SERVER [--cycles 10] [--seed N]
"""
import argparse
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hearth
import load

LIMITS = ("--checkpoint-memory", "2mb", "--log-segment-size", "2mb")


def digest(server):
    """All keys with their values, as this node tells them."""
    with server.client() as client:
        keys = sorted(client.call("KEYS", "*"))
        values = []
        for start in range(0, len(keys), 1000):
            values += client.call("MGET", *keys[start:start + 1000])
        return dict(zip(keys, values))


def caught_up(master, replica):
    with master.client() as m, replica.client() as r:
        there, here = m.info("replication"), r.info("replication")
        return here.get("master_link_status") == "up" and here["slave_repl_offset"] == there["master_repl_offset"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    print("seed %d" % options.seed)
    master = hearth.Server(options.server, *LIMITS)
    replica = hearth.Server(options.server, *LIMITS)
    acknowledged = 0
    try:
        with replica.client() as client:
            assert client.call("REPLICAOF", "127.0.0.1", master.port) == "OK"
        hearth.wait_until(lambda: caught_up(master, replica), "the first sync")
        writers = load.start(master, 3, draw.randrange(2 ** 30))
        for cycle in range(options.cycles):
            time.sleep(draw.uniform(0.05, 0.6))
            victims = draw.choice(((master,), (replica,), (master, replica)))
            for victim in victims:
                victim.kill()
            if master in victims:
                for writer in writers:
                    writer.stop()
            for victim in draw.sample(victims, len(victims)):
                victim.start()
            if master in victims:
                with master.client() as client:
                    for writer in writers:
                        writer.check(client)
                    acknowledged += sum(sum(w.acknowledged.values()) for w in writers)
                    writers = [writer.successor(client) for writer in writers]
                for writer in writers:
                    writer.start()
            print("cycle %d: killed %s" % (cycle + 1, " and ".join(
                "master" if v is master else "replica" for v in victims)))
            sys.stdout.flush()
        for writer in writers:
            writer.stop()
        hearth.wait_until(lambda: caught_up(master, replica), "the replica to catch up", 60)
        with master.client() as client:
            for writer in writers:
                writer.check(client)
            full_syncs = int(client.info("stats")["sync_full"])
        there, here = digest(master), digest(replica)
        assert there == here, "master and replica differ in %d keys" % len(set(there.items()) ^ set(here.items()))
        assert full_syncs <= 1, "%d full syncs since the master's last start" % full_syncs
        print("%d cycles, %d keys equal on both, 0 acknowledged writes lost" % (options.cycles, len(there)))
        print("1 passed, 0 failed")
    except AssertionError as error:
        print("FAIL: %s\n--- master:\n%s\n--- replica:\n%s" % (error, master.output(), replica.output()))
        print("0 passed, 1 failed")
        sys.exit(1)
    finally:
        master.destroy()
        replica.destroy()


if __name__ == "__main__":
    main()
