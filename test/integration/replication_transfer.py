#!/usr/bin/python3
"""Full syncs (P5): one file for all who wait, at a bounded rate, that goes on after broken links, kills and restarts on
either side, and never touches the old data before the new is whole.

Usage: replication_transfer.py HEARTH_SERVER"""
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (FakeMaster, Proxy, assert_same_data, dataset, field, fill, follow, full_answer, stat,  # noqa: E402
                         stock_redis, wait_caught_up)  # noqa: E402

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def listing(server, folder):
    try:
        return sorted(os.listdir(os.path.join(server.data, folder)))
    except FileNotFoundError:
        return []


def filled_master(binary, *arguments, count=20000):
    master = Server(binary, *QUICK, *arguments)
    fill(master, count, size=120)
    return master


def follow_port(replica, port):
    with replica.client() as client:
        assert client.call("REPLICAOF", "127.0.0.1", port) == "OK"


def wait_link_to(replica, master):
    def is_up():
        with replica.client() as client:
            info = client.info("replication")
            return info["master_link_status"] == "up" and info["master_port"] == str(master.port)
    wait_until(is_up, "the link to port %d" % master.port, 120)


def random_fill(server, count):
    """Values that do not compress, so that a snapshot has some size."""
    with server.client() as client:
        for begin in range(0, count, 100):
            client.pipeline([("SET", "random:%d" % i, os.urandom(1000)) for i in range(begin, min(begin + 100, count))])


def test_one_snapshot_serves_all_who_wait(binary):
    master = filled_master(binary, "--repl-full-sync-max-rate", "2mb")
    random_fill(master, 4000)
    replicas = [Server(binary, *QUICK) for _ in range(3)]
    for replica in replicas:
        follow(replica, master)
    wait_until(lambda: len(listing(master, "snapshots")) > 0, "a snapshot")
    wait_until(lambda: field(master, "connected_slaves") == "3", "three replicas")
    seen = set()

    def done():
        seen.update(name for name in listing(master, "snapshots") if name.endswith(".snapshot"))
        return all(field(replica, "master_link_status") == "up" for replica in replicas)
    wait_until(done, "all links", 60)
    assert len(seen) == 1, seen
    for replica in replicas:
        wait_caught_up(replica, master)
        assert_same_data(master, replica)
    assert stat(master, "sync_full") == 3
    for replica in replicas:
        assert listing(replica, "incoming") == [], listing(replica, "incoming")


def test_rate_is_kept(binary):
    master = Server(binary, *QUICK, "--repl-full-sync-max-rate", "2mb")
    random_fill(master, 5000)
    replica = Server(binary, *QUICK)
    begin = time.monotonic()
    follow(replica, master)
    wait_caught_up(replica, master, 60)
    took = time.monotonic() - begin
    print("     5 MB at 2 MB/s took %.1f s" % took)
    assert 1.8 < took < 10


def test_old_data_is_served_while_new_comes(binary):
    master = Server(binary, *QUICK, "--repl-full-sync-max-rate", "1mb")
    random_fill(master, 3000)
    replica = Server(binary, *QUICK)
    fill(replica, 100, prefix="old")
    before = dataset(replica)
    follow(replica, master)
    wait_until(lambda: int(field(replica, "master_sync_read_bytes") or 0) > 500000, "half of the transfer")
    assert field(replica, "master_sync_in_progress") == "1"
    assert dataset(replica) == before
    wait_caught_up(replica, master, 60)
    assert_same_data(master, replica)


def test_broken_transfer_goes_on(binary):
    master = Server(binary, *QUICK)
    random_fill(master, 10000)
    proxy = Proxy(master.port)
    replica = Server(binary, *QUICK)
    proxy.cut_after = 3000000
    follow_port(replica, proxy.port)
    wait_until(lambda: proxy.cut_after is None, "the cut")
    wait_caught_up(replica, master, 60)
    assert_same_data(master, replica)
    names = [event for event in (field(replica, "hearth_event%d" % i) for i in range(8)) if event]
    assert any("begins at byte 0 " in text for text in names), names
    assert any("full sync from master" in text and "begins at byte" in text and "byte 0 " not in text
               for text in names), names
    total = max(int(found.group(1)) for found in (re.search(r"byte \d+ of (\d+):", text) for text in names) if found)
    print("     %d bytes passed for a snapshot of %d" % (proxy.passed, total))
    assert proxy.passed < total + 1500000, "the transfer began anew"
    proxy.close()


def test_killed_replica_goes_on_with_its_part(binary):
    master = Server(binary, *QUICK, "--repl-full-sync-max-rate", "3mb")
    random_fill(master, 8000)
    proxy = Proxy(master.port)
    replica = Server(binary, *QUICK)
    follow_port(replica, proxy.port)
    wait_until(lambda: int(field(replica, "master_sync_read_bytes") or 0) > 3000000, "some of the transfer", 30)
    replica.kill()
    assert [name for name in listing(replica, "incoming") if name.endswith(".part")]
    replica.start()
    wait_caught_up(replica, master, 60)
    assert_same_data(master, replica)
    print("     %d bytes passed" % proxy.passed)
    assert proxy.passed < 10500000, "the transfer began anew"
    proxy.close()


