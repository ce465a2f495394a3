#!/usr/bin/python3
"""Sizes: lines of a file, lines of a function, parameters of a function.

    sizes.py            check: what is above a limit must be in sizes.baseline, and no larger than there
    sizes.py --update   write the baseline anew: drops what was mended, and takes what is larger as given

The baseline is a ratchet. What it lists was too large when it was written; nothing else may become so.
"""
import re
import sys

import sources

FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 900
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 5
BASELINE = "tools/lint/sizes.baseline"

# clang-format puts the braces of functions, and of nothing else that takes parameters, in column 0.
FUNCTION = re.compile(r"^(?P<head>[A-Za-z_][^\n;{}=#]*?(?:\n[ \t]+[^\n;{}]*)*?)\n\{\n(?P<body>.*?)^\}", re.M | re.S)
NAME = re.compile(r"(\w+)\s*\((?!\()")


def count_parameters(head, start):
    """Commas at the depth of the list that opens at `start`."""
    depth = 0
    count = 1
    inner = ""
    for character in head[start:]:
        depth += character in "(["
        depth -= character in ")]"
        if depth == 0:
            break
        count += character == "," and depth == 1
        inner += character
    return 0 if inner[1:].strip() in ("", "void") else count


def measure(name):
    """All that is above its limit: {(kind, where): size}."""
    text = sources.read(name)
    found = {}
    lines = text.count("\n")
    is_test = name.startswith("test/")
    if lines > (TEST_FILE_LINES_MAX if is_test else FILE_LINES_MAX):
        found["file", name] = lines
    for match in FUNCTION.finditer(text):
        head = re.sub(r"__attribute__\s*\(\(.*?\)\)\s*", "", match.group("head"))
        label = NAME.search(head)
        if label is None:
            continue
        where = "%s:%s" % (name, label.group(1))
        lines = match.group(0).count("\n") + 1
        if lines > FUNCTION_LINES_MAX:
            found["function", where] = lines
        parameters = count_parameters(head, label.end() - 1)
        if parameters > PARAMETERS_MAX:
            found["parameters", where] = parameters
    return found


def read_baseline():
    baseline = {}
    path = sources.ROOT / BASELINE
    for line in path.read_text().splitlines() if path.exists() else []:
        if line and not line.startswith("#"):
            kind, where, size = line.split()
            baseline[kind, where] = int(size)
    return baseline


def write_baseline(found):
    lines = ["# What was above a limit when the limit came. Only to be shortened: tools/lint/sizes.py --update"]
    lines += ["%s %s %d" % (kind, where, size) for (kind, where), size in sorted(found.items())]
    (sources.ROOT / BASELINE).write_text("\n".join(lines) + "\n")


def main():
    found = {}
    for name in sources.c_files():
        found.update(measure(name))
    if "--update" in sys.argv[1:]:
        write_baseline(found)
        print("sizes: %d in the baseline" % len(found))
        return 0
    baseline = read_baseline()
    limits = {"file": "lines", "function": "lines", "parameters": "parameters"}
    findings = [
        "%s: %d %s%s" % (where, size, limits[kind], ", was %d" % baseline[kind, where] if (kind, where) in baseline else "")
        for (kind, where), size in found.items()
        if size > baseline.get((kind, where), 0)
    ]
    mended = sum(1 for key in baseline if found.get(key, 0) < baseline[key])
    if mended:
        print("sizes: %d of the baseline shrank; tools/lint/sizes.py --update" % mended)
    return sources.report("sizes", findings)


if __name__ == "__main__":
    sys.exit(main())
