"""A disk as a trace leaves it at one point, and what a power cut at that point may make of it.

Content is durable once a sync of its file that began after the write has ended; a name (created, renamed, removed) once a
sync of its folder has. That is what POSIX promises and less than ext4 does, which keeps names in their order and syncs a
new file's name with the file. Of what is not yet durable a cut leaves, by SURVIVALS:

  none      nothing
  all       everything: what kill -9 leaves
  names     all names, no content: files as long as they were when last synced, under their new names
  sizes     all names and sizes, no content: zeros where the blocks did not get to the disk
  ordered   names up to a random moment, and content by random blocks of 4 KiB: ext4
  blocks    a random choice of names, and content by random blocks of 4 KiB
  sectors   the same by 512 bytes, so that blocks are torn
  one       of one random file all content, of the others none; a random choice of names

A block is as any of its writes since the last sync left it, whatever its neighbours are, and so is a file's size.
"""
import os
import shutil

import trace

SURVIVALS = ("none", "all", "names", "sizes", "ordered", "blocks", "sectors", "one")
SECTOR = 512
BLOCK = 4096
CHUNK = 65536
UNRECORDED = "lock.mdb"  # Mapped for writing, and made anew by the first process that opens it.


class File:
    def __init__(self):
        self.durable = bytearray()
        self.size = 0       # As readers see it.
        self.pending = []   # (number, offset, bytes or None, length): None for zeros; offset None for a truncation.

    def write(self, number, offset, content, length):
        self.pending.append((number, offset, content, length))
        self.size = max(self.size, offset + length)

    def truncate(self, number, size):
        self.pending.append((number, None, None, size))
        self.size = size

    @staticmethod
    def run(content, change):
        """Do one change to the bytearray `content`."""
        _, offset, written, length = change
        if offset is None:
            if length < len(content):
                del content[length:]
            else:
                content.extend(bytes(length - len(content)))
            return
        if len(content) < offset + length:
            content.extend(bytes(offset + length - len(content)))
        content[offset:offset + length] = bytes(length) if written is None else written

    def sync(self, up_to):
        """What was written before change `up_to` is on disk."""
        while self.pending and self.pending[0][0] < up_to:
            self.run(self.durable, self.pending.pop(0))

    def make_durable(self, offset, length):
        """A write through O_DSYNC has ended: the last change; earlier ones stay pending, but below it."""
        assert self.pending[-1][1] == offset and self.pending[-1][3] == length
        self.run(self.durable, self.pending.pop())
        end = offset + length
        rest = []
        for change in self.pending:
            at, content, size = change[1], change[2], change[3]
            if at is None or at + size <= offset or at >= end:
                rest.append(change)
                continue
            for begin, stop in ((at, min(offset, at + size)), (max(end, at), at + size)):
                if begin < stop:
                    rest.append((change[0], begin, None if content is None else content[begin - at:stop - at],
                                 stop - begin))
        self.pending = rest

    def after(self, survival, draw):
        """The content after a cut."""
        content = bytearray(self.durable)
        if survival in ("none", "names") or not self.pending:
            return content
        if survival == "all":
            for change in self.pending:
                self.run(content, change)
            return content
        if survival == "sizes":
            return content[:self.size] + bytes(max(0, self.size - len(content)))
        return self.mix(content, SECTOR if survival == "sectors" else BLOCK, draw)

    def mix(self, content, block, draw):
        sizes = [len(content)]
        touching = {}  # Block number: its changes in order.
        for change in self.pending:
            _, offset, _, length = change
            if offset is None:
                sizes.append(length)
                for number in range(length // block, (max(sizes) + block - 1) // block):
                    touching.setdefault(number, []).append(change)
            else:
                sizes.append(max(sizes[-1], offset + length))
                for number in range(offset // block, (offset + length + block - 1) // block):
                    touching.setdefault(number, []).append(change)
        content.extend(bytes(max(sizes) - len(content)))
        for number, changes in touching.items():
            self.mix_block(content, number * block, block, changes[:draw.randint(0, len(changes))])
        # Mostly the last size: else little of the blocks would show.
        size = sizes[-1] if draw.random() < 0.6 else draw.choice(sizes)
        return content[:size]

    @staticmethod
    def mix_block(content, begin, block, changes):
        end = min(begin + block, len(content))
        for _, offset, written, length in changes:
            at = length if offset is None else offset
            first, last = max(begin, at), end if offset is None else min(end, at + length)
            if first < last:
                content[first:last] = bytes(last - first) if written is None else written[first - at:last - at]


class Folder:
    def __init__(self):
        self.names = {}    # As readers see them.
        self.durable = {}


class NameChange:
    """`node` loses one name and gets another; a creation has no old one, a removal no new one. It is kept or lost whole."""

    def __init__(self, number, old, new, node):
        self.number, self.old, self.new, self.node = number, old, new, node
        self.unsynced = {id(place[0]) for place in (old, new) if place}

    def places(self):
        return {(id(place[0]), place[1]) for place in (self.old, self.new) if place}

    def run(self, names_of):
        if self.old:
            names_of(self.old[0]).pop(self.old[1], None)
        if self.new:
            names_of(self.new[0])[self.new[1]] = self.node


class Disk:
    """`lie` names a kind of sync that says it is done and does nothing: for showing that the tests notice."""

    LIES = {
        "log": lambda node, path: path.startswith("data/log/"),
        "data": lambda node, path: path.endswith("data.mdb"),
        "meta": lambda node, path: False,  # LMDB's O_DSYNC.
        "redo": lambda node, path: "/redo" in path,
        "files": lambda node, path: isinstance(node, File),
        "folders": lambda node, path: isinstance(node, Folder),
    }

    def __init__(self, base=None, lie=None):
        self.root = Folder()
        self.opened = {}        # Handle: (node, path at that time).
        self.begun = {}         # Number of a sync: number of the change from which on it does not cover.
        self.name_changes = []
        self.count = 0          # Changes so far.
        self.lie = lie
        self.sync_count = 0
        if base:
            self.load(base, self.root)

    def load(self, path, folder):
        for entry in os.scandir(path):
            if entry.is_dir():
                node = Folder()
                self.load(entry.path, node)
            else:
                node = File()
                with open(entry.path, "rb") as file:
                    node.durable = bytearray(file.read())
                node.size = len(node.durable)
            folder.names[entry.name] = folder.durable[entry.name] = node

    def find(self, path):
        """The folder and the name that `path` ends in."""
        parts = path.split("/")
        folder = self.root
        for part in parts[:-1]:
            folder = folder.names[part]
        return folder, parts[-1]

    def node(self, path):
        if not path:
            return self.root
        folder, name = self.find(path)
        return folder.names.get(name)

    def change_name(self, old, new, node):
        change = NameChange(self.count, old, new, node)
        change.run(lambda folder: folder.names)
        self.name_changes.append(change)

    def open(self, record):
        path = record.text.decode()
        node = self.node(path)
        if node is None:
            node = File()
            self.change_name(None, self.find(path), node)
        elif record.a & os.O_TRUNC and isinstance(node, File):
            node.truncate(self.count, 0)
        self.opened[record.handle] = (node, path)

    def sync_folder(self, folder, up_to):
        """A change is on disk when the folders of both its names are synced, and those before it at these names too."""
        done = set()
        for change in self.name_changes:
            if change.number < up_to:
                change.unsynced.discard(id(folder))
        for i, change in enumerate(self.name_changes):
            if not change.unsynced:
                places = change.places()
                for j in range(i, -1, -1):
                    if self.name_changes[j].places() & places:
                        done.add(j)
                        places |= self.name_changes[j].places()
        for j in sorted(done):
            self.name_changes[j].run(lambda f: f.durable)
        self.name_changes = [c for j, c in enumerate(self.name_changes) if j not in done]

    def end_sync(self, record):
        node, path = self.opened[record.handle]
        up_to = self.begun.pop(record.a)
        if self.lie and self.LIES[self.lie](node, path):
            return
        self.sync_count += 1
        if isinstance(node, Folder):
            self.sync_folder(node, up_to)
        else:
            node.sync(up_to)

    def apply(self, record):
        """Go on by one record."""
        self.count += 1
        kind = record.kind
        if kind == trace.OPEN:
            self.open(record)
        elif kind == trace.WRITE:
            self.opened[record.handle][0].write(self.count, record.a, record.text or None, record.b)
        elif kind == trace.TRUNCATE:
            node = self.opened[record.handle][0] if record.handle else self.node(record.text.decode())
            node.truncate(self.count, record.a)
        elif kind == trace.SYNC_BEGIN:
            self.begun[record.a] = self.count
        elif kind == trace.SYNC_END:
            self.end_sync(record)
        elif kind == trace.DURABLE:
            if self.lie not in ("meta", "files"):
                self.opened[record.handle][0].make_durable(record.a, record.b)
        elif kind == trace.RENAME:
            old, new = (self.find(path) for path in record.text.decode().split("\0"))
            self.change_name(old, new, old[0].names[old[1]])
        elif kind == trace.REMOVE:
            old = self.find(record.text.decode())
            self.change_name(old, None, old[0].names[old[1]])
        elif kind == trace.MAKE_DIRECTORY:
            self.change_name(None, self.find(record.text.decode()), Folder())

    def choose_names(self, survival, draw):
        changes = self.name_changes
        if survival == "none":
            return []
        if survival in ("all", "names", "sizes"):
            return changes
        if survival == "ordered":
            return changes[:draw.randint(0, len(changes))]
        share = draw.choice((0.2, 0.5, 0.8))
        return [change for change in changes if draw.random() < share]

    def pending_files(self):
        found = []

        def visit(folder):
            for node in folder.names.values():
                if isinstance(node, Folder):
                    visit(node)
                elif node.pending:
                    found.append(node)
        visit(self.root)
        return found

    def has_pending(self):
        return bool(self.name_changes) or bool(self.pending_files())

    def cut(self, target, survival, draw):
        """Cut the power, and write what is left into the new folder `target`."""
        names = {}

        def names_of(folder):
            if id(folder) not in names:
                names[id(folder)] = dict(folder.durable)
            return names[id(folder)]

        for change in self.choose_names(survival, draw):
            change.run(names_of)
        chosen = None
        if survival == "one":
            files = self.pending_files()
            chosen = draw.choice(files) if files else None

        def write_out(folder, path):
            os.mkdir(path)
            for name, node in sorted(names_of(folder).items()):
                if isinstance(node, Folder):
                    write_out(node, os.path.join(path, name))
                elif chosen is not None:
                    write_file(os.path.join(path, name), node.after("all" if node is chosen else "none", draw))
                else:
                    write_file(os.path.join(path, name), node.after(survival, draw))
        write_out(self.root, target)

    def differences(self, path):
        """Where the files as readers see them are not those at `path`: nothing, if the recorder saw everything."""
        shadow = path + ".shadow"
        found = []
        try:
            self.cut(shadow, "all", None)
            listed = [sorted(os.path.relpath(os.path.join(folder, name), root)
                             for folder, folders, files in os.walk(root) for name in folders + files)
                      for root in (shadow, path)]
            found += sorted(set(listed[0]) ^ set(listed[1]))
            for name in set(listed[0]) & set(listed[1]):
                if os.path.basename(name) == UNRECORDED:
                    continue
                pair = [os.path.join(root, name) for root in (shadow, path)]
                if os.path.isfile(pair[0]) and open(pair[0], "rb").read() != open(pair[1], "rb").read():
                    found.append(name)
        finally:
            shutil.rmtree(shadow, ignore_errors=True)
        return found


def write_file(path, content):
    with open(path, "wb") as file:
        os.truncate(path, len(content))
        for at in range(0, len(content), CHUNK):
            chunk = content[at:at + CHUNK]
            if chunk.count(0) != len(chunk):  # Sparse: most of a log is zeros.
                file.seek(at)
                file.write(chunk)
