"""What every scenario has: a folder that is recorded, and what is known at each moment of the record."""
import copy
import os
import shutil
import signal
import subprocess
import threading

import hearth
import trace

SMALL = ("--log-segment-size", "1mb", "--checkpoint-memory", "1mb", "--repl-backlog-size", "16kb")


def run_tool(server, name, *arguments, env=None):
    """The tool beside the server: exit code and all that it said."""
    tool = os.path.join(os.path.dirname(os.path.abspath(server)), name)
    done = subprocess.run([tool] + [str(a) for a in arguments], capture_output=True, timeout=60,
                          env=dict(os.environ, **(env or {})))
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def newest_segment(disk):
    """The file that the log is written to; those before it were synced when it got its name."""
    log = disk.node("data/log") if disk.node("data") else None
    names = [name for name in log.names if name.endswith(".log")] if log else []
    return log.names[max(names)] if names else None


ports = set()  # Those given to this process's servers: states are tried side by side, and a freed port comes back soon.
ports_lock = threading.Lock()


def own_port():
    with ports_lock:
        if len(ports) > 5000:
            ports.clear()
        port = hearth.free_port()
        while port in ports:
            port = hearth.free_port()
        ports.add(port)
        return port


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
        os.makedirs(self.root)
        with open(self.boot_id, "w") as file:
            file.write("00000000-0000-0000-0000-000000000000\n")

    def environment(self):
        return {"LD_PRELOAD": os.path.abspath(self.options.recorder), "HEARTH_TRACE": self.trace_path,
                "HEARTH_TRACE_ROOT": self.root, "HEARTH_TRACE_BOOT_ID": self.boot_id}

    def server(self, folder, env=None):
        """A server over a folder with hearth.conf and data/, not started."""
        server = hearth.Server(self.options.server, "--appendfsync", self.policy, *self.arguments, folder=folder, env=env,
                               port=own_port(), start=False)
        path = os.path.join(folder, "hearth.conf")
        server.command = lambda: ([server.binary] + ([path] if os.path.exists(path) else []) +
                                  ["--port", str(server.port), "--data-dir", server.data])
        return server

    @staticmethod
    def kill(server):
        """kill -9 of a recorded server (trace.h: TRACE_DEATH_SIGNAL)."""
        server.process.send_signal(signal.SIGUSR2)
        code = server.process.wait(30)
        assert code == -signal.SIGKILL, "the server ended with %d before it was killed:\n%s" % (code, server.output())

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

    def run_tool(self, name, *arguments, env=None):
        return run_tool(self.options.server, name, *arguments, env=env)

    def run_check_tool(self, folder):
        code, said = self.run_tool("hearth-check", os.path.join(folder, "data"))
        assert code == 0, "hearth-check: %s" % said

    def finish(self):
        """Nothing is recorded or checked any more."""
