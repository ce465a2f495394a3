#!/usr/bin/python3
"""The Redis replication tutorial, step by step through redis-cli: one master and two replicas from small configuration
files that include a shared one with a password. Then what Hearth does better: restarted nodes rejoin by themselves and
by partial sync.

Usage: replication_tutorial.py HEARTH_SERVER"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, free_port, run_tests, wait_until  # noqa: E402

PASSWORD = "tutorial secret"


class Node(Server):
    """A server started as the tutorial does: hearth-server FILE, nothing else."""

    def __init__(self, binary, folder, name, port, **options):
        self.config = os.path.join(folder, name + ".conf")
        super().__init__(binary, folder=os.path.join(folder, name), port=port, password=PASSWORD, **options)

    def command(self):
        return [self.binary, self.config]

    def cli(self, *words, password=PASSWORD):
        """What redis-cli prints for a command, without its last newline."""
        auth = ["-a", password, "--no-auth-warning"] if password else []
        done = subprocess.run(["redis-cli", "-p", str(self.port)] + auth + [str(word) for word in words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
        return done.stdout.decode().rstrip("\n").replace("\r", "")

    def replication(self):
        lines = self.cli("INFO", "replication").split("\n")
        assert lines[0] == "# Replication", lines
        return dict(line.split(":", 1) for line in lines[1:] if ":" in line)


def set_up(binary):
    """Files of a master and two replicas, and the shared one that they include."""
    folder = tempfile.mkdtemp(prefix="hearth-tutorial-")
    with open(os.path.join(folder, "common.conf"), "w") as common:
        common.write("bind 127.0.0.1\n"
                     "protected-mode yes\n"
                     "daemonize no\n"
                     "requirepass \"%s\"\n"
                     "masterauth \"%s\"\n" % (PASSWORD, PASSWORD))
    nodes = []
    for name in ("master", "replica1", "replica2"):
        port = free_port()
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name + ".conf"), "w") as config:
            config.write("include %s/common.conf\n"
                         "port %d\n"
                         "dir %s/%s/data\n" % (folder, port, folder, name))
        nodes.append(Node(binary, folder, name, port, start=False))
    nodes[0].own_folder_root = folder
    for node in nodes:
        node.start()
    return nodes


def expect(node, words, answer):
    got = node.cli(*words)
    assert got == answer, "%r answered %r, not %r" % (words, got, answer)


def wait_field(node, name, value):
    wait_until(lambda: node.replication().get(name) == value, "%s:%s on port %d" % (name, value, node.port))


def wait_value(node, key, value):
    wait_until(lambda: node.cli("GET", key) == value, "%s to be %s on port %d" % (key, value, node.port))


def test_tutorial(binary):
    master, one, two = set_up(binary)

    # Nobody is anybody's replica; a password is wanted.
    got = master.cli("INFO", "replication", password=None)
    assert got == "NOAUTH Authentication required.", got
    got = master.cli("PING", password="wrong")
    assert "WRONGPASS" in got, got
    expect(master, ["PING"], "PONG")
    expect(master, ["AUTH", PASSWORD], "OK")
    for node in (master, one, two):
        info = node.replication()
        assert info["role"] == "master" and info["connected_slaves"] == "0", info
        assert len(info["master_replid"]) == 40 and info["master_replid2"] == "0" * 40, info
        assert info["second_repl_offset"] == "-1", info

    # The replicas are told their master.
    expect(one, ["SLAVEOF", "127.0.0.1", master.port], "OK")
    expect(two, ["REPLICAOF", "127.0.0.1", master.port], "OK")
    for node in (one, two):
        wait_field(node, "master_link_status", "up")
        info = node.replication()
        assert info["role"] == "slave", info
        assert info["master_host"] == "127.0.0.1" and info["master_port"] == str(master.port), info
        assert info["slave_read_only"] == "1" and info["slave_priority"] == "100", info
        assert info["master_sync_in_progress"] == "0" and info["connected_slaves"] == "0", info
        assert info["master_replid"] == master.replication()["master_replid"], info
    wait_field(master, "connected_slaves", "2")
    info = master.replication()
    ports = sorted(dict(pair.split("=") for pair in info["slave%d" % i].split(","))["port"] for i in range(2))
    assert ports == sorted([str(one.port), str(two.port)]), info
    wait_until(lambda: "state=online" in master.replication()["slave0"], "slave0 to be online")
    assert info["slave0"].startswith("ip=127.0.0.1,port="), info

    # A write on the master is read on both replicas; replicas refuse writes.
    expect(master, ["SET", "k1", "v1"], "OK")
    for node in (one, two):
        wait_value(node, "k1", "v1")
        expect(node, ["SET", "k2", "v2"], "READONLY You can't write against a read only replica.")

    # A replica is shut down; writes; it comes back with them all, as a replica, without being told.
    one.cli("SHUTDOWN")
    one.process.wait(20)
    wait_field(master, "connected_slaves", "1")
    expect(master, ["SET", "k3", "v3"], "OK")
    expect(master, ["SET", "k4", "v4"], "OK")
    one.start()
    wait_value(one, "k4", "v4")
    expect(one, ["GET", "k3"], "v3")
    expect(one, ["GET", "k1"], "v1")
    assert one.replication()["role"] == "slave"

    # The master is shut down: the replicas stay replicas, their link is down, their data is there.
    master.cli("SHUTDOWN")
    master.process.wait(20)
    for node in (one, two):
        wait_field(node, "master_link_status", "down")
        info = node.replication()
        assert info["role"] == "slave" and int(info["master_link_down_since_seconds"]) >= 0, info
        expect(node, ["GET", "k4"], "v4")
        expect(node, ["SET", "k5", "v5"], "READONLY You can't write against a read only replica.")

    # It is started again: it is master, has its data, and the replicas follow new writes.
    master.start()
    assert master.replication()["role"] == "master"
    expect(master, ["GET", "k4"], "v4")
    expect(master, ["SET", "k6", "v6"], "OK")
    for node in (one, two):
        wait_value(node, "k6", "v6")
        wait_field(node, "master_link_status", "up")
    wait_field(master, "connected_slaves", "2")

    # A chain: the second replica follows the first.
    expect(two, ["SLAVEOF", "127.0.0.1", one.port], "OK")
    wait_field(two, "master_link_status", "up")
    wait_field(master, "connected_slaves", "1")
    wait_field(one, "connected_slaves", "1")
    assert two.replication()["master_port"] == str(one.port)
    assert str(two.port) in one.replication()["slave0"], one.replication()
    assert one.replication()["role"] == "slave"
    expect(master, ["SET", "k7", "v7"], "OK")
    wait_value(two, "k7", "v7")

    # The master dies, the first replica is promoted: it writes at once, and its own replica needs no change.
    master.cli("SHUTDOWN", "NOSAVE")
    master.process.wait(20)
    wait_field(one, "master_link_status", "down")
    expect(one, ["SLAVEOF", "NO", "ONE"], "OK")
    assert one.replication()["role"] == "master"
    expect(one, ["SET", "k8", "v8"], "OK")
    wait_value(two, "k8", "v8")
    assert two.replication()["role"] == "slave"
    for key in ("k1", "k3", "k4", "k6", "k7"):
        expect(two, ["GET", key], "v" + key[1:])
    wait_field(two, "master_link_status", "up")

    # Nobody was ever synced in full but once for each replica at its first meeting with the master.
    full = [int(dict(line.split(":", 1) for line in node.cli("INFO", "stats").split("\n") if ":" in line)["sync_full"])
            for node in (one, two)]
    assert full == [0, 0], full


def test_configured_replica_and_promotion_survive_restarts(binary):
    master, one, two = set_up(binary)
    for node in (one, two):
        node.stop()
        with open(node.config, "a") as config:
            config.write("replicaof 127.0.0.1 %d\n" % master.port)
        node.start()
        wait_field(node, "master_link_status", "up")
    expect(one, ["SLAVEOF", "NO", "ONE"], "OK")
    for how in ("stop", "kill"):
        getattr(one, how)()
        one.start()
        assert one.replication()["role"] == "master", "fell back to its configuration after %s" % how
    getattr(two, "kill")()
    two.start()
    assert two.replication()["role"] == "slave"
    wait_field(two, "master_link_status", "up")


if __name__ == "__main__":
    run_tests([test_tutorial, test_configured_replica_and_promotion_survive_restarts], (sys.argv[1],))
