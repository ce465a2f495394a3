"""Writes the encodings that redis-server no longer writes: ziplists, zipmaps, text scores; and the newest ones."""
import struct


def length(value):
    if value < 64:
        return bytes([value])
    if value < 16384:
        return bytes([0x40 | value >> 8, value & 255])
    if value < 1 << 32:
        return b"\x80" + struct.pack(">I", value)
    return b"\x81" + struct.pack(">Q", value)


def string(value):
    return length(len(value)) + value


def ziplist_entry(value, previous, long_previous=False):
    head = bytes([previous]) if previous < 254 and not long_previous else b"\xfe" + struct.pack("<I", previous)
    if isinstance(value, int):
        if 0 <= value <= 12:
            return head + bytes([0xf1 + value])
        for code, width in ((0xfe, 1), (0xc0, 2), (0xf0, 3), (0xd0, 4), (0xe0, 8)):
            if -(1 << 8 * width - 1) <= value < 1 << 8 * width - 1:
                return head + bytes([code]) + value.to_bytes(width, "little", signed=True)
    if len(value) < 64:
        return head + bytes([len(value)]) + value
    if len(value) < 16384:
        return head + bytes([0x40 | len(value) >> 8, len(value) & 255]) + value
    return head + b"\x80" + struct.pack(">I", len(value)) + value


def ziplist(values):
    body, previous, last = b"", 0, 10
    for value in values:
        entry = ziplist_entry(value, previous)
        last = 10 + len(body)
        body += entry
        previous = len(entry)
    count = len(values) if len(values) < 65535 else 65535
    return struct.pack("<IIH", 11 + len(body), last, count) + body + b"\xff"


def zipmap(pairs):
    def size(value):
        return bytes([len(value)]) if len(value) < 254 else b"\xfe" + struct.pack("<I", len(value))
    body = b"".join(size(field) + field + size(value) + bytes([i % 3]) + value + b"\0" * (i % 3)
                    for i, (field, value) in enumerate(pairs))
    return bytes([min(len(pairs), 254)]) + body + b"\xff"


def listpack(values):
    body = b""
    for value in values:
        if isinstance(value, int):
            entry = bytes([value]) if 0 <= value < 128 else b"\xf4" + struct.pack("<q", value)
        elif len(value) < 64:
            entry = bytes([0x80 | len(value)]) + value
        else:
            entry = b"\xf0" + struct.pack("<I", len(value)) + value
        size, back = len(entry), [len(entry) & 127]
        while size > 127:
            size >>= 7
            back.append(size & 127)
        back.reverse()
        body += entry + bytes([back[0]] + [part | 128 for part in back[1:]])
    return struct.pack("<IH", 7 + len(body), len(values)) + body + b"\xff"


def text_score(score):
    if score in (float("inf"), float("-inf")):
        return b"\xfe" if score > 0 else b"\xff"
    text = repr(score).encode()
    return bytes([len(text)]) + text


def file(version, values):
    """A file of (key, type, body), without a checksum."""
    body = b"".join(bytes([kind]) + string(key) + content for key, kind, content in values)
    return b"REDIS%04d" % version + b"\xfe\0" + body + b"\xff" + (b"\0" * 8 if version >= 5 else b"")


SCALARS = [b"", b"a", 0, 12, 13, -1, 127, -128, 128, 32767, -32768, 32768, -8388608, 8388607, 8388608, 2147483647,
           -2147483648, 2147483648, -(1 << 63), (1 << 63) - 1, b"b" * 63, b"c" * 64, b"d" * 250, b"e" * 16383,
           b"f" * 16384, b"12x", b"007"]


def old_values():
    text = [value if isinstance(value, bytes) else b"%d" % value for value in SCALARS]
    fields = [value for i, item in enumerate(SCALARS) for value in (b"field%d" % i, item)]
    scores = [value for i, item in enumerate(SCALARS[:4]) for value in (item, i * 3)]
    scores += [b"half", b"0.5", b"top", b"inf"]
    return [
        (b"zset:text", 3, length(3) + string(b"a") + text_score(1.5) + string(b"b") + text_score(float("inf")) +
         string(b"c") + text_score(float("-inf"))),
        (b"list:plain", 1, length(len(text)) + b"".join(map(string, text))),
        (b"hash:zipmap", 9, string(zipmap([(b"a", b"1"), (b"b" * 253, b"2"), (b"c" * 254, b"d" * 300)]))),
        (b"list:ziplist", 10, string(ziplist(SCALARS))),
        (b"set:intset", 11, string(struct.pack("<IIqqq", 8, 3, -5, 0, 1 << 40))),
        (b"zset:ziplist", 12, string(ziplist(scores))),
        (b"hash:ziplist", 13, string(ziplist(fields))),
        (b"list:quick", 14, length(3) + string(ziplist(SCALARS)) + string(ziplist([b"x"])) +
         string(ziplist(SCALARS[::-1]))),
    ]
