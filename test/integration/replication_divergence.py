#!/usr/bin/python3
"""A replica that cannot execute what its master sends differs from it (R9): that is remembered over a restart, ends with
a full sync or a promotion, and no write is dropped unsaved because of it.

Usage: replication_divergence.py HEARTH_SERVER"""
import glob
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (FakeMaster, assert_same_data, field, follow, full_answer, role_of,  # noqa: E402
                         wait_caught_up, wait_link)  # noqa: E402

HISTORY = "f" * 40
BAD = [("MULTI",), ("INCR", "a"), ("NOSUCHCOMMAND",), ("EXEC",)]


def auto_conf(server):
    with open(os.path.join(server.data, "hearth.auto.conf")) as file:
        return file.read()


def diverged_replica(binary):
    """A replica that has executed half of a transaction, and the master that sent it. It may have no full sync yet."""
    full = [full_answer(HISTORY, 0)]

    def answer(words):
        if words[0] == HISTORY:
            return b"+CONTINUE\r\n"
        return full.pop() if full else b"-ERR not now\r\n"
    master = FakeMaster(answer)
    replica = Server(binary, "--repl-timeout", "10")
    follow(replica, master)
    wait_link(replica)
    master.send(("SELECT", 0), ("SET", "a", 1))
    with replica.client() as client:
        wait_until(lambda: client.call("GET", "a") == b"1", "the write")
        master.send(*BAD)
        wait_until(lambda: client.info("replication")["master_link_status"] == "down", "the divergence")
    assert "NOSUCHCOMMAND cannot be executed here" in replica.output(), replica.output()
    return master, replica


def test_it_outlives_a_restart_and_ends_with_a_full_sync(binary):
    master, replica = diverged_replica(binary)
    assert "\ndiverged %s " % HISTORY in auto_conf(replica), auto_conf(replica)
    assert replica.stop() == 0  # Its checkpoint stores what was executed.
    replica.start()
    before = len(master.asked)
    wait_until(lambda: len(master.asked) > before, "the next try")
    assert all(words[0] == "?" for words in master.asked[before:]), master.asked
    with replica.client() as client:
        assert client.call("GET", "a") in (b"1", b"2")  # Not 3: nothing was executed twice.
    replica.kill()
    replica.start()
    before = len(master.asked)
    wait_until(lambda: len(master.asked) > before, "the next try")
    assert all(words[0] == "?" for words in master.asked[before:]), master.asked
    sound = Server(binary)
    with sound.client() as client:
        client.call("SET", "a", 2)
    follow(replica, sound)
    wait_caught_up(replica, sound)
    assert_same_data(replica, sound)
    assert "diverged" not in auto_conf(replica), auto_conf(replica)
    master.close()


def test_another_master_is_asked_for_a_full_sync_too(binary):
    """What is wrong here is wrong beside whoever has the same history."""
    _, replica = diverged_replica(binary)
    other = FakeMaster(lambda words: b"-ERR not now\r\n")
    follow(replica, other)
    wait_until(lambda: other.asked, "the first try")
    assert other.asked[0][0] == "?", other.asked
    assert "\ndiverged %s " % HISTORY in auto_conf(replica), auto_conf(replica)
    other.close()


def promote_and_write(replica):
    with replica.client() as client:
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        for number in range(100):
            client.call("SET", "acknowledged:%d" % number, "x")
        events = " ".join(value for name, value in client.info("replication").items() if "event" in name)
        assert "our data differed from the former master's since offset" in events, events
        assert client.info("replication")["master_replid2"] != HISTORY  # Nobody of that one is our equal.


def assert_is_saved(replica):
    saved = glob.glob(os.path.join(replica.data, "diverged-*.log"))
    assert len(saved) == 1, saved
    with open(saved[0], "rb") as file:
        content = file.read()
    for number in range(100):
        assert b"acknowledged:%d\r\n" % number in content, number


def test_it_ends_with_a_promotion(binary):
    """What is acknowledged after it is not given up at the next demotion."""
    _, replica = diverged_replica(binary)
    promote_and_write(replica)
    sister = Server(binary)
    follow(sister, replica)
    wait_caught_up(sister, replica)
    assert_same_data(sister, replica)
    replica.kill()
    replica.start()
    assert role_of(replica) == "master"
    with replica.client() as client:
        assert client.call("GET", "acknowledged:99") == b"x"
    follow(sister, replica)
    wait_caught_up(sister, replica)
    with sister.client() as client:
        assert client.info("stats")["sync_full"] == "0"
        assert client.call("REPLICAOF", "NO", "ONE") == "OK"
        client.call("SET", "new", "master")
    follow(replica, sister)  # It wrote nothing meanwhile: a partial sync.
    wait_caught_up(replica, sister)
    assert_same_data(sister, replica)
    assert field(replica, "hearth_diverged_log") is None, field(replica, "hearth_diverged_log")


def test_what_was_acknowledged_after_the_promotion_is_saved(binary):
    _, replica = diverged_replica(binary)
    promote_and_write(replica)
    other = Server(binary)
    with other.client() as client:
        client.call("SET", "another", "history")
    follow(replica, other)
    wait_caught_up(replica, other)
    assert_is_saved(replica)


if __name__ == "__main__":
    run_tests([test_it_outlives_a_restart_and_ends_with_a_full_sync, test_another_master_is_asked_for_a_full_sync_too,
               test_it_ends_with_a_promotion, test_what_was_acknowledged_after_the_promotion_is_saved], (sys.argv[1],))
