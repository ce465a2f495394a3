#!/usr/bin/python3
"""Scripts and the server: what others hear while one runs, how it is ended, what a crash leaves of it, and what replicas get.

Usage: server_scripts.py HEARTH_SERVER"""
import os
import pathlib
import select
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Client, Server, error_of, run_tests, wait_until  # noqa: E402
from replication import assert_same_data, follow, stock_redis, wait_caught_up  # noqa: E402

BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
QUICK = ("--busy-reply-threshold", "50")
FOR_EVER = "while true do end"
WRITES_FOR_EVER = "for i = 1, 1000 do redis.call('set', 'half' .. i, i) end while true do end"


def start_script(server, script):
    """A client whose script runs, and one that has been told so."""
    runner = server.client()
    runner.socket.sendall(Client.encode(["EVAL", script, 0]))
    other = server.client()
    wait_until(lambda: error_of(other, "PING") == BUSY, "a slow script")
    return runner, other


def test_others_are_answered_and_the_script_is_killed(binary):
    server = Server(binary, *QUICK)
    waiting = server.client()
    runner, other = start_script(server, FOR_EVER)
    assert error_of(waiting, "GET", "a") == BUSY
    assert other.call("HELLO", "3")["server"] == b"redis"
    assert error_of(other, "SHUTDOWN") == BUSY
    with server.client() as late:  # New ones come in.
        assert late.call("SCRIPT", "KILL") == "OK"
    assert str(runner.read()).startswith("ERR Script killed by user with SCRIPT KILL...")
    assert waiting.call("SET", "a", "1") == "OK"
    assert error_of(other, "SCRIPT", "KILL") == "NOTBUSY No scripts in execution right now."
    # A pipeline that stands behind the script in the same packet is not lost, nor is what others sent meanwhile.
    runner.socket.sendall(Client.encode(["EVAL", FOR_EVER, 0]) + Client.encode(["ECHO", "x" * 5000]))
    wait_until(lambda: error_of(other, "PING") == BUSY, "a slow script")
    other.socket.sendall(Client.encode(["ECHO", "y" * 100000])[:50000])
    waiting.call("SCRIPT", "KILL")
    assert "SCRIPT KILL" in str(runner.read()) and runner.read() == b"x" * 5000
    other.socket.sendall(Client.encode(["ECHO", "y" * 100000])[50000:])
    assert other.read() == b"y" * 100000


def is_answered(client, seconds):
    return bool(select.select([client.socket], [], [], seconds)[0])


def test_what_came_before_a_slow_script_is_logged_and_answered(binary):
    """Both requests are found in one turn, since a script keeps the loop that is not yet slow."""
    server = Server(binary, "--busy-reply-threshold", "1000")
    first, writer, runner = (server.client() for _ in range(3))
    first.socket.sendall(Client.encode(["EVAL", "local t = redis.call('time') repeat local u = redis.call('time') "
                                                "until (u[1] - t[1]) * 1e6 + u[2] - t[2] > 300000", 0]))
    time.sleep(0.1)
    writer.socket.sendall(Client.encode(["SET", "k", "v"]))
    time.sleep(0.05)
    runner.socket.sendall(Client.encode(["EVAL", FOR_EVER, 0]))
    assert writer.read() == "OK"
    with server.client() as other:
        assert other.call("SCRIPT", "KILL") == "OK"


def test_a_slow_script_lets_no_held_reply_go(binary):
    """sync-replicas: no replica has the write, so nobody hears of it, also when others are served amid a script."""
    server = Server(binary, *QUICK, "--sync-replicas", "1")
    with server.client() as writer:
        writer.socket.sendall(Client.encode(["SET", "k", "v"]))
        assert not is_answered(writer, 0.2)  # It is on our own disk by now.
        _, other = start_script(server, FOR_EVER)
        assert not is_answered(writer, 0.3)
        assert other.call("SCRIPT", "KILL") == "OK"
        other.call("CONFIG", "SET", "sync-replicas", "0")
        assert writer.read() == "OK"


def test_a_script_that_wrote_ends_with_the_process_alone(binary):
    """Of its effects nothing is there afterwards, whether it is asked to end or killed; of what came before, all."""
    for end in ("shutdown", "kill"):
        server = Server(binary, *QUICK)
        with server.client() as client:
            client.call("SET", "before", "1")
        runner, other = start_script(server, WRITES_FOR_EVER)
        assert error_of(other, "SCRIPT", "KILL").startswith("UNKILLABLE Sorry the script already executed write")
        if end == "shutdown":
            other.socket.sendall(Client.encode(["SHUTDOWN", "NOSAVE"]))
            assert server.process.wait(10) == 0
        else:
            server.kill()
        server.start()
        with server.client() as client:
            assert client.call("KEYS", "*") == [b"before"]


def test_a_signal_ends_a_script_that_wrote_nothing(binary):
    server = Server(binary, *QUICK, "--pidfile", "pid")
    with server.client() as client:
        client.call("SET", "before", "1")
    runner, _ = start_script(server, "while true do pcall(function() while true do end end) end")
    assert server.stop(10) == 0
    assert str(runner.read()).startswith("ERR Script killed by user with SCRIPT KILL...")
    assert "bye bye" in server.output() and not os.path.exists(os.path.join(server.folder, "pid"))
    server.start()
    with server.client() as client:
        assert client.call("KEYS", "*") == [b"before"]
        assert client.info()["recovery_bytes"] == "0"  # There was a checkpoint.


