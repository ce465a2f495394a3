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
from hearth import ReplyError, Server, run_tests  # noqa: E402

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


if __name__ == "__main__":
    run_tests([test_damaged_payloads_do_no_harm], (sys.argv[1],))
