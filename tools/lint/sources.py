"""Which files the checks look at, and how a finding looks."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def all_files():
    """Paths relative to the root of all files that belong to the project, also those not yet committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode == 0:
        names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    else:  # An unpacked archive.
        names = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*"))
    return [name for name in names if (ROOT / name).is_file() and not name.startswith(("build/", "data/", ".git/"))]


def c_files():
    return [name for name in all_files() if name.endswith((".c", ".h"))]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def report(check, findings):
    """Print the findings, sorted, and return the exit status."""
    for finding in sorted(findings):
        print(finding)
    print("%s: %s" % (check, "%d to mend" % len(findings) if findings else "clean"))
    return 1 if findings else 0
