#!/usr/bin/python3
"""Debian's redis-sentinel watches a master and two replicas: it promotes one when the master dies, the other follows, and
the old master comes back as a replica. No acknowledged write that a replica had is lost.

Usage: sentinel_failover.py HEARTH_SERVER"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, free_port, run_tests, wait_until  # noqa: E402


class Sentinel:
    """One redis-sentinel, ended by its pid."""

    def __init__(self, folder, master_port, quorum):
        self.port = free_port()
        self.path = os.path.join(folder, "sentinel-%d.conf" % self.port)
        with open(self.path, "w") as file:
            file.write("port %d\ndir %s\nsentinel monitor hearth 127.0.0.1 %d %d\n"
                       "sentinel down-after-milliseconds hearth 1000\nsentinel failover-timeout hearth 5000\n"
                       "sentinel parallel-syncs hearth 1\n" % (self.port, folder, master_port, quorum))
        self.process = subprocess.Popen(["redis-sentinel", self.path], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT)

    def master_port(self):
        with Client(self.port) as client:
            return int(client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "hearth")[1])

    def count(self, what):
        with Client(self.port) as client:
            return len(client.call("SENTINEL", what, "hearth"))

    def stop(self):
        self.process.kill()
        self.process.wait()


def replication(server):
    with server.client() as client:
        return client.info("replication")


def configured(binary, *arguments):
    """A server with a configuration file, as Sentinel wants to rewrite one."""
    server = Server(binary, start=False)
    path = os.path.join(server.folder, "hearth.conf")
    with open(path, "w") as file:
        file.write("port %d\ndir %s\n%s\n" % (server.port, server.data, "\n".join(arguments)))
    server.command = lambda: [server.binary, path]
    return server.start()


def test_failover_and_return(binary):
    if shutil.which("redis-sentinel") is None:
        print("redis-sentinel is not installed")
        return
    master = configured(binary)
    replicas = [configured(binary, "replicaof 127.0.0.1 %d" % master.port) for _ in range(2)]
    sentinels = []
    try:
        for server in replicas:
            wait_until(lambda s=server: replication(s)["master_link_status"] == "up", "the link")
        sentinels = [Sentinel(master.folder, master.port, 2) for _ in range(3)]
        for sentinel in sentinels:
            wait_until(lambda s=sentinel: s.count("REPLICAS") == 2 and s.count("SENTINELS") == 2, "Sentinel to know all", 40)
        with master.client() as client:
            for i in range(100):
                client.call("SET", "key:%d" % i, i)
            assert client.call("WAIT", 2, 5000) == 2
        master.kill()
        for sentinel in sentinels:
            wait_until(lambda s=sentinel: s.master_port() != master.port, "the failover", 60)
        promoted = next(s for s in replicas if s.port == sentinels[0].master_port())
        other = next(s for s in replicas if s is not promoted)
        assert replication(promoted)["role"] == "master"
        wait_until(lambda: replication(other)["master_port"] == str(promoted.port) and
                   replication(other)["master_link_status"] == "up", "the other replica to follow", 40)
        with promoted.client() as client:
            assert client.call("DBSIZE") == 100
            client.call("SET", "after", "failover")
            assert client.info("stats")["sync_full"] == "0", "the other replica goes on by partial sync"
        master.start()
        wait_until(lambda: replication(master)["role"] == "slave", "the old master to be a replica", 60)
        wait_until(lambda: replication(master)["master_link_status"] == "up", "its link", 40)
        with master.client() as client:
            wait_until(lambda: client.call("GET", "after") == b"failover", "the new write")
        with open(os.path.join(promoted.folder, "hearth.conf")) as file:
            assert "replicaof" not in file.read()
    finally:
        for sentinel in sentinels:
            sentinel.stop()


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
