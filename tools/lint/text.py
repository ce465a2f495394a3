#!/usr/bin/python3
"""Text: no white space at line ends, no tabs in C, a line end at the end; no words that do not belong into the project's
files; names that say what they mean."""
import re
import sys

import sources

TEXT_SUFFIXES = (".c", ".h", ".md", ".txt", ".py", ".sh", ".cmake", ".json", ".conf", ".yml", ".service")
TEXT_NAMES = ("dev", ".ci/run", ".clang-format", ".clang-tidy", ".gitignore", "LICENSE", "tools/bench/compare")

# In any file. A note to self belongs to the issue tracker, and a machine's path to nobody.
BANNED = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "a note to self"),
    (re.compile(r"(?<![\w./])/(work|home|root)/\w"), "somebody's own path"),
    (re.compile(r"\b(whitelist|blacklist)\b", re.I), "say allowed and refused"),
]

# Parts of identifiers in C, each with the word that is meant. Whole words need no list of what they stand for.
ABBREVIATIONS = {
    "ptr": "pointer", "cnt": "count", "idx": "index", "ctx": "context", "msg": "message", "cfg": "config",
    "srv": "server", "conn": "connection", "sz": "size", "elem": "element", "elems": "elements", "num": "count",
    "pos": "position", "cur": "current", "tmp": "temporary", "mem": "memory", "hdr": "header", "pkt": "packet",
    "cmd": "command", "str": "text", "arr": "array", "vec": "array", "dst": "to", "src": "from", "cb": "visit",
    "fn": "function", "func": "function", "err": "error", "ret": "result", "rc": "status", "res": "result",
    "addr": "address", "buff": "buf", "ts": "time", "nr": "count",
}  # fmt: skip
# Others' words: names of libraries and systems, and what Redis' users read.
FOREIGN = re.compile(
    r"^(mdb_|ev[a-z]*_|SSL_?|ERR_|XXH|lua_|luaL_|redis[A-Z]|pthread_|sin_|sin6_|s6?_|tm_|st_|tv_|iov_|d_|ai_|sa_|si_|ru_|"
    r"rlim_|str[a-z]+$|mem[a-z]+$|is[a-z]+$|bio_|cmd_|assert_|fail_msg$|[A-Z0-9_]+$|idx$|sync_partial_err$)"
)

CODE_NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^\s*#\s*include[^\n]*', re.S | re.M)
IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")


def check_space(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield "%s:%d: white space at the end" % (name, number)
        if "\t" in line and name.endswith((".c", ".h")):
            yield "%s:%d: a tab" % (name, number)
    if text and not text.endswith("\n"):
        yield "%s: no line end at the end" % name


def check_words(name, text):
    if name.startswith("tools/lint/"):
        return
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, reason in BANNED:
            match = pattern.search(line)
            if match:
                yield "%s:%d: `%s`: %s" % (name, number, match.group(0), reason)


def check_names(name, text):
    code = CODE_NOISE.sub(lambda match: "\n" * match.group(0).count("\n"), text)
    seen = set()
    for number, line in enumerate(code.split("\n"), 1):
        for word in IDENTIFIER.findall(line):
            if word in seen or FOREIGN.match(word):
                continue
            seen.add(word)
            for part in word.lower().split("_"):
                if part in ABBREVIATIONS:
                    yield "%s:%d: `%s`: `%s` for `%s`?" % (name, number, word, ABBREVIATIONS[part], part)


def main():
    findings = []
    for name in sources.all_files():
        if not name.endswith(TEXT_SUFFIXES) and name not in TEXT_NAMES:
            continue
        text = sources.read(name)
        findings.extend(check_space(name, text))
        findings.extend(check_words(name, text))
        if name.endswith((".c", ".h")):
            findings.extend(check_names(name, text))
    return sources.report("text", findings)


if __name__ == "__main__":
    sys.exit(main())
