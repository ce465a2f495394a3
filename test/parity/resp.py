"""RESP over a socket, keeping each reply as the raw bytes that came: parity compares bytes, not their meaning."""
import socket


def encode(words):
    """A request: words are bytes."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Connection:
    def __init__(self, port, timeout_s=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb", buffering=1 << 16)

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """One reply as a tree: (type byte, payload); aggregates hold lists. Raises EOFError when the peer closes."""
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        kind, rest = line[:1], line[1:-2]
        if kind in b"$=!" and rest != b"-1":
            data = self.stream.read(int(rest) + 2)
            return (kind, data[:-2])
        if kind in b"*~>" and rest != b"-1":
            return (kind, [self.read() for _ in range(int(rest))])
        if kind == b"%":
            return (kind, [self.read() for _ in range(2 * int(rest))])
        return (kind, rest)

    def call(self, *words):
        self.send(encode([w if isinstance(w, bytes) else str(w).encode() for w in words]))
        return self.read()


def show(reply, limit=400):
    """A reply as one line for a person."""
    kind, payload = reply
    if isinstance(payload, list):
        text = kind.decode() + "[" + ", ".join(show(item, limit) for item in payload) + "]"
    else:
        text = kind.decode() + repr(payload)[1:]
    return text if len(text) <= limit else text[:limit] + "..."
