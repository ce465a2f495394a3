#!/usr/bin/python3
"""Starting and ending: configuration, what refuses to start and with which words, clean and unclean ends.

Usage: server_start.py HEARTH_SERVER"""
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, error_of, free_port, run_tests, wait_until  # noqa: E402


def run(binary, *arguments, stdin=None, folder=None, prepare=None):
    """Run to the end; exit code and all output. `prepare` is called in the new process."""
    done = subprocess.run([os.path.abspath(binary)] + [str(a) for a in arguments], stdin=subprocess.DEVNULL if stdin is None else None,
                          input=stdin, capture_output=True, timeout=30, cwd=folder, preexec_fn=prepare)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_help_version_and_check(binary):
    code, text = run(binary, "--version")
    assert code == 0 and "Hearth server v=" in text, text
    code, text = run(binary, "--help")
    assert code == 0 and "checkpoint-memory" in text and "--data-dir" in text, text
    code, text = run(binary, "--check-config", "--port", "7000")
    assert code == 0, text
    code, text = run(binary, "--check-config", "--prot", "7000")
    assert code == 1 and "port" in text, text


def test_stock_configuration_starts_the_server(binary):
    stock = "/etc/redis/redis.conf"
    if not os.access(stock, os.R_OK):
        return
    server = Server(binary, start=False)
    server.command = lambda: [server.binary, stock, "--port", str(server.port), "--data-dir", server.data, "--daemonize", "no",
                              "--pidfile", "", "--logfile", ""]
    server.start()
    with server.client() as client:
        assert client.call("CONFIG", "GET", "appendfsync") == [b"appendfsync", b"everysec"]
    assert server.output().count("mean nothing here") == 1, server.output()


def test_a_start_that_fails_says_why(binary):
    """The kernel's words, of the call that failed and of no later one."""
    with tempfile.TemporaryDirectory() as folder:
        taken = os.path.join(folder, "file")
        open(taken, "w").close()
        for data_dir, reason in (("missing/below", "No such file or directory"), (taken, "Not a directory")):
            code, text = run(binary, "--port", free_port(), "--data-dir", data_dir, folder=folder)
            assert code == 1 and reason in text, text
        code, text = run(binary, "--port", free_port(), "--data-dir", "data", folder=folder,
                         prepare=lambda: resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20)))
        assert code == 1 and "Cannot allocate memory" in text and "Is a directory" not in text, text
        code, text = run(binary, "--port", free_port(), "--logfile", "missing/log", folder=folder)
        assert code == 1 and "No such file or directory" in text, text


def test_bad_directive_names_file_line_and_neighbour(binary):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.conf")
        with open(path, "w") as file:
            file.write("# fine\nport 7000\nmaxclient 10\n")
        code, text = run(binary, path)
        assert code == 1 and "bad.conf: line 3" in text and "maxclients" in text, text
        assert os.listdir(folder) == ["bad.conf"]


def test_include_and_command_line_override(binary):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "shared.conf"), "w") as file:
            file.write("maxclients 77\nslowlog-max-len 5\n")
        with open(os.path.join(folder, "own.conf"), "w") as file:
            file.write("include shared.conf\nslowlog-max-len 6\n")
        server = Server(binary, start=False)
        server.command = lambda: [server.binary, os.path.join(folder, "own.conf"), "--port", str(server.port), "--data-dir",
                                  server.data, "--timeout", "9"]
        server.start()
        with server.client() as client:
            assert client.call("CONFIG", "GET", "maxclients") == [b"maxclients", b"77"]
            assert client.call("CONFIG", "GET", "slowlog-max-len") == [b"slowlog-max-len", b"6"]
            assert client.call("CONFIG", "GET", "timeout") == [b"timeout", b"9"]
            assert client.info("server")["config_file"] == os.path.realpath(os.path.join(folder, "own.conf"))


def test_second_server_on_the_same_data_is_refused(binary):
    server = Server(binary)
    code, text = run(binary, "--port", free_port(), "--data-dir", server.data)
    assert code == 1 and "pid %d" % server.process.pid in text, text
    with server.client() as client:
        assert client.call("SET", "still", "here") == "OK"


