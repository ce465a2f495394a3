"""Several clients of one server that act in a fixed order, and all that each of them hears.

Nothing here waits for a time: after each step the server itself says who is blocked (CLIENT LIST), so it is known who
must have a reply by now, and who has been served by another's step.
"""
import select
import time

from hearth import wait_until
from resp import Connection

DEADLINE_S = 20.0
EVENTS = "__keyevent@*__:*"


def content(server, databases=2):
    """Every key of every database with what it holds, as a list that can be compared."""
    found = []
    watcher = Connection(server.port)
    for db in range(databases):
        watcher.call("SELECT", db)
        for _, key in sorted(watcher.call("KEYS", "*")[1]):
            reading = {b"list": ["LRANGE", key, 0, -1], b"string": ["GET", key],
                       b"zset": ["ZRANGE", key, 0, -1, "WITHSCORES"], b"stream": ["XRANGE", key, "-", "+"],
                       b"set": ["SORT", key, "ALPHA"]}
            kind = watcher.call("TYPE", key)[1]
            found.append((db, key, kind, watcher.call(*reading[kind])))
    watcher.close()
    return found


def steady(reply):
    """Without HELLO's number of the client; of ACL LOG without times, and of its clients what both servers tell alike."""
    kind, payload = reply
    if not isinstance(payload, list):
        return reply
    parts = [steady(part) for part in payload]
    for i in range(len(parts) - 1):
        if parts[i] in ((b"$", b"age-seconds"), (b"$", b"id")):
            parts[i + 1] = (b"$", b"some")
        elif parts[i] == (b"$", b"client-info"):
            fields = [word for word in parts[i + 1][1].split(b" ")
                      if word.startswith((b"flags=", b"db=", b"sub=", b"multi=", b"cmd=", b"user=", b"resp="))]
            parts[i + 1] = (b"$", b" ".join(fields))
    return (kind, parts)


class Actor:
    """One client: what it has sent that was not answered yet, and whether it is blocked."""

    def __init__(self, port, protocol):
        self.connection = Connection(port)
        if protocol == 3:
            self.connection.call("HELLO", "3")
        self.id = self.connection.call("CLIENT", "ID")[1].decode()
        self.outstanding = 0
        self.is_blocked = False

    def is_readable(self, timeout_s):
        return bool(select.select([self.connection.socket], [], [], timeout_s)[0])

    def take_replies(self):
        replies = [steady(self.connection.read()) for _ in range(self.outstanding)]
        self.outstanding = 0
        return replies


