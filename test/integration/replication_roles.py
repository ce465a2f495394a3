#!/usr/bin/python3
"""What a node says and does in each of its roles, beside a stock Redis server in the same one.

Usage: replication_roles.py HEARTH_SERVER"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, run_tests, wait_until  # noqa: E402
from replication import field, follow, is_refused, wait_link  # noqa: E402


def test_a_replica_never_becomes_writable(binary):
    """Local writes of a replica would be in no log: whoever asks for them is told so, at once, and by CONFIG GET."""
    master = Server(binary)
    replica = Server(binary, "--replica-read-only", "no")
    assert "replica-read-only no is not supported" in replica.output(), replica.output()
    follow(replica, master)
    wait_link(replica)
    for name in ("replica-read-only", "slave-read-only"):
        problem = is_refused(replica, "CONFIG", "SET", name, "no")
        assert problem.startswith("ERR CONFIG SET failed (possibly related to argument '%s') - " % name), problem
        assert problem.endswith("write to its master, or promote it with REPLICAOF NO ONE"), problem
    assert is_refused(replica, "SET", "k", "v").startswith("READONLY")
    with replica.client() as client:
        assert client.call("CONFIG", "GET", "replica-read-only") == [b"replica-read-only", b"yes"]
        assert client.call("CONFIG", "SET", "replica-read-only", "yes") == "OK"
        assert client.info("replication")["slave_read_only"] == "1"


def test_a_master_whose_keys_are_all_in_the_log_is_not_empty(binary):
    """P7 looks at what a full sync brings: a master with data that no checkpoint has seen yet must not pass for empty."""
    master = Server(binary)
    replica = Server(binary)
    for server, value in ((master, "master's"), (replica, "replica's")):
        with server.client() as client:
            client.call("SET", "k", value)
    follow(replica, master)
    wait_link(replica)
    with replica.client() as client:
        wait_until(lambda: client.call("GET", "k") == b"master's", "the master's value")
    # Nor for as empty as it was when another replica came.
    master = Server(binary)
    first = Server(binary)
    follow(first, master)
    wait_link(first)
    with master.client() as client:
        client.call("SET", "k", "master's")
    follow(replica, master)
    wait_link(replica)
    # And one that was emptied a moment ago is empty, though the checkpoint is not.
    emptied = Server(binary)
    with emptied.client() as client:
        client.call("SET", "k", "gone")
        client.call("SAVE")
        client.call("FLUSHALL")
    follow(replica, emptied)
    wait_until(lambda: field(replica, "hearth_full_sync_refused") == "1", "the refusal")
    with replica.client() as client:
        assert client.call("GET", "k") == b"master's"


if __name__ == "__main__":
    run_tests([test_a_replica_never_becomes_writable, test_a_master_whose_keys_are_all_in_the_log_is_not_empty], (sys.argv[1],))
