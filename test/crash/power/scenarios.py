"""What is recorded, what is known at each moment of the record, and what must hold after a cut there."""
import copy
import os
import shutil
import subprocess

import hearth
import replication
import trace
import workload

SMALL = ("--log-segment-size", "1mb", "--checkpoint-memory", "1mb", "--repl-backlog-size", "16kb")


def newest_segment(disk):
    """The file that the log is written to; those before it were synced when it got its name."""
    log = disk.node("data/log") if disk.node("data") else None
    names = [name for name in log.names if name.endswith(".log")] if log else []
    return log.names[max(names)] if names else None


class Knowledge:
    """What the test's marks up to a cut say: which steps were sent, and which acknowledged."""

    def __init__(self, policy):
        self.policy = policy
        self.sent = 0
        self.acknowledged = 0
        self.synced = 0      # Acknowledged before the begin of a sync of the newest segment that has ended.
        self.begun = {}
        self.marked = {}     # Other marks, by name: the last value.

    def copy(self):
        return copy.deepcopy(self)

    def apply(self, record, disk):
        if record.kind == trace.MARK:
            for name, value in record.text.items():
                if name in ("sent", "acknowledged"):
                    setattr(self, name, value)
                self.marked[name] = value
        elif record.kind == trace.SYNC_BEGIN and disk.opened[record.handle][0] is newest_segment(disk):
            self.begun[record.a] = self.acknowledged
        elif record.kind == trace.SYNC_END and record.a in self.begun:
            self.synced = max(self.synced, self.begun.pop(record.a))

    def least(self):
        return self.acknowledged if self.policy == "always" else self.synced


class Scenario:
    """One folder with a configuration file and a data directory, recorded while work() runs."""

    name = None
    weight = 1
    lies = ()
    policy = "always"
    arguments = SMALL

    def __init__(self, options, scratch):
        self.options = options
        self.scratch = scratch
        self.root = os.path.join(scratch, "root")
        self.base = os.path.join(scratch, "base")
        self.trace_path = os.path.join(scratch, "trace")
        self.boot_id = os.path.join(scratch, "boot-id")
        self.records = []
        os.mkdir(self.root)
        with open(self.boot_id, "w") as file:
            file.write("00000000-0000-0000-0000-000000000000\n")

    def environment(self):
        return {"LD_PRELOAD": os.path.abspath(self.options.recorder), "HEARTH_TRACE": self.trace_path,
                "HEARTH_TRACE_ROOT": self.root, "HEARTH_TRACE_BOOT_ID": self.boot_id}

    def server(self, folder, env=None):
        """A server over a folder with hearth.conf and data/, not started."""
        server = hearth.Server(self.options.server, "--appendfsync", self.policy, *self.arguments, folder=folder, env=env,
                               start=False)
        path = os.path.join(folder, "hearth.conf")
        server.command = lambda: ([server.binary] + ([path] if os.path.exists(path) else []) +
                                  ["--port", str(server.port), "--data-dir", server.data])
        return server

    def record(self):
        """Prepare, take what is there as the disk's beginning, and let work() be recorded."""
        self.prepare()
        shutil.copytree(self.root, self.base)
        self.marks = trace.Marks(self.trace_path)
        try:
            self.work()
        finally:
            self.marks.close()
        output = os.path.join(self.root, "output")
        if os.path.exists(output):
            os.remove(output)
        self.records = trace.read(self.trace_path)

    def prepare(self):
        with open(os.path.join(self.root, "hearth.conf"), "w") as file:
            file.write("slowlog-max-len 100\n")

    def new_knowledge(self):
        return Knowledge(self.policy)

    def run_check_tool(self, folder):
        tool = os.path.join(os.path.dirname(os.path.abspath(self.options.server)), "hearth-check")
        done = subprocess.run([tool, os.path.join(folder, "data")], capture_output=True, timeout=60)
        assert done.returncode == 0, "hearth-check: %s" % (done.stdout + done.stderr).decode()


class OneNode(Scenario):
    """Writes of all kinds, checkpoints, segments that end and are let go, configuration rewritten, restarts."""

    steps = 750
    count = 0  # Steps that are done.

    def work(self):
        self.load = workload.Workload("%s %d" % (self.name, self.options.seed))
        server = self.server(self.root, self.environment())
        for life in range(3):
            server.start()
            with server.client() as client, server.client() as other:
                load = workload.Load(client, self.marks, self.load)
                load.count = self.count
                client.call("SELECT", self.load.db)
                for part in range(5):
                    load.run(self.steps // 15)
                    self.disturb(other, life * 5 + part)
                self.count = load.count
            server.stop() if life == 1 else server.kill()

    def disturb(self, client, number):
        """What is between the writes."""
        if number % 3 == 0:
            client.call("BGSAVE")
        elif number % 3 == 1:
            self.marks.add(config_sent=number)
            client.call("CONFIG", "SET", "slowlog-max-len", number)
            client.call("CONFIG", "REWRITE")
            self.marks.add(config_acknowledged=number)
        else:
            hearth.wait_until(lambda: client.call("SAVE") == "OK", "a checkpoint")  # Not while BGSAVE is at it.

    def check(self, folder, known):
        server = self.server(folder)
        try:
            states = []
            for life in range(2):
                server.start()
                states.append(self.look(server, known))
                if life == 1:
                    with server.client() as client:
                        assert client.call("SET", "probe", "there") == "OK"
                server.kill()
            assert states[0][0] == states[1][0], "a second start finds other data"
            assert states[0][1] <= states[1][1], "a second start is at an earlier offset"  # Later: keys fell due.
            self.run_check_tool(folder)
            server.start()
            with server.client() as client:
                assert client.call("GET", "probe") == b"there", "a write after the cut is lost"
            server.kill()
        finally:
            server.destroy()

    def look(self, server, known):
        found = replication.dataset(server, (0, 1))
        changes = self.load.model.changes
        count = workload.matching_prefix(changes, known.least(), known.sent, found)
        assert count is not None, "%d to %d steps may be there; %s" % (
            known.least(), known.sent, workload.describe_difference(changes, known.least(), found))
        with server.client() as client:
            length = int(client.call("CONFIG", "GET", "slowlog-max-len")[1])
            allowed = {known.marked.get("config_acknowledged", 100), known.marked.get("config_sent", 100)}
            assert length in allowed, "slowlog-max-len is %d, not one of %r" % (length, allowed)
            return (found, length), int(client.info("replication")["master_repl_offset"])


class Always(OneNode):
    name = "always"
    weight = 6
    lies = ("log", "data", "meta", "folders")


class EverySecond(OneNode):
    name = "everysec"
    weight = 3
    policy = "everysec"


ALL = (Always, EverySecond)
