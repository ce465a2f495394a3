#!/usr/bin/python3
"""FAILOVER: a master hands over to one of its replicas under load, by itself and with stock Redis on either side; with all
that can come between, a crash at each step too.

Usage: replication_failover.py HEARTH_SERVER"""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import (Writer, assert_same_data, field, fill, follow, freeze, is_refused, role_of, stat,  # noqa: E402
                         stock_redis, thaw, wait_caught_up, wait_link)

QUICK = ("--repl-ping-replica-period", "1", "--repl-timeout", "10")


def pair_of(binary, **options):
    master = Server(binary, *QUICK, **options)
    replica = Server(binary, *QUICK)
    follow(replica, master)
    wait_caught_up(replica, master)
    wait_until(lambda: "state=online" in field(master, "slave0"), "the replica to be online")
    return master, replica


def fail_over(server, *words):
    with server.client() as client:
        assert client.call("FAILOVER", *words) == "OK"


def fail_over_and_die(server, dying, what):
    """The old master may be gone before it has answered."""
    try:
        fail_over(server)
    except (OSError, EOFError):
        pass
    wait_until(lambda: not dying.is_running(), "the crash at " + what)


def state_of(server):
    return field(server, "master_failover_state")


def wait_swapped(old, new):
    wait_until(lambda: role_of(new) == "master" and role_of(old) == "slave" and state_of(old) == "no-failover",
               "the roles to be swapped")
    wait_link(old)


def test_refusals_are_those_of_redis(binary):
    servers = [stock_redis(), Server(binary)]
    words = [("FAILOVER",), ("FAILOVER", "ABORT"), ("FAILOVER", "TO"), ("FAILOVER", "TO", "a"), ("FAILOVER", "TO", "a", "b"),
             ("FAILOVER", "TO", "a", 1, "TO", "a", 1), ("FAILOVER", "TIMEOUT", 0), ("FAILOVER", "TIMEOUT", -1),
             ("FAILOVER", "TIMEOUT", "x"), ("FAILOVER", "TIMEOUT", 10, "TIMEOUT", 10), ("FAILOVER", "ABORT", "TIMEOUT", 1),
             ("FAILOVER", "FORCE"), ("FAILOVER", "FORCE", "FORCE"), ("FAILOVER", "TO", "127.0.0.1", 1, "FORCE"),
             ("FAILOVER", "FORCE", "TIMEOUT", 5), ("FAILOVER", "TO", "127.0.0.1", 1), ("FAILOVER", "NOSUCH"),
             ("PSYNC", "x" * 40, 1, "FAILOVER")]

    def assert_same(words):
        redis, hearth = [[is_refused(server, *each) for each in words] for server in servers]
        assert redis == hearth, [each for each in zip(words, redis, hearth) if each[1] != each[2]]
    assert_same(words)
    replicas = [stock_redis(), Server(binary)]
    for replica, master in zip(replicas, servers):
        follow(replica, master)
        wait_link(replica)
        wait_until(lambda: "state=online" in field(master, "slave0"), "the replica to be online")
    assert_same(words[1:])  # The first would begin.
    servers = replicas
    assert_same(words)


def test_nothing_acknowledged_is_lost_under_load(binary):
    master, replica = pair_of(binary)
    third = Server(binary, *QUICK)
    follow(third, master)
    wait_caught_up(third, master)
    fill(master, 2000)
    nodes, present = [master, replica], 0
    for _ in range(3):
        old, new = nodes[present], nodes[1 - present]
        full_before = stat(new, "sync_full")
        writers = [Writer(old, "round %d writer %d" % (present, i)) for i in range(4)]
        for writer in writers:
            writer.start()
        wait_until(lambda: all(len(writer.acknowledged) > 50 for writer in writers), "some writes")
        begin = time.monotonic()
        fail_over(old, "TO", "127.0.0.1", new.port)
        wait_swapped(old, new)
        assert time.monotonic() - begin < 5
        for writer in writers:
            writer.finish()
            writer.assert_all_there(new)
        assert is_refused(old, "SET", "k", "v").startswith("READONLY")
        with new.client() as client:
            client.call("SET", "written", "behind")
        wait_caught_up(old, new)
        wait_caught_up(third, new)  # Wherever it hangs.
        assert_same_data(old, new, (0,))
        assert_same_data(third, new, (0,))
        assert stat(new, "sync_full") == full_before and stat(new, "sync_partial_ok") > 0
        present = 1 - present
    for node in nodes:
        assert stat(node, "sync_full") == (2 if node is master else 0)  # The first syncs were the only ones.
    # And the roles are durable.
    for node in (master, replica):
        role = role_of(node)
        node.kill()
        node.start()
        assert role_of(node) == role and state_of(node) == "no-failover"


def test_handing_over_to_stock_redis_and_back(binary):
    ours = Server(binary, *QUICK)
    fill(ours, 500)
    stock = stock_redis()
    follow(stock, ours)
    wait_caught_up(stock, ours)
    wait_until(lambda: "state=online" in field(ours, "slave0"), "the replica to be online")
    for old, new in ((ours, stock), (stock, ours), (ours, stock)):
        writer = Writer(old, "to %s at %d" % (new.kind, stat(new, "sync_partial_ok")))
        writer.start()
        wait_until(lambda: len(writer.acknowledged) > 50, "some writes")
        fail_over(old)
        wait_swapped(old, new)
        writer.finish()
        writer.assert_all_there(new)
        with new.client() as client:
            client.call("SET", "written", "behind")
        wait_caught_up(old, new)
        assert_same_data(old, new, (0,))
    assert stat(ours, "sync_full") == 1 and stat(stock, "sync_full") == 0