def test_taken_port_is_refused_before_data_is_touched(binary):
    with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        data = os.path.join(folder, "data")
        code, text = run(binary, "--bind", "127.0.0.1", "--port", taken.getsockname()[1], "--data-dir", data)
        assert code == 1 and "in use" in text, text
        assert not os.path.exists(data)


def test_foreign_folder_is_refused_and_left_alone(binary):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "thesis.txt"), "w") as file:
            file.write("years of work")
        code, text = run(binary, "--port", free_port(), "--data-dir", folder)
        assert code == 1 and "no Hearth data" in text, text
        assert os.listdir(folder) == ["thesis.txt"]


def test_signal_ends_with_a_checkpoint_and_zero(binary):
    server = Server(binary)
    with server.client() as client:
        client.call("SET", "a", "1")
    assert server.stop() == 0
    server.start()
    with server.client() as client:
        assert client.call("GET", "a") == b"1"
        assert client.info("hearth")["recovery_bytes"] == "0"


def test_shutdown_forms(binary):
    server = Server(binary)
    with server.client() as client:
        assert error_of(client, "SHUTDOWN", "ABORT") == "ERR No shutdown in progress."
        assert error_of(client, "SHUTDOWN", "NOSAVE", "SAVE") == "ERR syntax error"
        client.call("SET", "a", "1")
        client.socket.sendall(client.encode(["SHUTDOWN", "NOSAVE"]))
        assert client.stream.read() == b""
    assert server.process.wait(10) == 0
    server.start()
    with server.client() as client:
        assert client.call("GET", "a") == b"1"
        assert client.info("hearth")["recovery_bytes"] != "0"


def test_run_id_is_new_and_history_is_not(binary):
    server = Server(binary)
    with server.client() as client:
        first = client.info()
    server.kill()
    server.start()
    with server.client() as client:
        second = client.info()
    assert first["run_id"] != second["run_id"] and len(second["run_id"]) == 40
    assert first["master_replid"] == second["master_replid"]


def test_everysec_loses_nothing_to_kill(binary):
    server = Server(binary, "--appendfsync", "everysec")
    with server.client() as client:
        client.pipeline([["SET", "key:%d" % i, i] for i in range(2000)])
    server.kill()
    server.start()
    with server.client() as client:
        assert client.call("DBSIZE") == 2000


def test_daemon_writes_its_pid_and_log(binary):
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        pid_file = os.path.join(folder, "pid")
        code, text = run(binary, "--port", port, "--data-dir", os.path.join(folder, "data"), "--daemonize", "yes", "--pidfile",
                         pid_file, "--logfile", os.path.join(folder, "log"))
        assert code == 0, text
        pid = int(wait_until(lambda: os.path.exists(pid_file) and open(pid_file).read(), "the pid file"))
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not os.path.exists(pid_file), "the end")
        with open(os.path.join(folder, "log")) as log:
            assert "Ready to accept connections" in log.read()


def test_a_crash_is_reported_and_ends_the_process_as_it_would(binary):
    """To the log, also of one whose standard output nobody sees; and SIGBUS says what it means."""
    for number, told in ((signal.SIGSEGV, "crashed by signal: 11 (SIGSEGV)"), (signal.SIGABRT, "signal: 6 (SIGABRT)"),
                         (signal.SIGBUS, "the disk failed, or the file was cut, under the memory map of ")):
        with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
            log = os.path.join(folder, "log")
            server = Server(binary, "--logfile", log, "--enable-debug-command", "yes")
            with server.client() as client:
                client.call("SET", "k", "v")
            server.process.send_signal(number)
            code = server.process.wait(timeout=30)
            with open(log, encoding="utf-8", errors="replace") as lines:
                text = lines.read()
            assert told in text, text
            assert code == (1 if number == signal.SIGBUS else -number), code
            if number != signal.SIGBUS:
                assert re.search(r"^\S*hearth-server\(.*\) ?\[0x[0-9a-f]+\]$", text, re.MULTILINE), text
            server.start()
            with server.client() as client:
                assert client.call("GET", "k") == b"v"


