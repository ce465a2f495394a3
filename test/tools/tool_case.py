"""What the scripts of this folder share: a folder of their own, and running a tool."""
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ.get("HEARTH_BUILD", "build/debug")


class ToolCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hearth-tools-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def run_tool(self, name, *arguments, stdin=None):
        """Run a program of the build; the finished process with text in stderr and bytes in stdout."""
        done = subprocess.run([os.path.join(BUILD, name), *arguments], input=stdin, capture_output=True, timeout=60)
        done.stderr = done.stderr.decode()
        return done

    def tool(self, name, *arguments, code=0, stdin=None):
        """Run a program and insist on its exit code."""
        done = self.run_tool(name, *arguments, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def make_data(self, name, key_count=2000, seed=1):
        self.tool("tools-sample", "make", self.path(name), str(key_count), str(seed))
        return self.path(name)

    def digest(self, directory):
        return self.tool("tools-sample", "digest", directory).stdout.decode()

    def names(self, *names):
        return sorted(os.listdir(self.path(*names)))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)
