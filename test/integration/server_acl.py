#!/usr/bin/python3
"""Users in the configuration and in the ACL file, what becomes of clients whose rights go, and what nobody may see.

Usage: server_acl.py HEARTH_SERVER"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, error_of, free_port, is_closed, run_tests, wait_until  # noqa: E402

SECRET = "correct-horse"


def configured(binary, *lines, password=None, start=True):
    """A server with a configuration file of these lines."""
    server = Server(binary, start=False, password=password)
    path = os.path.join(server.folder, "hearth.conf")
    os.mkdir(server.data)
    with open(path, "w") as file:
        file.write("port %d\ndir %s\n%s\n" % (server.port, server.data, "\n".join(lines)))
    server.config = path
    server.command = lambda: [server.binary, path]
    return server.start() if start else server


def refused(binary, *lines):
    """What a server says that does not start for its configuration, and --check-config too."""
    server = configured(binary, *lines, start=False)
    said = []
    for option in ([], ["--check-config"]):
        done = subprocess.run([server.binary] + option + [server.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=20, check=False)
        assert done.returncode == 1, (option, done.stdout)
        said.append(done.stdout.decode())
    return said


def users(server, **options):
    with server.client(**options) as client:
        return [line.decode() for line in client.call("ACL", "LIST")]


def put_file(server, text):
    with open(os.path.join(server.data, "users.acl"), "w") as file:
        file.write(text)


def test_users_of_the_configuration(binary):
    server = configured(binary, "user alice on >%s ~a:* +@read (%%W~log:* +append" % SECRET + ")", "user bob off nopass",
                        "user \"carol\" on nopass '~quo\"ted' &c")
    assert users(server) == [
        "user alice on #%s ~a:* resetchannels -@all +@read (%%W~log:* resetchannels -@all +append)" % sha(SECRET),
        "user bob off nopass resetchannels -@all", "user carol on nopass ~quo\"ted resetchannels &c -@all",
        "user default on nopass ~* &* +@all"]
    assert "the user 'bob' is off" in server.output()
    with server.client() as client:
        assert client.call("AUTH", "alice", SECRET) == "OK"
        assert client.call("GET", "a:1") is None
        assert error_of(client, "SET", "a:1", "x") == "NOPERM this user has no permissions to run the 'set' command"
        assert client.call("APPEND", "log:1", "x") == 1
        assert "one of the keys" in error_of(client, "GET", "log:1")
        assert "WRONGPASS" in error_of(client, "AUTH", "bob", "any")


def sha(text):
    return subprocess.run(["sha256sum"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout[:64].decode()


def test_faulty_users_are_refused_with_file_and_line(binary):
    for lines, reason in (
            (["# one", "user eve on +nosuch"], "hearth.conf: line 4: Error in user declaration '+nosuch': Unknown command"),
            (["user eve on", "user eve off"], "hearth.conf: line 4: Error in user declaration 'eve': Duplicate user"),
            (["user eve on (~a"], "hearth.conf: line 3: Error in user declaration '(~a': Unmatched parenthesis"),
            (["user eve <" + SECRET], "line 3: Error in user declaration 'eve': The password you are trying to remove"),
            (["aclfile users.acl", "user eve on"], "line 4: users are defined by `user` lines and by aclfile"),
            (["aclfile nosuch.acl"], "Error loading ACLs, opening file 'nosuch.acl': No such file or directory"),
            (["user"], "line 3: 'user' takes a name and rules")):
        for said in refused(binary, *lines):
            assert reason in said and SECRET not in said, (reason, said)


def test_config_rewrite_keeps_the_users(binary):
    server = configured(binary, "# who may come in", "user alice on >%s ~a:* +@read" % SECRET, "user bob on nopass", "hz 20")
    with server.client() as client:
        client.call("ACL", "SETUSER", "alice", "+set", "(+get ~b)", "~quo\"ted", "~back\\slash", "~\xfc")
        client.call("ACL", "DELUSER", "bob")
        client.call("ACL", "SETUSER", "carol", "on", ">other")
        before = client.call("ACL", "LIST")
        assert client.call("CONFIG", "REWRITE") == "OK"
    with open(server.config, errors="surrogateescape") as file:
        lines = file.read().splitlines()
    assert SECRET not in "\n".join(lines)
    assert lines[2] == "# who may come in" and lines[6] == "hz 20", lines
    assert [line.split()[1] for line in lines[3:6]] == ["alice", "carol", "default"], lines
    server.kill()
    server.start()
    with server.client() as client:
        assert client.call("ACL", "LIST") == before


def test_config_rewrite_writes_users_only_where_there_are_any(binary):
    server = configured(binary)
    with server.client() as client:
        assert client.call("CONFIG", "REWRITE") == "OK"
        assert "user" not in open(server.config).read()
        assert client.call("CONFIG", "SET", "requirepass", SECRET) == "OK"
        assert client.call("CONFIG", "REWRITE") == "OK"
        text = open(server.config).read()
        assert "requirepass " + SECRET in text and "user" not in text, text
        assert client.call("ACL", "SETUSER", "default", "-flushall") == "OK"
        assert client.call("CONFIG", "REWRITE") == "OK"
        assert "user default on #%s ~* &* +@all -flushall\n" % sha(SECRET) in open(server.config).read()
        assert client.call("ACL", "SETUSER", "default", "+@all") == "OK"
        assert client.call("CONFIG", "REWRITE") == "OK"
        assert "user default on #%s ~* &* +@all\n" % sha(SECRET) in open(server.config).read()


def test_the_file_is_loaded_whole_or_not(binary):
    server = configured(binary, "aclfile users.acl", start=False)
    put_file(server, "user bob on nopass ~b* +@all\n")
    server.start()
    with server.client() as client:
        assert client.call("CONFIG", "GET", "aclfile") == [b"aclfile", b"users.acl"]
        put_file(server, "user bob off\nuser eve on +nosuch\n")
        assert error_of(client, "ACL", "LOAD").startswith("ERR users.acl:2: Error in applying operation '+nosuch'")
        assert users(server)[0] == "user bob on nopass ~b* resetchannels +@all"
        put_file(server, "user eve on\n")
        subscriber = server.client()
        subscriber.call("SUBSCRIBE", "a")
        assert client.call("ACL", "LOAD") == "OK"
        assert users(server) == ["user default on nopass ~* &* +@all", "user eve on resetchannels -@all"]
        put_file(server, "user default on nopass +@all ~* &b\n")
        assert client.call("ACL", "LOAD") == "OK"
        assert is_closed(subscriber)  # The default user's clients stay, but not to hear what it may not.
        subscriber.close()


def test_the_file_is_replaced_at_once(binary):
    server = configured(binary, "aclfile users.acl", start=False)
    put_file(server, "user bob on nopass\n")
    server.start()
    with server.client() as client:
        client.call("ACL", "SETUSER", "carol", "on", ">" + SECRET, "~c*", "+@all", "-@admin")
        assert client.call("ACL", "SAVE") == "OK"
        saved = client.call("ACL", "LIST")
        assert client.call("CONFIG", "REWRITE") == "OK"  # The users have their own file.
        os.makedirs(os.path.join(server.data, "users.acl.tmp", "in-the-way"))
        client.call("ACL", "SETUSER", "dave")
        assert error_of(client, "ACL", "SAVE") == (
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information")
        assert "cannot save the users to the ACL file users.acl" in server.output()
        shutil.rmtree(os.path.join(server.data, "users.acl.tmp"))
    assert not re.search("^user", open(server.config).read(), re.M)
    server.kill()
    server.start()
    with server.client() as client:
        assert client.call("ACL", "LIST") == saved


def test_loading_closes_the_clients_of_named_users(binary):
    server = configured(binary, "aclfile users.acl", start=False)
    put_file(server, "user bob on nopass ~b* +@all\n")
    server.start()
    with server.client() as admin, server.client() as bob, server.client() as self_made:
        assert bob.call("AUTH", "bob", "x") == "OK"
        assert self_made.call("AUTH", "bob", "x") == "OK"
        bob.socket.sendall(bob.encode(["BLPOP", "b", "0"]))
        wait_until(lambda: admin.info("clients")["blocked_clients"] == "1", "bob to wait")
        assert self_made.call("ACL", "LOAD") == "OK"
        assert is_closed(bob) and is_closed(self_made)
        assert admin.call("PING") == "PONG"
        assert admin.call("RPUSH", "b", "1") == 1
        assert admin.call("LLEN", "b") == 1  # Nobody waited any more.


def test_subscribers_go_with_their_channels(binary):
    server = Server(binary)
    with server.client() as admin:
        admin.call("ACL", "SETUSER", "u", "on", "nopass", "+@all", "resetchannels", "&news.*", "&chat")
        clients = [server.client() for _ in range(4)]
        for client in clients:
            client.call("AUTH", "u", "x")
        clients[0].call("SUBSCRIBE", "news.de")
        clients[1].call("PSUBSCRIBE", "news.*")
        clients[2].call("SSUBSCRIBE", "chat")
        assert admin.call("ACL", "SETUSER", "u", "resetchannels", "&news.de", "&chat") == "OK"
        assert is_closed(clients[1])  # The pattern would match more than it may hear now.
        assert admin.call("PUBLISH", "news.de", "hello") == 1
        assert admin.call("ACL", "SETUSER", "u", "resetchannels") == "OK"
        assert is_closed(clients[2])
        assert clients[0].read() == [b"message", b"news.de", b"hello"]
        assert is_closed(clients[0])
        assert clients[3].call("PING") == "PONG"
        assert admin.info("stats")["pubsub_channels"] == "0"
        for client in clients:
            client.close()


def test_denials_are_counted(binary):
    server = Server(binary)
    fields = ["acl_access_denied_%s" % what for what in ("auth", "cmd", "key", "channel")]
    with server.client() as admin, server.client() as client:
        admin.call("ACL", "SETUSER", "u", "on", ">x", "+get", "+publish", "~a")
        error_of(client, "AUTH", "u", "y")
        client.call("AUTH", "u", "x")
        client.pipeline([["SET", "a", "1"], ["GET", "b"], ["GET", "b"], ["PUBLISH", "c", "m"]])
        stats = admin.info("stats")
        assert [stats[field] for field in fields] == ["1", "1", "2", "1"], stats
        assert admin.info("errorstats")["errorstat_NOPERM"] == "count=4"
        assert admin.call("CONFIG", "RESETSTAT") == "OK"
        assert [admin.info("stats")[field] for field in fields] == ["0"] * 4


def watched(server):
    """What MONITOR and SLOWLOG show of commands with passwords in them, whatever becomes of these."""
    commands = [["AUTH", SECRET], ["AUTH", "nosuch", SECRET], ["HELLO", "2", "SETNAME", "x", "AUTH", "default", SECRET],
                ["HELLO", "2", "AUTH", "default", SECRET, "SETNAME", "x"], ["ACL", "SETUSER", "u", "on", ">" + SECRET],
                ["CONFIG", "SET", "hz", "20", "masterauth", SECRET, "MasterUser", SECRET],
                ["MIGRATE", "127.0.0.1", "1", "a", "0", "10", "COPY", "AUTH", SECRET],
                ["MIGRATE", "127.0.0.1", "1", "", "0", "10", "AUTH2", "me", SECRET, "KEYS", "a", "auth", "b"], ["PING"]]
    with server.client() as client, server.client() as watcher:
        client.call("CONFIG", "SET", "slowlog-log-slower-than", "0")
        client.call("SLOWLOG", "RESET")
        assert watcher.call("MONITOR") == "OK"
        client.pipeline(commands)
        shown = []
        while not shown or b"PING" not in shown[-1]:
            shown.append(watcher.stream.readline())
        slow = [entry[3] for entry in client.call("SLOWLOG", "GET", "100") if entry[3][0] not in (b"SLOWLOG", b"MONITOR")]
    return [re.sub(rb"^.*?\] ", b"", line) for line in shown], slow[::-1]


def test_passwords_are_struck_out_as_in_redis(binary):
    hearth = watched(Server(binary))
    redis = watched(Server(kind="redis"))
    assert SECRET not in repr(hearth), hearth
    assert hearth == redis, (hearth, redis)


def test_nobody_sees_a_password(binary):
    server = Server(binary, "--slowlog-log-slower-than", "0", "--loglevel", "debug")
    with server.client() as admin, server.client() as watcher:
        assert watcher.call("MONITOR") == "OK"
        admin.call("ACL", "SETUSER", "u", "on", ">" + SECRET, "+@all")
        error_of(admin, "ACL", "SETUSER", "u", "<" + SECRET + "x")
        error_of(admin, "AUTH", "u", SECRET + "x")
        admin.call("AUTH", "u", SECRET)
        admin.call("HELLO", "2", "AUTH", "u", SECRET)
        admin.call("CONFIG", "SET", "masterauth", SECRET)
        admin.call("CONFIG", "SET", "requirepass", SECRET)
        admin.call("PING")
        seen = b""
        while b"PING" not in seen:
            seen += watcher.stream.readline()
        shown = repr([seen, admin.call("SLOWLOG", "GET", "100"), admin.call("ACL", "LOG"), admin.call("ACL", "LIST"),
                      admin.call("CLIENT", "LIST"), server.output(100000)])
        assert SECRET not in shown, shown


def test_rights_do_not_bind_recovery(binary):
    server = configured(binary, "appendfsync always")
    with server.client() as client:
        client.call("SET", "a", "1")
        client.call("ACL", "SETUSER", "default", "-@all", "+ping", "+acl", "+config")
        client.call("ACL", "SETUSER", "root", "on", "nopass", "+@all", "~*")
        assert client.call("CONFIG", "REWRITE") == "OK"
        client.call("AUTH", "root", "x")
        client.pipeline([["MULTI"], ["SET", "b", "2"], ["INCR", "a"], ["EXEC"]])
    server.kill()
    server.start()
    with server.client() as client:
        assert "NOPERM" in error_of(client, "GET", "a")
        client.call("AUTH", "root", "x")
        assert client.call("MGET", "a", "b") == [b"2", b"2"]


def test_a_replica_logs_in_as_a_user_and_has_users_of_its_own(binary):
    master = configured(binary, "user link on >%s +psync +replconf +ping" % SECRET, "user default off",
                        "user root on nopass +@all ~* &*", start=False)
    master.start(wait=False)
    replica = configured(binary, "replicaof 127.0.0.1 %d" % master.port, "masteruser link", "masterauth " + SECRET,
                         "user root on nopass +@all ~* &*", "user default on nopass +ping", start=False)
    replica.start()

    def root(server):
        client = Client(server.port)
        client.call("AUTH", "root", "x")
        return client

    wait_until(lambda: os.path.exists(master.output_path) and "Ready" in master.output(), "the master")
    with root(master) as on_master, root(replica) as on_replica:
        on_master.call("SET", "a", "1")
        assert on_master.call("ACL", "SETUSER", "only-here", "on") == "OK"
        wait_until(lambda: on_replica.call("GET", "a") == b"1", "the replica to have it")
        assert on_replica.call("ACL", "USERS") == [b"default", b"root"]
        wait_until(lambda: on_replica.info("replication")["master_link_status"] == "up", "the link to be up")
        assert b"user=link" in on_master.call("CLIENT", "LIST", "TYPE", "replica")
        assert on_master.call("ACL", "DELUSER", "link") == 1
        wait_until(lambda: on_replica.info("replication")["master_link_status"] == "down", "the link to go")
        on_master.call("ACL", "SETUSER", "link", "on", ">" + SECRET, "+psync", "+replconf", "+ping")
        on_master.call("INCR", "a")
        wait_until(lambda: on_replica.call("GET", "a") == b"2", "the replica to come back", 60)
        assert on_replica.info("stats")["total_error_replies"] is not None


def test_redis_cli_logs_in(binary):
    server = Server(binary)
    with server.client() as admin:
        admin.call("ACL", "SETUSER", "u", "on", ">" + SECRET, "+acl|whoami", "+ping")

    def say(*words):
        return subprocess.run(["redis-cli", "-p", str(server.port), "--no-auth-warning"] + list(words), timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode().strip()

    assert say("--user", "u", "--pass", SECRET, "ACL", "WHOAMI") == "u"
    assert "WRONGPASS" in say("--user", "u", "--pass", "x", "PING")
    assert "NOPERM" in say("--user", "u", "--pass", SECRET, "GET", "a")


def test_sentinel_needs_no_more_than_its_documentation_says(binary):
    if shutil.which("redis-sentinel") is None:
        print("redis-sentinel is not installed")
        return
    server = configured(
        binary, "user sentinel on >%s allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish "
        "+info +client|setname +client|kill +script|kill" % SECRET, "user default off", start=False)
    server.start(wait=False)
    port = free_port()
    path = os.path.join(server.folder, "sentinel.conf")
    with open(path, "w") as file:
        file.write("port %d\ndir %s\nsentinel monitor hearth 127.0.0.1 %d 1\nsentinel auth-user hearth sentinel\n"
                   "sentinel auth-pass hearth %s\nsentinel down-after-milliseconds hearth 3000\n" %
                   (port, server.folder, server.port, SECRET))
    process = subprocess.Popen(["redis-sentinel", path], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        def state():
            try:
                with Client(port) as client:
                    words = client.call("SENTINEL", "MASTER", "hearth")
                return dict(zip(words[::2], words[1::2]))
            except OSError:
                return {}

        wait_until(lambda: state().get(b"flags") == b"master" and state()[b"role-reported"] == b"master" and
                   len(state()[b"runid"]) == 40, "sentinel to know the master", 30)
        with Client(server.port) as client:
            client.call("AUTH", "sentinel", SECRET)
            assert client.info("stats")["acl_access_denied_cmd"] == "0"
            assert client.info("stats")["pubsub_channels"] == "1"  # Sentinel listens.
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