def test_killed_master_goes_on_with_its_snapshot(binary):
    master = Server(binary, *QUICK, "--repl-full-sync-max-rate", "3mb")
    random_fill(master, 8000)
    proxy = Proxy(master.port)
    replica = Server(binary, *QUICK)
    follow_port(replica, proxy.port)
    wait_until(lambda: int(field(replica, "master_sync_read_bytes") or 0) > 3000000, "some of the transfer", 30)
    names = listing(master, "snapshots")
    master.kill()
    master.start()
    wait_caught_up(replica, master, 60)
    assert_same_data(master, replica)
    assert names and proxy.passed < 10500000, "the transfer began anew: %d bytes, %r" % (proxy.passed, names)
    proxy.close()


def test_writes_during_a_full_sync_arrive(binary):
    master = Server(binary, *QUICK, "--repl-full-sync-max-rate", "2mb", "--checkpoint-memory", "1mb")
    random_fill(master, 3000)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    for part in range(10):
        fill(master, 2000, prefix="during%d" % part)
    wait_caught_up(replica, master, 60)
    assert_same_data(master, replica)
    assert stat(master, "sync_full") == 1


def test_nothing_is_left_behind(binary):
    master = Server(binary, *QUICK, "--repl-timeout", "1")
    fill(master, 2000)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_caught_up(replica, master)
    assert listing(replica, "incoming") == []
    wait_until(lambda: listing(master, "snapshots") == [], "the snapshot to go")


def test_little_log_beyond_the_checkpoint_needs_no_new_one(binary):
    master = filled_master(binary, "--checkpoint-interval", "0")
    with master.client() as client:
        assert client.call("SAVE") == "OK"
        saves = client.info("persistence")["rdb_saves"]
        client.call("SET", "after", "the checkpoint")
        replica = Server(binary, *QUICK)
        follow(replica, master)
        wait_caught_up(replica, master)
        assert client.info("persistence")["rdb_saves"] == saves
    assert_same_data(master, replica)


def test_a_history_in_which_nothing_was_written_is_served(binary):
    """The data bears the former history's name until something is stored in the new one."""
    master = filled_master(binary, "--checkpoint-interval", "0")
    with master.client() as client:
        assert client.call("SAVE") == "OK"
        assert client.call("REPLICAOF", "127.0.0.1", "1") == "OK"
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_caught_up(replica, master)
    assert_same_data(master, replica)


def test_what_cannot_be_installed_is_fetched_less_often(binary):
    master = FakeMaster(lambda words: full_answer("f" * 40, 0, b"REDIS0010\xfe\x00\x07no type of ours\xff" + bytes(8)))
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_until(lambda: master.asked, "the first try")
    time.sleep(4)
    assert 2 <= len(master.asked) <= 3, len(master.asked)  # At once, and after 1 and 3 seconds.
    assert "cannot be loaded" in field(replica, "hearth_link_problem"), field(replica, "hearth_link_problem")
    assert listing(replica, "incoming") == []
    master.close()


def test_another_master_ends_an_import(binary):
    """REPLICAOF while an RDB file is loaded, or a stop of the server, does not wait until that is done."""
    slow = stock_redis("--enable-debug-command", "yes")
    with slow.client() as client:
        client.call("DEBUG", "POPULATE", 400000, "key", 20)
    other = Server(binary, *QUICK)
    fill(other, 10)
    took_s = []
    for what in ("wait", "follow", "stop"):
        replica = Server(binary, *QUICK)
        follow(replica, slow)
        wait_until(lambda: "data" in listing(replica, "incoming"), "the import", 60)
        begin = time.monotonic()
        if what == "stop":
            assert replica.stop(60) == 0
        else:
            if what == "follow":
                follow(replica, other)
            wait_link_to(replica, slow if what == "wait" else other)
        took_s.append(time.monotonic() - begin)
    print("     an import of %.1f s, left after %.1f s, stopped after %.1f s" % tuple(took_s))
    assert took_s[0] < 2 or max(took_s[1:]) < took_s[0] / 2, took_s


def test_the_loop_does_not_wait_for_a_checkpoint_before_the_swap(binary):
    master = Server(binary, *QUICK)
    fill(master, 10)
    replica = Server(binary, *QUICK, "--checkpoint-memory", "1gb", "--checkpoint-interval", "0")
    fill(replica, 300000, prefix="old", size=60)
    with replica.client() as client, replica.client() as asking:
        client.call("BGSAVE")
        follow(replica, master)
        begin, longest, saving_s = time.monotonic(), 0.0, 0.0
        while client.info("replication")["master_link_status"] != "up":
            assert time.monotonic() - begin < 60
            asked = time.monotonic()
            is_saving = asking.info("persistence")["rdb_bgsave_in_progress"] == "1"
            longest = max(longest, time.monotonic() - asked)
            saving_s = time.monotonic() - begin if is_saving else saving_s
    print("     a checkpoint of %.2f s, the longest answer after %.3f s" % (saving_s, longest))
    assert saving_s < 0.3 or longest < saving_s / 2, (saving_s, longest)
    assert_same_data(master, replica)


if __name__ == "__main__":
    run_tests([test_one_snapshot_serves_all_who_wait, test_rate_is_kept, test_old_data_is_served_while_new_comes,
               test_broken_transfer_goes_on, test_killed_replica_goes_on_with_its_part,
               test_killed_master_goes_on_with_its_snapshot, test_writes_during_a_full_sync_arrive,
               test_nothing_is_left_behind, test_little_log_beyond_the_checkpoint_needs_no_new_one,
               test_a_history_in_which_nothing_was_written_is_served,
               test_what_cannot_be_installed_is_fetched_less_often, test_another_master_ends_an_import,
               test_the_loop_does_not_wait_for_a_checkpoint_before_the_swap], (sys.argv[1],))
