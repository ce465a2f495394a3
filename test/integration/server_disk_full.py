#!/usr/bin/python3
"""A full disk: writes are refused with one clear error, reads go on, nothing that was acknowledged is lost, and writes come
back by themselves when there is room. On a small tmpfs (which needs root), and with files that may not grow.

Usage: server_disk_full.py HEARTH_SERVER"""
import errno
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import ReplyError, free_port, Server, run_tests, wait_until  # noqa: E402
from replication import follow, wait_caught_up, wait_link  # noqa: E402

LIMITS = ("--log-segment-size", "1mb", "--checkpoint-memory", "1mb", "--repl-backlog-size", "16kb")
REFUSAL = "MISCONF Errors writing to the AOF file: No space left on device"


class SmallDisk:
    """A file system of so many MiB, filled up and emptied by a file of its own."""

    def __init__(self, size_mib):
        self.path = tempfile.mkdtemp(prefix="hearth-small-disk-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % size_mib, "none", self.path], check=True,
                       capture_output=True)
        self.filler = os.path.join(self.path, "filler")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)
        shutil.rmtree(self.path, ignore_errors=True)

    def folder(self, name):
        path = os.path.join(self.path, name)
        os.makedirs(path, exist_ok=True)
        return path

    def fill(self, leave_bytes=0):
        """The server takes and gives space meanwhile, so step by step."""
        block = bytes(65536)
        with open(self.filler, "ab", buffering=0) as file:
            try:
                while True:
                    facts = os.statvfs(self.path)
                    if facts.f_bavail * facts.f_bsize <= leave_bytes:
                        return
                    file.write(block[:facts.f_bavail * facts.f_bsize - leave_bytes])
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def give_back(self, free_bytes):
        os.truncate(self.filler, os.path.getsize(self.filler) - free_bytes)

    def empty(self):
        os.remove(self.filler)


class Writer:
    """Writes keys one after the other until it is refused."""

    def __init__(self, size=1000):
        self.count = 0
        self.size = size

    def value(self, i):
        return b"%d-" % i + b"v" * self.size

    def write_until_refused(self, client, most=100000):
        for _ in range(most):
            try:
                client.call("SET", "key:%d" % self.count, self.value(self.count))
            except ReplyError as error:
                return str(error)
            self.count += 1
        raise AssertionError("never refused")

    def check(self, server):
        """All that was acknowledged is there, and nothing that was refused."""
        with server.client() as client:
            for begin in range(0, self.count, 500):
                numbers = range(begin, min(begin + 500, self.count))
                values = client.call("MGET", *["key:%d" % i for i in numbers])
                lost = [i for i, value in zip(numbers, values) if value != self.value(i)]
                assert not lost, "%d acknowledged keys are lost, first %d of %d" % (len(lost), lost[0], self.count)
            assert client.call("EXISTS", "key:%d" % self.count) == 0, "a refused write is there"


def is_open_again(server):
    with server.client() as client:
        return client.call("SET", "open-again", "yes") == "OK"


def fill_up(disk, server, writer):
    """Until not even the smallest write is taken: the server makes room meanwhile, by letting go what it can of its log."""
    deadline = time.monotonic() + 30
    refused_since = time.monotonic()
    with server.client() as client:
        while time.monotonic() < refused_since + 1.2:
            assert time.monotonic() < deadline, "it takes writes for ever"
            disk.fill()
            before = writer.count
            assert writer.write_until_refused(client) == REFUSAL
            if writer.count != before or refusal_of(client, "INCR", "filling") != REFUSAL:
                refused_since = time.monotonic()
            time.sleep(0.001)


def refusal_of(client, *words):
    try:
        return client.call(*words)
    except ReplyError as error:
        return str(error)


