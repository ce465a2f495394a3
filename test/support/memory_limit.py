"""A memory cgroup for a test's processes, of whichever version is mounted. Standard library only."""
import os
import pathlib


class CannotLimit(Exception):
    """The machine does not let us; the message says why."""


def own_path(controller):
    """This process' cgroup: in the hierarchy of `controller`, or with "" in the one of version 2. None if not there."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and (controller or not controllers):
            return path.lstrip("/")
    return None


def mounts():
    """(type, options, place) of what is mounted as a cgroup."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        words = line.split()
        if words[2] in ("cgroup", "cgroup2"):
            yield words[2], words[3].split(","), pathlib.Path(words[1])


class MemoryLimit:
    """A child cgroup of our own with at most `limit_bytes` of memory, page cache included, and no swap."""

    def __init__(self, limit_bytes):
        self.limit_bytes = limit_bytes
        self.folder = None
        reasons = []
        for kind, options, place in mounts():
            if kind == "cgroup" and "memory" not in options:
                continue
            path = own_path("memory" if kind == "cgroup" else "")
            if path is None:
                continue
            folder = place / path / ("hearth-test-%d" % os.getpid())
            try:
                folder.mkdir()
            except OSError as error:
                reasons.append("%s: %s" % (folder, error))
                continue
            self.is_v2 = kind == "cgroup2"
            try:
                self.write(folder, "memory.max" if self.is_v2 else "memory.limit_in_bytes", limit_bytes)
                self.folder = folder
                return
            except OSError as error:
                reasons.append("%s: %s" % (folder, error))
                folder.rmdir()
        raise CannotLimit("no memory cgroup can be made here: " + ("; ".join(reasons) or "none is mounted"))

    @staticmethod
    def write(folder, name, value):
        (folder / name).write_text(str(value))

    def wrap(self, command):
        """`command` as it must be started to run inside from its first instruction on."""
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs")] + command

    def peak_bytes(self):
        """The most that was charged; None where the kernel does not say."""
        path = self.folder / ("memory.peak" if self.is_v2 else "memory.max_usage_in_bytes")
        return int(path.read_text()) if path.exists() else None

    def anonymous_bytes(self):
        name = "anon" if self.is_v2 else "total_rss"
        for line in (self.folder / "memory.stat").read_text().splitlines():
            if line.split()[0] == name:
                return int(line.split()[1])
        return 0

    def kill_count(self):
        """Processes that the kernel killed because the limit was passed."""
        text = (self.folder / ("memory.events" if self.is_v2 else "memory.oom_control")).read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.split()[0] == "oom_kill")

    def remove(self):
        if self.folder is not None:
            self.folder.rmdir()
            self.folder = None
