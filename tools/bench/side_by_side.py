"""What the benchmarks share: two servers of the same durability, load, and a table of ratios."""
import csv
import io
import os
import pathlib
import signal
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "support"))

import hearth
from hearth import Client, ReplyError, wait_until


class Server(hearth.Server):
    """A server of one kind in a folder that outlives its restarts. Durability: always, everysec or none."""

    def __init__(self, kind, binary, durability, extra=()):
        policy = "no" if durability == "none" else durability
        arguments = ["--appendfsync", policy]
        if kind == "redis":
            arguments += ["--appendonly", "no" if durability == "none" else "yes", "--repl-diskless-sync-delay", "0"]
        super().__init__(binary if kind == "hearth" else None, *arguments, *extra, kind=kind)

    def client(self, timeout_s=120.0):
        return super().client(timeout_s)

    def ask(self, *words):
        with self.client() as client:
            return client.call(*words)

    def info(self, field):
        with self.client() as client:
            return client.info()[field]

    def has(self, command):
        return self.ask("COMMAND", "INFO", command)[0] is not None

    def wait_for(self, key, value, timeout_s=300):
        """Wait for the first correct reply: `value` under `key`."""
        def answers():
            assert self.is_running(), "%s ended:\n%s" % (self.kind, self.output())
            return self.ask("GET", key) == value
        wait_until(answers, "%s of %s" % (key, self.kind), timeout_s, pause_s=0.002)

    def end(self):
        """SIGTERM; redis-server may put it off while it rewrites its file."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def anonymous_bytes(self):
        with open("/proc/%d/smaps_rollup" % self.process.pid) as rollup:
            return next((int(line.split()[1]) * 1024 for line in rollup if line.startswith("Anonymous:")), 0)


def pair(binary, durability):
    return Server("redis", None, durability), Server("hearth", binary, durability)


def send_all(server, commands, in_flight_max=16):
    """Each command of many words, some of them under way at once."""
    with server.client() as client:
        in_flight = 0
        for words in commands:
            client.socket.sendall(Client.encode(words))
            in_flight += 1
            if in_flight == in_flight_max:
                check(client.read())
                in_flight -= 1
        for _ in range(in_flight):
            check(client.read())


def check(reply):
    if isinstance(reply, ReplyError):
        raise reply


def fill(server, count, value_bytes=100):
    """Load keys key:000000000000 ... as redis-benchmark names them."""
    value = b"x" * value_bytes
    batches = (range(start, min(start + 200, count)) for start in range(0, count, 200))
    send_all(server, ([b"MSET"] + [word for i in batch for word in (b"key:%012d" % i, value)] for batch in batches))


def benchmark(server, test, requests, pipeline, keys, size=100):
    """One run of redis-benchmark, with one of its tests or a command's words: requests a second, and p99 in ms."""
    words = ["redis-benchmark", "-p", str(server.port), "-n", str(requests), "-c", "50", "-P", str(pipeline),
             "-r", str(keys), "-d", str(size), "--csv"]
    words += ["-t", test] if isinstance(test, str) else [str(word) for word in test]
    output = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
    rows = [row for row in csv.reader(io.StringIO(output)) if len(row) > 6 and row[0] != "test"]
    return float(rows[-1][1]), float(rows[-1][6])


def shown(value, unit=""):
    return ("%.0f%s" if value >= 100 else "%.3g%s") % (value, unit)


class Table:
    def __init__(self):
        print("%-44s %12s %12s %8s %8s" % ("figure (median of rounds)", "redis", "hearth", "ratio", "target"))

    def row(self, name, redis, hearth, target, unit=""):
        ratio = statistics.median(h / r if r else float("inf") for r, h in zip(redis, hearth))
        print("%-44s %12s %12s %8.2f %8s" % (name, shown(statistics.median(redis), unit),
                                             shown(statistics.median(hearth), unit), ratio, target))
        sys.stdout.flush()