def health_of(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % port, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def assert_refuses_and_serves(server, writer):
    with server.client() as client:
        for words in (("INCR", "number"), ("DEL", "key:0"), ("FLUSHALL",), ("LPUSH", "list", "a")):
            assert refusal_of(client, *words) == REFUSAL, words
        client.call("MULTI")
        assert refusal_of(client, "SET", "half", "1") in ("QUEUED", REFUSAL)
        assert refusal_of(client, "EXEC") in (REFUSAL, "EXECABORT Transaction discarded because of previous errors.")
        assert client.call("EXISTS", "half") == 0
        info = client.info("persistence")
        assert info["aof_last_write_status"] == "err", info
        assert client.call("PING") == "PONG"
    writer.check(server)


def fill_heal_and_restart(binary, disk, *arguments):
    http_port = free_port()
    server = Server(binary, *LIMITS, "--http-port", http_port, *arguments, folder=disk.folder("node"))
    writer = Writer()
    with server.client() as client:
        for _ in range(2000):
            client.call("SET", "key:%d" % writer.count, writer.value(writer.count))
            writer.count += 1
        disk.fill(leave_bytes=1 << 20)
        assert writer.write_until_refused(client) == REFUSAL
    fill_up(disk, server, writer)
    assert_refuses_and_serves(server, writer)
    assert health_of(http_port) == (503, b"disk full: writes are refused\n")
    disk.empty()
    wait_until(lambda: is_open_again(server), "writes after the disk has room", 20)
    with server.client() as client:
        wait_until(lambda: client.call("SAVE") == "OK", "a checkpoint")
        assert client.info("persistence")["rdb_last_bgsave_status"] == "ok"
        assert client.info("persistence")["aof_last_write_status"] == "ok"
    assert health_of(http_port) == (200, b"ok: master\n")
    writer.check(server)
    server.kill()
    server.start()
    writer.check(server)
    return server, writer


def test_full_disk_refuses_writes_and_heals(binary):
    with SmallDisk(24) as disk:
        fill_heal_and_restart(binary, disk)[0].destroy()


def test_full_disk_under_everysec(binary):
    with SmallDisk(24) as disk:
        fill_heal_and_restart(binary, disk, "--appendfsync", "everysec")[0].destroy()


def test_killed_and_started_on_a_full_disk(binary):
    """Recovery needs no room: the node is up with all its data, and takes writes when there is some."""
    with SmallDisk(24) as disk:
        server, writer = fill_heal_and_restart(binary, disk)
        fill_up(disk, server, writer)
        for stop in (server.kill, server.stop):
            stop()
            server.start()
            writer.check(server)
        disk.empty()
        wait_until(lambda: is_open_again(server), "writes after the disk has room", 20)
        writer.check(server)
        server.destroy()


def test_first_start_on_a_full_disk_ends_and_leaves_nothing_in_the_way(binary):
    with SmallDisk(24) as disk:
        server = Server(binary, *LIMITS, folder=disk.folder("node"), start=False)
        disk.fill()
        server.start(wait=False)
        assert server.process.wait(20) == 1
        disk.empty()
        server.start()
        assert is_open_again(server)
        server.destroy()


def test_replica_on_a_full_disk_waits_and_catches_up(binary):
    """It cannot refuse what its master did: it holds the stream back, and goes on by partial sync or anew."""
    with SmallDisk(24) as disk:
        master = Server(binary, "--log-segment-size", "1mb")
        replica = Server(binary, *LIMITS, folder=disk.folder("replica"))
        follow(replica, master)
        wait_link(replica)
        disk.fill(leave_bytes=1 << 20)
        writer = Writer()
        with master.client() as client:
            for _ in range(8000):
                client.call("SET", "key:%d" % writer.count, writer.value(writer.count))
                writer.count += 1
        disk.fill()
        time.sleep(1)
        assert replica.is_running(), replica.output()
        with replica.client() as client:
            assert client.call("GET", "key:0") == writer.value(0)
        disk.empty()
        wait_caught_up(replica, master, 40)
        writer.check(replica)
        replica.kill()
        replica.start()
        wait_caught_up(replica, master, 40)
        writer.check(replica)
        replica.destroy()


def test_promotion_on_a_full_disk(binary):
    """It is refused, and the replica stays one; with room for no more than a new history's first segment it succeeds."""
    with SmallDisk(24) as disk:
        master = Server(binary)
        replica = Server(binary, *LIMITS, folder=disk.folder("replica"))
        follow(replica, master)
        wait_link(replica)
        disk.fill()
        writer = Writer(size=20000)
        with master.client() as client:
            for _ in range(400):  # More than the replica has room for.
                client.call("SET", "key:%d" % writer.count, writer.value(writer.count))
                writer.count += 1
        with replica.client() as client:
            wait_until(lambda: client.info("persistence")["aof_last_write_status"] == "err", "the replica's log to be full")
            disk.fill()
            history = client.info("replication")["master_replid"]
            assert refusal_of(client, "REPLICAOF", "NO", "ONE") == REFUSAL
            assert client.info("replication")["role"] == "slave"
            answers = []
            while "OK" not in answers:  # A checkpoint and the log's next segment want the same room.
                assert len(answers) < 8, answers
                disk.give_back(100 << 10)
                time.sleep(0.15)  # So often a full disk is asked again.
                answers.append(refusal_of(client, "REPLICAOF", "NO", "ONE"))
            info = client.info("replication")
            assert info["role"] == "master" and info["master_replid2"] == history, info
        replica.kill()
        disk.empty()
        replica.start()
        assert is_open_again(replica)
        with replica.client() as client:
            assert client.call("GET", "key:0") == writer.value(0)
        replica.destroy()


def limited(server, most_bytes):
    """Start it with files that may not become larger."""
    start = subprocess.Popen

    def popen(*arguments, **options):
        return start(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
                     **options)
    subprocess.Popen = popen
    try:
        server.start()
    finally:
        subprocess.Popen = start


def test_data_file_that_may_not_grow(binary):
    """RLIMIT_FSIZE: LMDB's commit fails, and the log fills its segment; without the limit all goes on."""
    server = Server(binary, *LIMITS, start=False)
    limited(server, 3 << 20)
    writer = Writer()
    with server.client() as client:
        assert writer.write_until_refused(client) == REFUSAL
        wait_until(lambda: refusal_of(client, "INCR", "filling") == REFUSAL, "the segment to be full", pause_s=0)
    assert_refuses_and_serves(server, writer)
    with server.client() as client:
        assert client.info("persistence")["rdb_last_bgsave_status"] == "err"
    server.kill()
    server.start()
    writer.check(server)
    with server.client() as client:
        wait_until(lambda: client.call("SAVE") == "OK", "a checkpoint")
    assert is_open_again(server)


def test_messages_that_find_no_room_do_not_wait_in_memory(binary):
    """They are for replicas, and heard here all the same."""
    with SmallDisk(32) as disk:
        server = Server(binary, *LIMITS, folder=disk.folder("master"))
        replica = Server(binary, "--replicaof", "127.0.0.1 %d" % server.port)
        wait_link(replica)
        with server.client() as client, server.client() as subscriber:
            client.call("SET", "k", "v")
            wait_caught_up(replica, server)
            disk.fill()
            assert Writer().write_until_refused(client) == REFUSAL
            subscriber.call("SUBSCRIBE", "news")
            before = server.memory()
            for _ in range(500):
                assert client.call("PUBLISH", "news", "x" * 100000) == 1
                assert len(subscriber.read()[2]) == 100000
            assert server.memory() - before < 20e6, server.memory() - before
        server.destroy()
        replica.destroy()


def flood(server, client, count):
    """Requests that nobody reads the replies of: 100 KB each. The most of the server's own memory meanwhile."""
    before = server.memory()
    client.socket.sendall(client.encode(["GET", "k"]) * count)
    most = before
    for _ in range(40):
        time.sleep(0.05)
        most = max(most, server.memory())
    return most - before


def test_unread_replies_that_find_no_file_wait_to_be_asked_for(binary):
    """No file can be made, so what does not fit in a little memory is not made before the client reads."""
    server = Server(binary, *LIMITS, start=False)
    limited(server, 3 << 20)
    with server.client(60) as client:
        client.call("SET", "k", "x" * 100000)
        grown = flood(server, client, 2000)
        assert grown < 40e6, grown
        assert all(len(client.read()) == 100000 for _ in range(2000))
        assert client.call("PING") == "PONG"


def test_unread_replies_whose_file_cannot_grow_end_with_their_client(binary):
    """Rather than in memory, which has less room than the disk had."""
    server = Server(binary, *LIMITS, start=False)
    limited(server, 40 << 20)
    with server.client(60) as client, server.client() as other:
        client.call("SET", "k", "x" * 100000)
        grown = flood(server, client, 2000)
        assert grown < 40e6, grown
        wait_until(lambda: other.info("stats")["client_output_buffer_limit_disconnections"] == "1", "the close")
        assert "no room on disk for the" in server.output()
        assert other.call("PING") == "PONG"


def main():
    tests = [test_data_file_that_may_not_grow, test_unread_replies_that_find_no_file_wait_to_be_asked_for,
             test_unread_replies_whose_file_cannot_grow_end_with_their_client]
    try:
        with SmallDisk(1):
            pass
        tests += [test_full_disk_refuses_writes_and_heals, test_full_disk_under_everysec,
                  test_killed_and_started_on_a_full_disk,
                  test_first_start_on_a_full_disk_ends_and_leaves_nothing_in_the_way,
                  test_replica_on_a_full_disk_waits_and_catches_up,
                  test_messages_that_find_no_room_do_not_wait_in_memory, test_promotion_on_a_full_disk]
    except (subprocess.CalledProcessError, OSError):
        print("no small file system can be mounted here (root may): only files that may not grow are tried")
    run_tests(tests, (sys.argv[1],))


if __name__ == "__main__":
    main()
