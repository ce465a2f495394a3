#!/usr/bin/python3
"""Parity of several clients: the same steps in the same order on Debian's redis-server and on Hearth, all that each
client hears compared after each step; then what is in the keys, and in Hearth's once more after kill -9.

    run_scenarios.py --server build/hearth-server [--seed N] [--scenarios N] [--only TEXT]

Exits 0 if there is no difference; prints each with the steps that led to it.
"""
import argparse
import importlib
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

from hearth import Server
from scenario import Stage, content

FAMILIES = ["blocking", "stream", "acl"]
RUN_STEPS = 60  # Of one random scenario: then all begins anew.
CLIENTS = ["c%d" % i for i in range(6)]


def parse_words(text):
    """Words with \\xNN and the like."""
    return [word.encode().decode("unicode_escape").encode("latin-1") for word in text.split()]


def parse_step(line):
    """A line of a script as a function of a Stage."""
    says = re.fullmatch(r"(\w+)([:!~]) (.*)", line)
    if says:
        name, mark, text = says.groups()
        commands = [parse_words(part) for part in text.split(" | ")]
        if mark == "~":
            return lambda stage: stage.send_and_return(name, commands)
        return lambda stage: stage.send(name, commands, expects_replies=mark == ":")
    name, verb = line.split(" ")
    return lambda stage: {"returns": stage.returns, "closes": stage.close}[verb](name)


class Comparison:
    """Two stages that go through the same steps."""

    def __init__(self, name, servers, protocol):
        self.name = "%s, RESP%d" % (name, protocol)
        self.stages = [Stage(server, protocol) for server in servers]
        self.done = []
        self.served = 0
        self.differs = False

    def step(self, text, act):
        self.done.append(text)
        heard = []
        for stage in self.stages:
            try:
                heard.append(act(stage))
            except (AssertionError, EOFError, OSError, KeyError) as error:
                heard.append([("the test", repr(error))])
        if text != "(the end)":
            self.served += sum(heard_by in CLIENTS and heard_by != text.split(":")[0] for heard_by, *_ in heard[0])
        self.compare(*heard)

    def compare(self, redis, hearth):
        if redis == hearth or self.differs:
            return
        self.differs = True
        print("DIFFERENCE in: %s" % self.name)
        for text in self.done[-12:]:
            print("    " + text)
        for name, heard, other in (("redis: ", redis, hearth), ("hearth:", hearth, redis)):
            print("  %s %r\n     alone: %r" % (name, heard, [item for item in heard if item not in other]))
        sys.stdout.flush()

    def end(self):
        self.step("(the end)", lambda stage: stage.end())
        return self.differs


def run_script(name, text, servers, protocol):
    comparison = Comparison(name, servers, protocol)
    for line in text.strip().splitlines():
        comparison.step(line.strip(), parse_step(line.strip()))
        if comparison.differs:
            break
    return comparison.end()


def survives_a_kill(comparison, hearth):
    """What is in the keys is equal, and what was logged makes it anew."""
    contents = [content(stage.server) for stage in comparison.stages]
    comparison.step("(what the keys hold)", lambda stage: contents[comparison.stages.index(stage)])
    hearth.kill()
    hearth.start()
    contents[1] = content(hearth)
    comparison.step("(what the keys hold after kill -9)", lambda stage: contents[comparison.stages.index(stage)])


def run_random(family, seed, servers, protocol):
    rng = random.Random(seed)
    comparison = Comparison("random scenario %s" % seed, servers, protocol)
    redis = comparison.stages[0]
    for stage in comparison.stages:
        for name in CLIENTS:
            stage.actor(name)
    for _ in range(RUN_STEPS):
        blocked = [name for name in CLIENTS if redis.actors[name].is_blocked]
        free = [name for name in CLIENTS if name not in blocked]
        if not free:
            comparison.step("(one is released)", lambda stage: stage.release(family.RELEASE))
            continue
        name, commands = family.act(rng, free, blocked)
        text = "%s: %s" % (name, " | ".join(b" ".join(words).decode() for words in commands))
        comparison.step(text, lambda stage: stage.send(name, commands))
        if comparison.differs:
            break
    comparison.end()
    survives_a_kill(comparison, servers[1])
    return comparison.differs, comparison.served


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="path of hearth-server")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scenarios", type=int, default=20, help="random ones, of each family and protocol")
    parser.add_argument("--only", help="scripts whose name holds this text")
    options = parser.parse_args()
    redis = Server(None, "--appendonly", "no", kind="redis")
    hearth = Server(options.server, "--appendfsync", "no")
    count = differences = served_in_all = 0
    for family in (importlib.import_module("scenarios." + name) for name in FAMILIES):
        for protocol in (2, 3):
            for name, text in family.SCRIPTS.items():
                if options.only is None or options.only in name:
                    differences += run_script(name, text, (redis, hearth), protocol)
                    count += 1
            for i in range(0 if options.only else options.scenarios):
                differs, served = run_random(family, "%d.%d" % (options.seed, i), (redis, hearth), protocol)
                differences += differs
                served_in_all += served
                count += 1
    print("seed %d: %d scenarios, %d replies to waiting clients in random ones, %d differences" %
          (options.seed, count, served_in_all, differences))
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
