#!/usr/bin/python3
"""Power cuts at every moment of a data directory's life, rebuilt from what the server really wrote.

    power_loss.py SERVER RECORDER [--states 240] [--seed N] [--only NAME] [--keep FOLDER]

Each scenario runs whole processes once under the recorder (recorder.c), which sees each write, sync and name of the log, of
LMDB and of the configuration, in order with the test's marks of what was acknowledged. Then the power is cut, so many
times, at syncs and at random records, and each time some of what was not synced is lost (disk.py). In each state the server
must open, twice with the same data; all that was acknowledged must be there, what is there must be the data after some
number of whole steps, and hearth-check must find nothing.

With the same traces, a kind of sync is made to lie: then states must fail, or the test would prove nothing.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import disk  # noqa: E402
import scenarios  # noqa: E402
import trace  # noqa: E402

WORKERS = 3
LIE_ROUNDS, LIE_STATES = 15, 30  # The most that are tried until one shows that a kind of sync is missing.


def memory_folder():
    """Where syncs cost nothing: the disks here are models."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def choose_cuts(records, count, draw):
    """A third near changes of names, which are rare and dangerous, a third beside what makes content durable, and the rest
    anywhere."""
    named = [i for i, r in enumerate(records) if r.kind in (trace.RENAME, trace.REMOVE, trace.MAKE_DIRECTORY)]
    synced = [i for i, r in enumerate(records) if r.kind in (trace.SYNC_END, trace.DURABLE)]
    cuts = [draw.choice(named) + draw.randint(0, 6) for _ in range(count // 3 if named else 0)]
    cuts += [draw.choice(synced) + draw.randint(0, 1) for _ in range(count // 3 if synced else 0)]
    cuts += [draw.randint(0, len(records)) for _ in range(count - len(cuts))]
    return sorted(min(cut, len(records)) for cut in cuts)


def shorten(text, most=300):
    """One line: its beginning, and its end, where a server says why."""
    text = " / ".join(line for line in text.splitlines() if line)
    return text if len(text) <= most else text[:most // 3] + " ... " + text[-most * 2 // 3:]


def check_one(scenario, folder, known, what):
    try:
        scenario.check(folder, known)
        return None
    except Exception as error:
        return "%s: %s: %s" % (what, type(error).__name__, shorten(str(error)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cut_power(scenario, options, count, lie=None, lie_round=0):
    """Try `count` states; how many, and the failures' texts. With a lie, one failure is enough."""
    draw = random.Random("%s %s %s %d" % (scenario.name, options.seed, lie, lie_round))
    model = disk.Disk(scenario.base, lie)
    known = scenario.new_knowledge()
    failures, running, at, tried = [], set(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for number, cut in enumerate(choose_cuts(scenario.records, count, draw)):
            while at < cut:
                model.apply(scenario.records[at])
                known.apply(scenario.records[at], model)
                at += 1
            survival = draw.choice(disk.SURVIVALS)
            what = "%s, seed %d%s: record %d of %d, %s" % (scenario.name, options.seed, " without syncs of " + lie if lie
                                                           else "", cut, len(scenario.records), survival)
            folder = os.path.join(scenario.scratch, "state-%s-%d" % (lie or "true", number))
            model.cut(folder, survival, draw)
            if options.keep and not lie:
                shutil.copytree(folder, os.path.join(options.keep, "%s-%d" % (scenario.name, number)))
            running.add(pool.submit(check_one, scenario, folder, known.copy(), what))
            tried += 1
            if len(running) > 2 * WORKERS:
                done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                failures += [f.result() for f in done if f.result()]
            if lie and failures:
                break
        failures += [f.result() for f in running if f.result()]
    return tried, failures


def notice(scenario, options, lie):
    """The same in rounds over the whole trace, until a state fails."""
    total = 0
    for lie_round in range(LIE_ROUNDS):
        tried, failures = cut_power(scenario, options, LIE_STATES, lie, lie_round)
        total += tried
        failures = [text for text in failures if ": AssertionError: " in text]  # Else the test itself went wrong.
        if failures:
            break
    return total, failures


def run_scenario(make, options, count):
    """Whether it went well."""
    scratch = tempfile.mkdtemp(prefix="hearth-power-", dir=memory_folder())
    begin = time.monotonic()
    good = True
    scenario = make(options, scratch)
    try:
        scenario.record()
        end = disk.Disk(scenario.base)
        for record in scenario.records:
            end.apply(record)
        unseen = end.differences(scenario.root)
        assert not unseen, "%s: the recorder missed something in %r" % (scenario.name, unseen[:5])
        tried, failures = cut_power(scenario, options, count)
        print("%-4s %s: %d records, %d syncs, %d states, %d failed, %.1f s" % (
            "FAIL" if failures else "ok", scenario.name, len(scenario.records), end.sync_count, tried, len(failures),
            time.monotonic() - begin))
        for failure in failures[:5]:
            print("     " + failure)
        good = not failures
        for lie in scenario.lies:
            tried, failures = notice(scenario, options, lie)
            print("%-4s %s without syncs of %s: %s" % (
                "ok" if failures else "FAIL", scenario.name, lie,
                "noticed in state %d: %s" % (tried, failures[0].split(": ", 2)[-1]) if failures else
                "not noticed in %d states" % tried))
            good = good and bool(failures)
    except Exception as error:
        print("FAIL %s: %s: %s" % (make.name, type(error).__name__, error))
        traceback.print_exc()
        good = False
    finally:
        scenario.finish()
        shutil.rmtree(scratch, ignore_errors=True)
        sys.stdout.flush()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("recorder")
    parser.add_argument("--states", type=int, default=240, help="power cuts in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one scenario")
    parser.add_argument("--keep", help="copy each state into this folder")
    options = parser.parse_args()
    print("seed %d" % options.seed)
    chosen = [make for make in scenarios.ALL if options.only in (None, make.name)]
    weight = sum(make.weight for make in chosen)
    results = [run_scenario(make, options, max(1, options.states * make.weight // weight)) for make in chosen]
    print("%d passed, %d failed" % (sum(results), len(results) - sum(results)))
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
