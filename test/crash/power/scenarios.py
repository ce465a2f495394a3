"""What is recorded, and what must hold after a cut: every promise about a crash, as a scenario."""
import os
import random
import socket
import time

import disk
import hearth
import replication
import trace
import workload
from scenario import Knowledge, Scenario


class OneNode(Scenario):
    """Writes of all kinds, checkpoints, segments that end and are let go, configuration rewritten, restarts."""

    steps = 750
    most_bytes = 30000  # Of a value.
    count = 0  # Steps that are done.

    def work(self):
        self.load = workload.Workload("%s %d" % (self.name, self.options.seed), self.most_bytes)
        server = self.server(self.root, self.environment())
        for life in range(3):
            server.start()
            with server.client() as client, server.client() as other:
                load = workload.Load(client, self.marks, self.load)
                load.count = self.count
                client.call("SELECT", self.load.db)
                self.marks.add(history=client.info("replication")["master_replid"])
                for part in range(5):
                    load.run(self.steps // 15)
                    self.disturb(other, life * 5 + part)
                    if part in (2, 3):  # The log is let go, and synced under everysec, once a second.
                        time.sleep(1.05)
                self.count = load.count
            server.stop() if life == 1 else self.kill(server)

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
            assert states[0] == states[1], "a second start finds other data"
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
            self.check_history(client.info("replication")["master_replid"], known, count)
            return found, length

    def check_history(self, found, known, count):
        """What replicas hold must never be taken for equal when it is not (S8); and else they go on by partial sync (P3)."""
        told = known.marked.get("history")
        if self.policy == "always":
            assert told in (None, found), "a power cut began a new history"
        elif count < known.acknowledged:
            assert told != found, "%d acknowledged steps are lost, and the history is the same" % (known.acknowledged - count)


class Always(OneNode):
    name = "always"
    weight = 6
    lies = ("log", "data", "meta", "folders")


class EverySecond(OneNode):
    name = "everysec"
    weight = 3
    policy = "everysec"


class Archive(OneNode):
    """With log-archive-dir, no segment is ever missing from both the log and the archive, and what is archived is whole."""

    name = "archive"
    weight = 2
    lies = ("folders",)

    most_bytes = 150000

    class Knowledge(Knowledge):
        def __init__(self, policy):
            super().__init__(policy)
            self.segments = set()  # Names that segments were given.

        def apply(self, record, disk):
            super().apply(record, disk)
            name = os.path.basename(record.text.decode().split("\0")[-1]) if record.kind == trace.RENAME else ""
            if name.endswith(".log"):
                self.segments.add(name)

    def new_knowledge(self):
        return Archive.Knowledge(self.policy)

    def server(self, folder, env=None):
        server = super().server(folder, env)
        server.arguments += ["--log-archive-dir", os.path.join(folder, "kept", "archive")]
        return server

    def prepare(self):
        super().prepare()
        os.mkdir(os.path.join(self.root, "kept"))  # Where nothing else is ever made, and so synced.

    def work(self):
        super().work()
        assert os.listdir(os.path.join(self.root, "kept", "archive")), "nothing was archived"

    def check(self, folder, known):
        super().check(folder, known)
        archive = os.path.join(folder, "kept", "archive")
        held = set(os.listdir(os.path.join(folder, "data", "log")))
        archived = {name for name in os.listdir(archive) if name.endswith(".log")}
        newest = max(name for name in held if name.endswith(".log"))
        missing = {name for name in known.segments if name < newest} - held - archived
        assert not missing, "in neither log nor archive: %r" % sorted(missing)
        if archived:
            code, said = self.run_tool("hearth-check", archive)
            assert code == 0, "hearth-check of the archive: %s" % said


class Recovery(Always):
    """The power fails in a start after a power cut: what the first recovery has shown, the second has too."""

    name = "recovery"
    weight = 3
    lies = ()

    def prepare(self):
        """The folder as a cut leaves it, in the middle of a commit or of a record."""
        inner = Always(self.options, os.path.join(self.scratch, "inner"))
        inner.record()
        draw = random.Random("recovery %d" % self.options.seed)
        writes = [i for i, record in enumerate(inner.records) if record.kind == trace.WRITE]
        self.load, self.before = inner.load, inner.new_knowledge()
        model = disk.Disk(inner.base)
        for record in inner.records[:draw.choice(writes[len(writes) // 3:]) + 1]:
            model.apply(record)
            self.before.apply(record, model)
        os.rmdir(self.root)
        model.cut(self.root, draw.choice(("sectors", "blocks")), draw)

    def new_knowledge(self):
        return self.before.copy()

    def work(self):
        server = self.server(self.root, self.environment())
        for life in range(3):
            server.start()
            found, _ = self.look(server, self.before)
            shown = workload.matching_prefix(self.load.model.changes, self.before.least(), self.before.sent, found)
            self.marks.add(acknowledged=shown)
            if life == 1:
                with server.client() as client:
                    client.call("SAVE")
            self.kill(server)


class Replica(Scenario):
    """A node with data of its own becomes a replica: its role, the full sync that replaces its data, the stream after it;
    then it restarts, and is promoted."""

    name = "replica"
    weight = 5
    lies = ("files", "folders")

    def work(self):
        self.own = workload.Workload("own %d" % self.options.seed)
        self.masters = workload.Workload("masters %d" % self.options.seed)
        self.held = None
        folder = os.path.join(self.scratch, "master")
        os.mkdir(folder)
        master, replica = self.server(folder), self.server(self.root, self.environment())
        master.start()
        replica.start()
        self.master_port = master.port
        with replica.client() as client:
            load = workload.Load(client, self.marks, self.own, ("own_sent", "own_acknowledged"))
            load.run(60)
            client.call("SAVE")
            load.run(20)
        with master.client() as client:
            self.load = workload.Load(client, self.marks, self.masters, ("sent", None))
            self.load.run(120)
            client.call("SAVE")
            self.load.run(20)
            self.become(replica, "127.0.0.1", master.port)
            for part in range(4):
                self.load.run(40)
                self.await_step(replica)
                if part == 1:
                    self.kill(replica)
                    replica.start()
                elif part == 2:
                    with replica.client() as other:
                        other.call("SAVE")
        self.become(replica, "NO", "ONE")
        with replica.client() as client:
            client.call("SELECT", self.masters.db)
            load = workload.Load(client, self.marks, self.masters, ("sent", "acknowledged"))
            load.count = self.load.count
            load.run(30)
        self.kill(replica)
        master.destroy()
        self.held = socket.socket()  # Nobody else may listen there while states are tried.
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.held.bind(("127.0.0.1", self.master_port))

    def finish(self):
        if self.held:
            self.held.close()

    def become(self, replica, *words):
        role = "master" if words[0] == "NO" else "slave"
        self.marks.add(role_sent=role)
        with replica.client() as client:
            client.call("REPLICAOF", *words)
        self.marks.add(role_acknowledged=role)

    def await_step(self, replica):
        """What a replica reveals is as durable as what it acknowledges: so a last step that shows says that all are."""
        value = b"%d" % self.load.count
        self.load.run_one((0, b"mark"), value)

        def shows():
            with replica.client() as client:
                return client.call("GET", "mark") == value
        hearth.wait_until(shows, "step %d on the replica" % self.load.count)
        self.marks.add(acknowledged=self.load.count)

    def check(self, folder, known):
        server = self.server(folder)
        try:
            states = []
            for life in range(2):
                server.start()
                states.append(self.look(server, known))
                if life == 1:
                    with server.client() as client:
                        client.call("REPLICAOF", "NO", "ONE")
                        assert client.call("SET", "probe", "there") == "OK"
                server.kill()
            assert states[0] == states[1], "a second start finds other data"
            self.run_check_tool(folder)
            server.start()
            with server.client() as client:
                assert client.call("GET", "probe") == b"there" and replication.role_of(server) == "master"
            server.kill()
        finally:
            server.destroy()

    def look(self, server, known):
        marked = known.marked
        role = replication.role_of(server)
        allowed = {marked.get("role_acknowledged", "master"), marked.get("role_sent", "master")}
        assert role in allowed, "the role is %s, not one of %r" % (role, allowed)
        found = replication.dataset(server, (0, 1))
        is_old = is_new = None
        if not known.acknowledged:
            is_old = workload.matching_prefix(self.own.model.changes, marked.get("own_acknowledged", 0),
                                              marked.get("own_sent", 0), found)
        if "role_sent" in marked:
            is_new = workload.matching_prefix(self.masters.model.changes, known.acknowledged, known.sent, found)
        assert is_old is not None or is_new is not None, "neither the old data (%r to %r) nor the master's; %s" % (
            marked.get("own_acknowledged"), marked.get("own_sent"),
            workload.describe_difference(self.masters.model.changes, known.acknowledged, found))
        return role, found


class Restore(Scenario):
    """hearth-restore over a directory that has data, and over none: the old or the new, and the new once it says so."""

    name = "restore"
    weight = 2
    lies = ("files", "folders")
    over = True

    def prepare(self):
        super().prepare()
        self.old, self.new = {}, {}
        self.snapshot = os.path.join(self.scratch, "snapshot.hsnap")
        folder = os.path.join(self.scratch, "source")
        os.mkdir(folder)
        self.new = self.fill(folder, "new")
        code, said = self.run_tool("hearth-dump", "--data-dir", os.path.join(folder, "data"), "--output", self.snapshot)
        assert code == 0, said
        if self.over:
            self.old = self.fill(self.root, "old")

    def fill(self, folder, name):
        server = self.server(folder)
        server.start()
        with server.client() as client:
            load = workload.Load(client, None, workload.Workload("%s %d" % (name, self.options.seed)), (None, None))
            load.run(100)
        time.sleep(workload.SHORT_MS / 1000)  # Until what is there for a short time has gone.
        found = replication.dataset(server, (0, 1))
        assert server.stop() == 0
        os.remove(server.output_path)
        return found

    def restore(self, folder, env=None):
        code, said = self.run_tool("hearth-restore", "--data-dir", os.path.join(folder, "data"), self.snapshot, "--force",
                                   env=env)
        assert code == 0, said

    def work(self):
        self.restore(self.root, self.environment())
        self.marks.add(restored=True)
        server = self.server(self.root, self.environment())
        server.start()
        self.kill(server)

    def check(self, folder, known):
        server = self.server(folder)
        try:
            found = self.look(server)
            assert found == self.new or (found == self.old and not known.marked.get("restored")), "%d keys of neither" % len(found)
            assert self.look(server) == found, "a second start finds other data"
            self.run_check_tool(folder)
            self.restore(folder)
            assert self.look(server) == self.new, "restored again, it is not whole"
        finally:
            server.destroy()

    def look(self, server):
        server.start()
        found = replication.dataset(server, (0, 1))
        server.kill()
        return found


class RestoreNew(Restore):
    name = "restore-new"
    over = False


class Steps(Scenario):
    """Checkpoints that need several commits, with a redo file between them: the store without a server (store_life.c)."""

    name = "steps"
    weight = 4
    lies = ("redo", "meta", "data")
    lines = 400

    def work(self):
        for life in range(2):  # The second finds what the first has left, and runs nothing new.
            code, said = self.run_tool("power-store", "run" if life == 0 else "look", os.path.join(self.root, "data"),
                                       self.options.seed, self.lines, *([self.lines] if life else []),
                                       env=self.environment())
            assert code == 0, said

    def check(self, folder, known):
        code, said = self.run_tool("power-store", "look", os.path.join(folder, "data"), self.options.seed,
                                   known.acknowledged, known.sent)
        assert code == 0, said
        self.run_check_tool(folder)


ALL = (Always, EverySecond, Archive, Recovery, Replica, Restore, RestoreNew, Steps)
