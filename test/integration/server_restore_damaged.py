#!/usr/bin/python3
"""RESTORE of payloads that are damaged and whose checksum says that they are not: each is refused or becomes a value that
can be read, dumped and restored again; the server lives on, and has the same data after kill -9.

Usage: server_restore_damaged.py HEARTH_SERVER [SEED [PAYLOADS]]"""
import pathlib
import random
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from hearth import ReplyError, Server, error_of, run_tests  # noqa: E402

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 5
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 3000
FOOTER_BYTES = 10
VERSION = struct.pack("<H", 10)
EDGES = (0, 1, 2, 3, 127, 128, 253, 254, 255)


def crc64_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = crc64_table()


def sealed(body):
    crc = 0
    for byte in body + VERSION:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return body + VERSION + struct.pack("<Q", crc)


def bodies():
    lines = (HERE.parent / "parity" / "payloads.txt").read_text().splitlines()
    return [bytes.fromhex(line.split()[1])[:-FOOTER_BYTES] for line in lines if line and line[0] != "#"]


def damaged(rng, body):
    body = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(body)) if body else 0
        kind = rng.random()
        if kind < 0.5 and body:
            body[at] = rng.choice(EDGES + (rng.randrange(256),))
        elif kind < 0.7 and body:
            del body[at]
        elif kind < 0.85:
            body.insert(at, rng.randrange(256))
        else:
            other = rng.randrange(len(body)) if body else 0
            body[at:at + rng.randrange(8)] = body[other:other + rng.randrange(8)]
    return bytes(body)


def check_value(client, payload):
    """What was taken must be a value like any other: it goes out and comes in again the same."""
    dumped, digest = client.pipeline([("DUMP", "k"), ("DEBUG", "DIGEST-VALUE", "k")])
    again = client.pipeline([("RESTORE", "again", 0, dumped, "REPLACE"), ("DEBUG", "DIGEST-VALUE", "again")])
    assert again == ["OK", digest], "payload %s: %r, %r, %r" % (payload.hex(), dumped, digest, again)


def test_damaged_payloads_do_no_harm(binary):
    rng = random.Random(SEED)
    found = bodies()
    server = Server(binary, "--enable-debug-command", "yes", "--appendfsync", "no")
    taken = refused = 0
    with server.client(timeout_s=60) as client:
        for number in range(COUNT):
            payload = sealed(damaged(rng, rng.choice(found)))
            try:
                reply = client.pipeline([("RESTORE", "k", 0, payload, "REPLACE")])[0]
            except EOFError:
                raise AssertionError("seed %d, payload %d ends it: %s" % (SEED, number, payload.hex())) from None
            if isinstance(reply, ReplyError):
                assert str(reply) in ("ERR Bad data format", "ERR DUMP payload version or checksum are wrong"), reply
                refused += 1
            else:
                check_value(client, payload)
                taken += 1
        before = client.call("DEBUG", "DIGEST")
    server.kill()
    server.start()
    with server.client() as client:
        assert client.call("DEBUG", "DIGEST") == before
    assert taken > COUNT // 20 and refused > COUNT // 4, (taken, refused)


def lzf(data):
    """Runs of a byte as references to it, all else as it is: a string of an RDB file."""
    out = bytearray()
    at = literal = 0
    while at <= len(data):
        run = 1
        while at + run < len(data) and data[at + run] == data[at] and run < 265:
            run += 1
        if at < len(data) and run < 16:
            at += run
            continue
        for begin in range(literal, min(at + 1, len(data)), 32):
            piece = data[begin:min(begin + 32, at + 1)]
            out += bytes((len(piece) - 1,)) + piece
        if at < len(data):
            out += bytes((7 << 5, run - 1 - 9, 0))
        at += run
        literal = at
    return b"\xc3" + b"".join(b"\x80" + struct.pack(">I", n) for n in (len(out), len(data))) + bytes(out)


def backwards(length):
    """What stands behind an item of a listpack, and is read from its end."""
    groups = [length & 127]
    while length > 127:
        length >>= 7
        groups.append(length & 127)
    return bytes([groups[-1]] + [group | 128 for group in groups[-2::-1]])


def listpack_string(text):
    head = b"\xf0" + struct.pack("<I", len(text))
    return head + text + backwards(len(head) + len(text))


def listpack_number(number):
    return b"\xf2" + struct.pack("<I", number)[:3] + b"\x04"


def stream_of_one_field(name_bytes, items):
    """A stream of `items` items, all of the one node's field, whose value is empty."""
    numbers = [listpack_number(n) for n in (items, 0, 1)]
    parts = numbers + [listpack_string(b"x" * name_bytes), b"\x00\x01"]
    for sequence in range(1, items + 1):
        parts += [b"\x02\x01\x00\x01", listpack_number(sequence), b"\x80\x01", b"\x04\x01"]
    entries = b"".join(parts)
    count = 5 + 5 * items
    listpack = struct.pack("<IH", len(entries) + 7, min(count, 65535)) + entries + b"\xff"
    last = b"\x00\x80" + struct.pack(">I", items)
    return sealed(b"\x0f\x01\x10" + b"\0" * 16 + lzf(listpack) + b"\x80" + struct.pack(">I", items) + last + b"\x00")


def test_a_small_payload_does_not_become_a_large_value(binary):
    """Items of a stream share the names of their fields in a payload, and have names of their own here."""
    server = Server(binary, "--appendfsync", "no")
    with server.client(timeout_s=60) as client:
        assert client.call("RESTORE", "k", 0, stream_of_one_field(1 << 20, 3)) == "OK"
        assert [len(words[0]) for _, words in client.call("XRANGE", "k", "-", "+")] == [1 << 20] * 3
        payload = stream_of_one_field(10 << 20, 110)
        assert len(payload) < 1 << 20
        assert error_of(client, "RESTORE", "k", 0, payload, "REPLACE") == "ERR Bad data format"
        assert client.call("XLEN", "k") == 3


if __name__ == "__main__":
    run_tests([test_damaged_payloads_do_no_harm, test_a_small_payload_does_not_become_a_large_value], (sys.argv[1],))