class Stage:
    """The clients of one server, by name, with one that watches them and one that hears of changed keys."""

    def __init__(self, server, protocol):
        self.server = server
        self.protocol = protocol
        self.actors = {}
        self.watcher = Connection(server.port)
        self.watcher.call("FLUSHALL")
        self.begin_users()
        self.watcher.call("CONFIG", "SET", "notify-keyspace-events", "EA")
        self.subscriber = Connection(server.port)
        self.subscriber.call("PSUBSCRIBE", EVENTS)

    def begin_users(self):
        """No user but the default one, as it is at first."""
        users = [name for _, name in self.watcher.call("ACL", "USERS")[1]]
        for name in users:
            if name != b"default":
                self.watcher.call("ACL", "DELUSER", name)
        self.watcher.call("ACL", "SETUSER", "default", "reset", "on", "nopass", "+@all", "~*", "&*")
        self.watcher.call("CONFIG", "SET", "acllog-max-len", 128, "acl-pubsub-default", "resetchannels")
        self.watcher.call("ACL", "LOG", "RESET")

    def actor(self, name):
        if name not in self.actors:
            self.actors[name] = Actor(self.server.port, self.protocol)
        return self.actors[name]

    def clients(self):
        """Fields of CLIENT LIST by id."""
        lines = self.watcher.call("CLIENT", "LIST")[1].decode().splitlines()
        return {fields["id"]: fields
                for fields in (dict(word.split("=", 1) for word in line.split(" ")) for line in lines)}

    def is_blocked(self, actor):
        fields = self.clients().get(actor.id)
        return fields is not None and "b" in fields["flags"]

    # --- Steps: each returns what was heard, as a list that can be compared ---

    def send(self, name, commands, expects_replies=True):
        """`name` sends all commands at once. Heard: its replies or that it waits, those of the clients that this
        served, the events, and how many wait."""
        actor = self.actor(name)
        assert not actor.is_blocked, "a blocked client cannot act"
        ids = {other: self.actors[other].id.encode() for other in self.actors}
        commands = [[ids.get(w[1:].decode(), w) if w.startswith(b"@") else w for w in words] for words in commands]
        actor.connection.send(commands)
        if expects_replies:
            actor.outstanding += len(commands)
            heard = self.settle(name, actor)
        else:
            heard = self.settle_silently(name, actor, commands[-1][0].decode().lower())
        return heard + self.others()

    def send_and_return(self, name, commands):
        """The same for commands whose time passes, if they wait at all: whether they do is not looked at."""
        actor = self.actor(name)
        actor.connection.send(commands)
        actor.outstanding += len(commands)
        return [(name, reply) for reply in actor.take_replies()] + self.others()

    def settle(self, name, actor):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            readable = actor.is_readable(0.002)
            if self.is_blocked(actor):
                actor.is_blocked = True
                return [(name, "waits")]
            if readable:
                return [(name, reply) for reply in actor.take_replies()]
        raise AssertionError("%s was neither answered nor blocked" % name)

    def settle_silently(self, name, actor, command):
        fields = wait_until(lambda: self.command_of(actor, command), "%s to run" % command, DEADLINE_S, 0.002)
        actor.is_blocked = "b" in fields["flags"]
        return [(name, "waits" if actor.is_blocked else "hears nothing")]

    def command_of(self, actor, command):
        fields = self.clients()[actor.id]
        return fields if fields["cmd"].split("|")[0] == command else None

    def returns(self, name):
        """The time of `name`'s wait passes."""
        actor = self.actor(name)
        wait_until(lambda: not self.is_blocked(actor), "%s to return" % name, DEADLINE_S, 0.002)
        return self.others()

    def release(self, words):
        """When all wait: somebody else writes what they wait for."""
        return [("watcher", self.watcher.call(*words))] + self.others()

    def close(self, name):
        actor = self.actors.pop(name)
        actor.connection.close()
        wait_until(lambda: actor.id not in self.clients(), "%s to be forgotten" % name, DEADLINE_S, 0.002)
        return self.others()

    def others(self):
        """Who was blocked and is so no longer has its replies; who was disconnected is told of, too."""
        clients = self.clients()
        heard = []
        for name, actor in sorted(self.actors.items()):
            fields = clients.get(actor.id)
            if actor.is_blocked and (fields is None or "b" not in fields["flags"]):
                actor.is_blocked = False
                heard += [(name, reply) for reply in self.replies_of(actor)]
        for name in [name for name, actor in self.actors.items() if actor.id not in clients]:
            self.actors.pop(name).connection.close()
            heard.append((name, "is disconnected"))
        return heard + [("events", self.events())] + self.counts()

    def replies_of(self, actor):
        try:
            return actor.take_replies()
        except (EOFError, ConnectionResetError):
            return []

    def counts(self):
        """INFO's, as (name, text)."""
        lines = self.watcher.call("INFO", "clients")[1].decode().splitlines()
        return [tuple(line.split(":")) for line in lines
                if line.startswith(("blocked_clients:", "clients_in_timeout_table:"))]

    def events(self):
        """What was published since the last call: PING's answer comes after all of it."""
        heard = []
        self.subscriber.send([["PING"]])
        while True:
            kind, message = self.subscriber.read()
            if message[0][1] == b"pong":
                return heard
            heard.append(message[2][1].decode().split("@")[1] + " " + repr(message[3][1])[1:])

    def end(self):
        """Whoever waits still is told to go; then all is closed."""
        heard = []
        for name, actor in sorted(self.actors.items()):
            if actor.is_blocked:
                heard.append(("watcher", self.watcher.call("CLIENT", "UNBLOCK", actor.id)))
                heard += self.others()
        for actor in self.actors.values():
            actor.connection.close()
        self.begin_users()
        self.subscriber.close()
        self.watcher.close()
        return heard
