#!/usr/bin/python3
"""Layers: a file includes its own folder and those to its left; third parties stay behind their fences; nothing at file
scope can change, but for the few places listed here with their reason."""
import re
import sys

import sources

# What each folder may include of ours. test/ and tools/bench/ may look at anything.
LAYERS = {
    "base": ["base"],
    "storage": ["base", "storage"],
    "replication": ["base", "storage", "replication"],
    "server": ["base", "storage", "replication", "server"],
    "tools": ["base", "storage", "tools"],
}

# Third-party headers and the files that may include them.
FENCES = [
    (r"lmdb\.h", r"storage/"),
    (r"event2/", r"(server|replication)/"),
    (r"zlib\.h", r"(base/|storage/snapshot/)"),
    (r"xxhash\.h", r"base/"),
    (r"openssl/", r"(base/sha1|base/tls/|server/acl/acl_password)"),  # TLS for server, replication and tools: below all three.
    (r"(lua|lualib|lauxlib|lua-cjson)\.h", r"server/script/"),
    (r"hiredis/", r"test/"),
    (r"cmocka\.h", r"test/"),
]

# Mutable state at file scope: path and name, each with its reason.
STATE = {
    ("base/diag.c", "sink"): "where the whole process' lines go",
    ("base/crash_point.c", "passages_left"): "the tests' hook; armed by the environment",
    ("base/memory.c", "fault"): "the tests' hook; 0 in production",
    ("base/prefault.c", "service"): "the kernel acts on the whole process' memory, so one thread serves all",
    ("base/checksum.c", "crc64_tables"): "written once, before main()",
    ("server/stop_signals.c", "pipe_end"): "all that a signal handler can reach; written once, before the signal can come",
    ("server/crash_report.c", "mapped_path"): "all that a signal handler can reach; written once, before the signal can come",
    ("server/crash_report.c", "handler_stack"): "a process has one such stack, and it must not depend on the heap",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
STATIC = re.compile(r"^static\s+(?!(?:inline|_Noreturn|_Thread_local)\b)([^;={()]*?)(\w+)\s*(?:\[[^;=]*\])?\s*(?:=|;)", re.M)
STATIC_BLOCK = re.compile(r"^static struct \{$.*?^\} (\w+)", re.M | re.S)


def layer_of(name):
    return name.split("/")[0]


def check_includes(name, text):
    allowed = LAYERS.get(layer_of(name))
    if allowed is None or name.startswith("tools/bench/"):
        return
    for quote, path in INCLUDE.findall(text):
        if quote == '"' and "/" in path and path.split("/")[0] in list(LAYERS) + ["test", "support"]:
            if path.split("/")[0] not in allowed:
                yield '%s: includes "%s"; %s/ may include %s' % (name, path, layer_of(name), ", ".join(allowed))
        for header, fence in FENCES:
            if quote == "<" and re.match(header, path) and not re.match(fence, name):
                yield "%s: includes <%s>, which is fenced to %s" % (name, path, fence)


def is_constant(declaration):
    """Is what is declared, and not only what it points to, const?"""
    after_pointer = declaration.rsplit("*", 1)[-1]
    return re.search(r"\bconst\b", after_pointer if "*" in declaration else declaration) is not None


def check_state(name, text):
    if layer_of(name) not in LAYERS or name.startswith("tools/bench/"):
        return
    found = [match.group(1) for match in STATIC_BLOCK.finditer(text)]
    for match in STATIC.finditer(text):
        if not is_constant(match.group(1)):
            found.append(match.group(2))
    for variable in found:
        if (name, variable) not in STATE:
            yield "%s: `%s` is mutable at file scope; pass it, or give the reason in tools/lint/layers.py" % (name, variable)


def main():
    findings = []
    for name in sources.c_files():
        text = sources.read(name)
        findings.extend(check_includes(name, text))
        findings.extend(check_state(name, text))
    return sources.report("layers", findings)


if __name__ == "__main__":
    sys.exit(main())