def test_a_configuration_comes_by_standard_input(binary):
    server = Server(binary, start=False)
    text = b"# as a file\nmaxclients 77\nsave 900 1\nsave 300 10\n"
    command = [server.binary, "-", "--port", str(server.port), "--data-dir", server.data]
    with open(server.output_path, "ab") as output:
        server.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)
    server.process.stdin.write(text)
    server.process.stdin.close()
    server.wait_ready()
    with server.client() as client:
        assert client.call("CONFIG", "GET", "maxclients") == [b"maxclients", b"77"]
        assert client.call("CONFIG", "GET", "save") == [b"save", b"900 1 300 10"]


def test_a_tiny_output_limit_lets_small_replies_through(binary):
    """Redis' own limits do not count a client's first 16 KB."""
    server = Server(binary, "--client-output-buffer-limit", "normal 1 2 3")
    with server.client() as client:
        client.call("SET", "k", "x" * 20000)
        assert client.call("GETRANGE", "k", 0, 9999) == b"x" * 10000
        try:
            client.call("GET", "k")
            raise AssertionError("a long reply came through")
        except (EOFError, OSError):
            pass


def test_purged_collections_are_counted(binary):
    server = Server(binary)
    with server.client() as client:
        for key in "abc":
            client.call("RPUSH", key, *["x" * 100] * 3000)
        client.call("SAVE")
        client.call("DEL", "a", "b", "c")
        client.call("SAVE")
        wait_until(lambda: client.info()["lazyfree_pending_objects"] == "0" and
                   int(client.info()["lazyfreed_objects"]) >= 3, "the purge")


def test_unix_socket(binary):
    server = Server(binary, "--unixsocket", "s.sock", "--unixsocketperm", "700", start=False)
    server.start()
    path = os.path.join(server.folder, "s.sock")
    assert os.stat(path).st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(b"PING\r\nCLIENT LIST\r\n")
        time.sleep(0.2)
        reply = client.recv(4096).decode()
    assert reply.startswith("+PONG\r\n") and "flags=U" in reply, reply
    assert server.stop() == 0
    assert not os.path.exists(path)


def test_renamed_commands(binary):
    server = Server(binary, "--rename-command", "FLUSHALL", "", "--rename-command", "SET", "put-it")
    with server.client() as client:
        assert error_of(client, "FLUSHALL").startswith("ERR unknown command")
        assert error_of(client, "SET", "a", "1").startswith("ERR unknown command")
        assert client.call("put-it", "a", "1") == "OK"
    server.kill()
    server.start()
    with server.client() as client:
        assert client.call("GET", "a") == b"1"


def test_port_can_be_changed(binary):
    server = Server(binary)
    port = free_port()
    with server.client() as client:
        assert client.call("CONFIG", "SET", "port", port) == "OK"
        assert client.call("PING") == "PONG"
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            assert "Unable to listen on this port" in error_of(client, "CONFIG", "SET", "port", taken.getsockname()[1])
    server.port = port
    with server.client() as client:
        assert client.call("CONFIG", "GET", "port") == [b"port", str(port).encode()]


def test_a_laxer_policy_is_marked_before_it_holds(binary):
    """A reboot must know that changes may be lost which a replica has, also if the policy came by CONFIG SET."""
    server = Server(binary)
    marker = os.path.join(server.data, "relaxed")
    with server.client() as client:
        assert not os.path.exists(marker)
        assert client.call("CONFIG", "SET", "appendfsync", "everysec") == "OK"
        assert os.path.exists(marker)
        assert client.call("SET", "a", "1") == "OK"
        assert client.call("CONFIG", "SET", "appendfsync", "always") == "OK"
        assert client.call("SET", "a", "2") == "OK"
        wait_until(lambda: client.call("PING") and not os.path.exists(marker), "the marker to go")
        os.mkdir(marker + ".tmp")  # No marker can be made: the policy stays.
        assert "cannot be marked" in error_of(client, "CONFIG", "SET", "appendfsync", "no")
        assert client.call("CONFIG", "GET", "appendfsync") == [b"appendfsync", b"always"]


if __name__ == "__main__":
    run_tests([value for name, value in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:])
