"""The recorder's trace (trace.h), and marks of the test's own in it."""
import collections
import json
import os
import struct
import time

OPEN, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, DURABLE, RENAME, REMOVE, MAKE_DIRECTORY, MARK = range(1, 11)

HEAD = struct.Struct("<QQQQII")

Record = collections.namedtuple("Record", "time_ns handle a b kind text")


def read(path):
    """All whole records; a process that was killed may have left a part of one."""
    with open(path, "rb") as file:
        content = file.read()
    records, at = [], 0
    while at + HEAD.size <= len(content):
        time_ns, handle, a, b, kind, text_len = HEAD.unpack_from(content, at)
        at += HEAD.size
        if at + text_len > len(content):
            break
        text = content[at:at + text_len]
        at += text_len
        records.append(Record(time_ns, handle, a, b, kind, json.loads(text) if kind == MARK else text))
    return records


class Marks:
    """Writes marks into the trace that the recorder writes too: each is a dictionary."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def add(self, **mark):
        text = json.dumps(mark).encode()
        os.write(self.fd, HEAD.pack(time.monotonic_ns(), 0, 0, 0, MARK, len(text)) + text)

    def close(self):
        os.close(self.fd)