def test_a_signal_waits_for_a_script_that_wrote(binary):
    server = Server(binary, *QUICK, "--pidfile", "pid")
    _, other = start_script(server, WRITES_FOR_EVER)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "a second signal ends it with none of its effects" in server.output(), "the word")
    assert error_of(other, "PING") == BUSY
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0
    assert not os.path.exists(os.path.join(server.folder, "pid"))
    server.start()
    with server.client() as client:
        assert client.call("KEYS", "*") == []
    # One that comes to its end is there whole.
    runner, _ = start_script(server, "redis.call('set', 'a', 1) local t = redis.call('time') repeat "
                                     "local u = redis.call('time') until u[1] - t[1] > 2 return redis.call('set', 'b', 2)")
    assert server.stop(20) == 0
    assert runner.read() == "OK"
    server.start()
    with server.client() as client:
        assert client.call("MGET", "a", "b") == [b"1", b"2"]


def test_a_crash_leaves_all_or_nothing_of_a_script(binary):
    server = Server(binary)
    script = "for i = 1, 50 do redis.call('set', KEYS[1] .. i, ARGV[1]) end redis.call('incr', 'counter')"
    for round_number in range(6):
        with server.client() as client:
            before = int(client.call("GET", "counter") or 0)
            client.socket.sendall(b"".join(Client.encode(["EVAL", script, 1, "key", before + i + 1]) for i in range(400)))
            for _ in range(20 * round_number):
                client.read()
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        server.start()
        with server.client() as client:
            count = int(client.call("GET", "counter") or 0)
            assert count >= before + 20 * round_number
            if count:
                values = client.call("MGET", *("key%d" % i for i in range(1, 51)))
                assert set(values) == {b"%d" % count}, (count, values)


def test_replicas_get_the_effects(binary):
    master = Server(binary, "--repl-ping-replica-period", "1")
    replica = Server(binary)
    follow(replica, master)
    stock = stock_redis()
    with stock.client() as client:
        client.call("REPLICAOF", "127.0.0.1", master.port)
    wait_caught_up(replica, master)
    wait_caught_up(stock, master)
    with master.client() as client:
        client.call("EVAL", "redis.call('set','r',math.random()) redis.call('sadd','s',1,2,3,4,5,6) redis.call('spop','s',2) "
                            "redis.call('set','e','x','ex',1000) redis.call('select',3) redis.call('rpush','l',unpack(ARGV)) "
                            "redis.call('incrbyfloat','f','0.1') redis.call('xadd','x','*','a','1')", 0, "a", "b")
        assert client.call("WAIT", 2, 5000) == 2
    wait_caught_up(replica, master)
    wait_caught_up(stock, master)
    assert_same_data(master, replica)
    assert_same_data(master, stock)
    with replica.client() as client:
        assert error_of(client, "EVAL", "return redis.call('set','a',1)", 0).startswith("READONLY You can't write")
        assert error_of(client, "EVAL", "#!lua\nreturn 1", 0) == "READONLY You can't write against a read only replica."
        assert client.call("EVAL_RO", "return redis.call('exists','r')", 0) == 1
    with master.client() as client:
        client.call("CONFIG", "SET", "min-replicas-to-write", "5")
        assert error_of(client, "EVAL", "return redis.call('set','a',1)", 0).startswith("NOREPLICAS")
        assert client.call("EVAL", "return redis.call('exists','r')", 0) == 1


def test_a_script_is_shown_with_its_commands(binary):
    server = Server(binary, "--slowlog-log-slower-than", "0")
    watcher = server.client()
    watcher.call("MONITOR")
    with server.client() as client:
        client.call("EVAL", "return redis.call('get','a')", 1, "a")
        lines = [watcher.read().split("] ", 1) for _ in range(2)]
        assert lines[0][1] == '"EVAL" "return redis.call(\'get\',\'a\')" "1" "a"' and lines[0][0].find("127.0.0.1") > 0
        assert lines[1][1] == '"get" "a"' and lines[1][0].endswith("[0 lua"), lines
        client.call("CONFIG", "SET", "slowlog-log-slower-than", "-1")
        names = [entry[3][0] for entry in client.call("SLOWLOG", "GET", 3)]
        assert b"EVAL" in names and b"get" in names, names
        info = client.info("commandstats")
        assert info["cmdstat_eval"].startswith("calls=1,") and info["cmdstat_get"].startswith("calls=1,")
        info = client.info("memory")
        assert info["number_of_cached_scripts"] == "1" and int(info["used_memory_vm_eval"]) > 20000


def test_one_time_for_the_whole_script(binary):
    """A key that falls due while a script runs is there for it to the end."""
    server = Server(binary)
    with server.client() as client:
        assert client.call("EVAL", "redis.call('set','a',1,'px',20) local n = 0 local t = redis.call('time') "
                                   "repeat local u = redis.call('time') n = (u[1] - t[1]) * 1e6 + u[2] - t[2] until n > 60000 "
                                   "return {redis.call('get','a'), redis.call('pttl','a')}", 0) == [b"1", 20]
        wait_until(lambda: client.call("EXISTS", "a") == 0, "expiry")


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
