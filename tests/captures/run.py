#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records captures of real clients and servers, and holds the inspectors against them: true, unknown, wrong, as a table.

    tests/captures/run.py [--build DIR] [--only NAME…] [--judge DIR]

Needs root: the clients and servers run in network namespaces of their own. The captures go to BUILD/captures; --judge
looks at those that are there already. Exits 1 where an aim is missed: nothing wrong, at most 2 % of the flows unknown,
none of a protocol that has an inspector, and what arrives whole is right however it was cut.
"""
import argparse
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import judge  # noqa: E402  (the path is set just above)
import packages  # noqa: E402
import recorder  # noqa: E402
import servers  # noqa: E402
import calls, foreign, mail, names, web  # noqa: E402,E401,F401  (they fill recorder.CAPTURES)


def say(text):
    print(text, flush=True)


def record(directory, only=(), said=say):
    """All captures into the directory: (what went wrong, what could not be recorded for want of a program)."""
    directory.mkdir(parents=True, exist_ok=True)
    packages.find_in_path(directory.parent, "chronyd", "chrony")
    failed, left_out = [], []
    for old in [*directory.glob("*.json"), *directory.glob("*.pcap")]:
        old.unlink()
    with recorder.CaptureLab(servers.NAMES, directory) as lab:
        servers.start_all(lab)
        for made in recorder.CAPTURES:
            if only and made["name"] not in only:
                continue
            if recorder.missing(made):
                left_out.append(f"{made['name']}: not installed: {', '.join(recorder.missing(made))}")
                continue
            since = time.monotonic()
            try:
                recorder.record(lab, made, directory)
            except Exception as error:	# the others are worth recording all the same
                failed.append(f"{made['name']}: {type(error).__name__}: {error}")
            said(f"{made['name']:32} {time.monotonic() - since:5.1f} s  {made['what']}")
    return failed, left_out


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--judge", type=pathlib.Path)
    options = parser.parse_args()
    build = options.build.resolve()
    directory = options.judge or build / "captures"
    failed, left_out = ([], []) if options.judge else record(directory, options.only)
    judgement = judge.judge(build, sorted(directory.glob("*.json")))
    for line in [*failed, *left_out, *judgement.faults, *judgement.notes]:
        say(line)
    say(f"\n{judge.table(judgement)}")
    missed = [*failed, *judge.missed(judgement)]
    for line in missed:
        say(f"MISSED: {line}")
    sys.exit(1 if missed or judgement.faults else 0)


if __name__ == "__main__":
    main()
