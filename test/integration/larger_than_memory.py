#!/usr/bin/python3
"""Data several times as large as the memory that the server may have, page cache included: it loads, answers right,
takes overwrites, and comes back after kill -9. Skipped (exit code 77) where no memory cgroup can be made.

Usage: larger_than_memory.py HEARTH_SERVER [megabytes of data]"""
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from hearth import Server, wait_until  # noqa: E402
from memory_limit import CannotLimit, MemoryLimit  # noqa: E402

LIMIT_BYTES = 192 << 20
VALUE_BYTES = 2000
PIPELINE = 100
SKIPPED = 77
SEED = 42


def value_of(number, version):
    return (b"%d:%d:" % (number, version)).ljust(VALUE_BYTES, b"%d" % (number % 10))


def key_of(number):
    return b"key:%012d" % number


def write(client, numbers, versions):
    for start in range(0, len(numbers), PIPELINE):
        part = numbers[start:start + PIPELINE]
        for number in part:
            versions[number] = versions.get(number, -1) + 1
        replies = client.pipeline([(b"SET", key_of(n), value_of(n, versions[n])) for n in part])
        assert replies == ["OK"] * len(part), replies


def check(client, numbers, versions):
    for start in range(0, len(numbers), PIPELINE):
        part = numbers[start:start + PIPELINE]
        for number, reply in zip(part, client.pipeline([(b"GET", key_of(n)) for n in part])):
            assert reply == value_of(number, versions[number]), "key %d is not what was written" % number


def timed(what, count, function, *arguments):
    begin = time.monotonic()
    function(*arguments)
    seconds = time.monotonic() - begin
    print("%-34s %7.0f op/s" % (what, count / seconds))
    sys.stdout.flush()


class LimitedServer(Server):
    def __init__(self, limit, *arguments):
        self.limit = limit
        super().__init__(*arguments)

    def command(self):
        return self.limit.wrap(super().command())


def count_walked(client):
    count, cursor = 0, b"0"
    while True:
        cursor, keys = client.call(b"SCAN", cursor, b"COUNT", 5000)
        count += len(keys)
        if cursor == b"0":
            return count


def run(binary, limit, data_bytes):
    chosen = random.Random(SEED)
    count = data_bytes // VALUE_BYTES
    versions = {}
    server = LimitedServer(limit, binary, "--checkpoint-memory", "16mb", "--appendfsync", "everysec")
    numbers = list(range(count))
    chosen.shuffle(numbers)
    with server.client(timeout_s=120) as client:
        timed("load", count, write, client, numbers, versions)
        some = [chosen.randrange(count) for _ in range(5000)]
        timed("get at random", len(some), check, client, some, versions)
        some = [chosen.randrange(count) for _ in range(20000)]
        timed("overwrite at random", len(some), write, client, some, versions)
        timed("get what was overwritten", 5000, check, client, some[:5000], versions)
        assert client.call("DBSIZE") == count
        assert count_walked(client) == count
    server.kill()
    begin = time.monotonic()
    server.start()
    print("%-34s %7.2f s" % ("open after kill -9", time.monotonic() - begin))
    with server.client(timeout_s=120) as client:
        timed("get what was overwritten", 5000, check, client, some[-5000:], versions)
        assert client.call("DBSIZE") == count
    file_bytes = os.stat(os.path.join(server.data, "data", "data.mdb")).st_size
    print("data file %d MB, limit %d MB, of it anonymous %d MB, peak %s MB" %
          (file_bytes >> 20, LIMIT_BYTES >> 20, limit.anonymous_bytes() >> 20, (limit.peak_bytes() or 0) >> 20))
    assert file_bytes > data_bytes >= 2 * LIMIT_BYTES
    assert limit.kill_count() == 0
    assert server.stop(timeout_s=120) == 0
    server.destroy()


def main():
    binary = sys.argv[1]
    data_bytes = (int(sys.argv[2]) << 20) if len(sys.argv) > 2 else 3 * LIMIT_BYTES
    try:
        limit = MemoryLimit(LIMIT_BYTES)
    except CannotLimit as error:
        print("skipped: %s" % error)
        sys.exit(SKIPPED)
    print("seed %d" % SEED)
    try:
        run(binary, limit, data_bytes)
    finally:
        import hearth
        for server in hearth.servers:
            server.destroy()
        wait_until(lambda: limit.remove() is None, "the cgroup's end", timeout_s=10)


if __name__ == "__main__":
    main()