def test_writes_wait_and_go_on_after_the_time(binary):
    master, replica = pair_of(binary)
    freeze(replica)
    with master.client() as client:
        client.call("SET", "not yet", "there")
    fail_over(master, "TIMEOUT", 600)
    assert state_of(master) == "waiting-for-sync"
    begin = time.monotonic()
    with master.client() as client:
        assert client.call("GET", "not yet") == b"there"  # Reads do not wait.
        for words, text in ((("FAILOVER",), "ERR FAILOVER already in progress."),
                            (("REPLICAOF", "NO", "ONE"), "ERR REPLICAOF not allowed while failing over."),
                            (("PSYNC", "?", "-1"), "NOMASTERLINK Can't SYNC while failing over")):
            assert is_refused(master, *words) == text
        assert client.call("SET", "k", "v") == "OK"
    assert time.monotonic() - begin > 0.3 and state_of(master) == "no-failover"
    thaw(replica)
    wait_caught_up(replica, master)
    # Aborted by hand, a write that waits goes on at once.
    freeze(replica)
    with master.client() as client:
        client.call("SET", "not yet", "there either")
    fail_over(master, "TO", "127.0.0.1", replica.port)
    done = threading.Event()

    def write():
        with master.client() as client:
            if client.call("SET", "k", "w") == "OK":
                done.set()
    threading.Thread(target=write, daemon=True).start()
    assert not done.wait(0.3)
    fail_over(master, "ABORT")
    assert done.wait(5) and state_of(master) == "no-failover"
    thaw(replica)
    wait_caught_up(replica, master)
    assert role_of(master) == "master" and role_of(replica) == "slave"


def test_force_and_abort_in_progress(binary):
    master, replica = pair_of(binary)
    freeze(replica)
    with master.client() as client:
        client.call("SET", "only", "here")
    fail_over(master, "TO", "127.0.0.1", replica.port, "TIMEOUT", 200, "FORCE")
    wait_until(lambda: state_of(master) == "failover-in-progress", "the time to be over")
    assert role_of(master) == "slave" and is_refused(master, "SET", "k", "v").startswith("READONLY")
    fail_over(master, "ABORT")
    assert role_of(master) == "master" and state_of(master) == "no-failover"
    with master.client() as client:
        assert client.call("SET", "k", "v") == "OK"
    # What was asked has reached the target's socket: if it takes over when it wakes, that is Redis' FORCE and ABORT.
    thaw(replica)
    follow(replica, master)
    wait_caught_up(replica, master)
    assert_same_data(master, replica, (0,))


def roles(nodes):
    return sorted(role_of(node) for node in nodes)


def test_a_crash_at_any_step_leaves_one_master(binary):
    points = [("old", point) for point in ("role.write.before", "role.write.after", "replication.failover.asking",
                                           "replication.failover.accepted")]
    points += [("new", point) for point in ("role.write.before", "role.write.after", "replication.promote.between")]
    for side, point in points:
        master, replica = pair_of(binary)
        dying = master if side == "old" else replica
        dying.stop()
        dying.start(env={"HEARTH_CRASH_POINT": point})
        wait_caught_up(replica, master)
        wait_until(lambda: "state=online" in field(master, "slave0"), "the replica to be online")
        writer = Writer(master, "before " + point)
        writer.start()
        wait_until(lambda: len(writer.acknowledged) > 20, "some writes")
        fail_over_and_die(master, dying, point)
        writer.finish()
        time.sleep(0.3)  # The living one must do nothing rash meanwhile.
        dying.start()
        wait_until(lambda: roles((master, replica)) == ["master", "slave"] and
                   all(state_of(node) == "no-failover" for node in (master, replica)), "one master after " + point)
        now_master, now_replica = (master, replica) if role_of(master) == "master" else (replica, master)
        wait_link(now_replica)
        writer.assert_all_there(now_master)
        with now_master.client() as client:
            client.call("SET", "written", "behind")
        wait_caught_up(now_replica, now_master)
        assert_same_data(master, replica, (0,))
        assert stat(now_master, "sync_full") == (1 if now_master is master and side != "old" else 0), point
        for node in (master, replica):
            node.stop()


def test_a_failover_that_was_cut_off_can_be_ended_by_hand(binary):
    """Both are down between the steps, and only one comes back: it waits for its target, and obeys."""
    master, replica = pair_of(binary)
    master.stop()
    master.start(env={"HEARTH_CRASH_POINT": "replication.failover.asking"})
    wait_caught_up(replica, master)
    fail_over_and_die(master, master, "the asking")
    replica.kill()
    master.start()
    assert role_of(master) == "slave" and state_of(master) == "failover-in-progress"
    fail_over(master, "ABORT")
    assert role_of(master) == "master" and state_of(master) == "no-failover"
    with master.client() as client:
        client.call("SET", "k", "v")
    replica.start()
    wait_caught_up(replica, master)
    assert stat(master, "sync_full") == 0


if __name__ == "__main__":
    run_tests([test_refusals_are_those_of_redis, test_nothing_acknowledged_is_lost_under_load,
               test_handing_over_to_stock_redis_and_back, test_writes_wait_and_go_on_after_the_time,
               test_force_and_abort_in_progress, test_a_crash_at_any_step_leaves_one_master,
               test_a_failover_that_was_cut_off_can_be_ended_by_hand], (sys.argv[1],))
