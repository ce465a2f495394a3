#!/usr/bin/python3
"""Parity of client-side caching: the same steps in the same order on Debian's redis-server and on Hearth, and all bytes
that each client got compared after each step (scenarios/tracking.py).

    run_tracking.py --server build/hearth-server [--only TEXT]

Exits 0 if there is no difference.
"""
import argparse
import pathlib
import re
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from hearth import Server, wait_until
from resp import Connection
from run_scenarios import parse_words
from scenarios import tracking

REPLIES_S = 10.0


class Client:
    """A connection whose bytes are kept as they come."""

    def __init__(self, port, protocol):
        connection = Connection(port)
        self.socket = connection.socket
        self.id = connection.call("CLIENT", "ID")[1]
        if protocol == "3":
            connection.call("HELLO", "3")
        self.received = b""

    def take(self):
        while select.select([self.socket], [], [], 0)[0]:
            data = self.socket.recv(1 << 16)
            if not data:
                break
            self.received += data
        received, self.received = self.received, b""
        return received


class Stage:
    """The clients of one server by name."""

    def __init__(self, server, first_id):
        self.server = server
        self.watcher = Connection(server.port)
        self.watcher.call("FLUSHALL")
        self.clients = {}
        while int(self.client("probe2").id) < first_id:  # Ids are told: they have to be the same.
            self.closes("probe2")

    def client(self, name):
        if name not in self.clients:
            self.clients[name] = Client(self.server.port, name[-1])
        return self.clients[name]

    def hears(self):
        """What has come for each client. What a reply or message reveals is released by the time that DBSIZE, which
        reveals everything, is answered."""
        for _ in range(2):
            self.watcher.call("DBSIZE")
        return [(name, client.take()) for name, client in sorted(self.clients.items())]

    def says(self, name, commands, expects_replies):
        client = self.client(name)
        ids = {("@" + other).encode(): self.client(other).id for other in
               [word[1:].decode() for words in commands for word in words if word.startswith(b"@")]}
        for words in commands:
            client.socket.sendall(Connection.encode([ids.get(word, word) for word in words]))
        if expects_replies:
            assert select.select([client.socket], [], [], REPLIES_S)[0], "no reply"
        else:
            wait_until(lambda: self.fields(client)["cmd"].split("|")[0] == commands[-1][0].decode().lower(), "it to run")
        return self.hears()

    def fields(self, client):
        line = self.watcher.call("CLIENT", "LIST", "ID", client.id)[1].decode()
        return dict(word.split("=", 1) for word in line.split())

    def closes(self, name):
        client = self.clients.pop(name)
        client.socket.close()
        wait_until(lambda: self.watcher.call("CLIENT", "LIST", "ID", client.id)[1] == b"", "the end of a client")
        return self.hears()

    def tells(self):
        fields = [(name, self.fields(client)) for name, client in sorted(self.clients.items())]
        info = self.watcher.call("INFO", "everything")[1].decode().splitlines()
        return ([(name, told["flags"], told["redir"]) for name, told in fields] +
                [line for line in info if line.startswith("tracking_")])

    def passes(self, milliseconds):
        time.sleep(int(milliseconds) / 1000)
        return self.hears()

    def step(self, line):
        says = re.fullmatch(r"(\w+)([:!]) (.*)", line)
        if says:
            name, mark, text = says.groups()
            return self.says(name, [parse_words(part) for part in text.split(" | ")], mark == ":")
        if line == "tells":
            return self.tells()
        if line.startswith("passes "):
            return self.passes(line.split()[1])
        return self.closes(line.split()[0])

    def end(self):
        for name in list(self.clients):
            self.closes(name)
        self.watcher.close()


def run_script(name, text, servers, first_id):
    stages = [Stage(server, first_id) for server in servers]
    differs = False
    done = []
    for line in [line.strip() for line in text.strip().splitlines()]:
        done.append(line)
        redis, hearth = [stage.step(line) for stage in stages]
        if redis != hearth:
            print("DIFFERENCE in: %s\n    %s\n  redis:  %r\n  hearth: %r" % (name, "\n    ".join(done[-8:]), redis, hearth))
            differs = True
            break
    for stage in stages:
        stage.end()
    return differs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="path of hearth-server")
    parser.add_argument("--only", help="scripts whose name holds this text")
    options = parser.parse_args()
    servers = (Server(None, "--enable-debug-command", "yes", kind="redis"),
               Server(options.server, "--appendfsync", "always", "--enable-debug-command", "yes"))
    for server in servers:  # Keys expire when somebody looks, and at no other time.
        server.client().call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    scripts = {name: text for name, text in tracking.SCRIPTS.items() if options.only is None or options.only in name}
    differences = sum(run_script(name, text, servers, 50 * (i + 1)) for i, (name, text) in enumerate(scripts.items()))
    print("%d scripts, %d differences" % (len(scripts), differences))
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
