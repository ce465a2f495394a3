"""RESP over a socket, keeping each reply as the raw bytes that came: parity compares bytes, not their meaning."""
from hearth import Client


class Connection(Client):
    """A client whose replies are trees of what came."""

    def send(self, commands):
        """All at once; each reply is for the caller to read."""
        self.socket.sendall(b"".join(self.encode(words) for words in commands))

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
        self.send([words])
        return self.read()


def show(reply, limit=400):
    """A reply as one line for a person."""
    kind, payload = reply
    if isinstance(payload, list):
        text = kind.decode() + "[" + ", ".join(show(item, limit) for item in payload) + "]"
    else:
        text = kind.decode() + repr(payload)[1:]
    return text if len(text) <= limit else text[:limit] + "..."
