#!/usr/bin/python3
"""Values that are made where they are executed - bitmaps, HyperLogLogs, places that a search has stored - are the same
bytes on replicas of ours and of Debian's, whatever is configured there, and after kill -9.

Usage: replication_values.py HEARTH_SERVER"""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests  # noqa: E402
from replication import assert_same_data, dataset, follow, stock_redis, wait_caught_up, wait_link  # noqa: E402

SEED = 5
# Between these lengths a HyperLogLog that is still sparse for one is dense for the other.
FEW, MANY = "150", "9000"


def write(client, rng, rounds):
    """Commands whose effect depends on what is there, on the configuration or on the machine's sines."""
    for i in range(rounds):
        name = "hll:%d" % rng.randrange(12)
        client.call("PFADD", name, *[rng.randrange(10 ** 6) for _ in range(rng.randint(1, 5))])
        if i % 7 == 0:
            client.call("PFCOUNT", name)
        if i % 11 == 0:
            client.call("PFMERGE", "merged:%d" % rng.randrange(4), name, "hll:%d" % rng.randrange(12))
        client.call("SETBIT", "bits", rng.randrange(300000), 1)
        # A key that grows although nothing else is written.
        client.call("BITFIELD", "field:%d" % rng.randrange(20), "OVERFLOW", "FAIL", "INCRBY", "u4",
                    "#%d" % rng.randrange(500), rng.randrange(40))
        client.call("BITFIELD", "field:%d" % rng.randrange(20), "OVERFLOW", "SAT", "SET", "i9", rng.randrange(900),
                    rng.choice([-2 ** 63, 2 ** 63 - 1, -300, 300, 7]))
        client.call("GEOADD", "geo", rng.uniform(-180, 180), rng.uniform(-85, 85), "m%d" % rng.randrange(200))
        if i % 5 == 0:
            client.call("BITOP", rng.choice(["AND", "OR", "XOR"]), "mixed", "bits", "field:%d" % rng.randrange(20))
            client.call("BITOP", "NOT", "turned", "mixed")
            client.call("GEOSEARCHSTORE", "near:%d" % rng.randrange(3), rng.choice(["geo", "none"]), "FROMLONLAT",
                        rng.uniform(-180, 180), rng.uniform(-85, 85), "BYBOX", rng.randint(1, 9000), 9000, "km",
                        *rng.choice([[], ["STOREDIST"], ["COUNT", "3", "DESC"]]))


def test_replicas_hold_the_same_bytes_whatever_they_are_told(binary):
    master = Server(binary, "--hll-sparse-max-bytes", FEW)
    other = Server(binary, "--hll-sparse-max-bytes", MANY)
    stock = stock_redis("--hll-sparse-max-bytes", MANY)
    follow(other, master)
    with stock.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)
    wait_link(other)
    wait_link(stock)
    with master.client() as client:
        write(client, random.Random(SEED), 400)
    for replica in (other, stock):
        wait_caught_up(replica, master)
        assert_same_data(master, replica)


def test_recovery_makes_the_same_bytes_under_another_configuration(binary):
    master = Server(binary, "--hll-sparse-max-bytes", FEW)
    other = Server(binary, "--hll-sparse-max-bytes", FEW)
    follow(other, master)
    wait_link(other)
    with master.client() as client:
        write(client, random.Random(SEED + 1), 300)
    before = dataset(master)
    master.kill()
    master.start(extra=("--hll-sparse-max-bytes", MANY))
    assert dataset(master) == before
    wait_caught_up(other, master)
    assert_same_data(master, other)


def test_a_replica_counts_and_keeps_its_bytes(binary):
    master = Server(binary)
    replica = Server(binary)
    follow(replica, master)
    wait_link(replica)
    with master.client() as client:
        client.call("PFADD", "h", "a", "b", "c")
    wait_caught_up(replica, master)
    with replica.client() as client:
        assert client.call("PFCOUNT", "h") == 3
    assert_same_data(master, replica)
    with master.client() as client:
        assert client.call("PFCOUNT", "h") == 3
    wait_caught_up(replica, master)
    assert_same_data(master, replica)


if __name__ == "__main__":
    run_tests([test_replicas_hold_the_same_bytes_whatever_they_are_told,
               test_recovery_makes_the_same_bytes_under_another_configuration,
               test_a_replica_counts_and_keeps_its_bytes], (sys.argv[1],))
