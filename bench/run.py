#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures everything side by side, prints a table, writes build/bench.json (docs/contract.md).

    bench/run.py [--build DIR] [--only PART,…]     parts: programs, inspection, lists, heuristics, connect, stream, memory,
                                                   dns, tunnel (default: all)

Exits 1 where a figure misses its aim, or a part could not be measured.
"""
import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

import portreeve_lab  # noqa: E402  (the path is set just above)

import connect  # noqa: E402
import contenders  # noqa: E402
import inspection  # noqa: E402
import lists  # noqa: E402
import memory  # noqa: E402
import stream  # noqa: E402
import tunnel  # noqa: E402
from figures import missed, table  # noqa: E402

# Programs without a network: each prints one figure a line.
PROGRAMS = ["bench-tables", "bench-decide", "bench-attacks"]


def say(text):
    print(text, flush=True)


def programs(build):
    figures = []
    for name in PROGRAMS:
        done = subprocess.run([build / "bench" / name], stdout=subprocess.PIPE, text=True, check=True, timeout=900)
        figures += [{"against": "", **json.loads(line)} for line in done.stdout.splitlines()]
    return figures


def connects(build):
    with portreeve_lab.Lab("prbench", container=False, lan=False) as lab:
        ours = contenders.Portreeve(build, build / "bench" / "connect-client")
        return connect.run(lab, build, ours, portreeve_lab.WEB4, say)


def streams(build):
    with portreeve_lab.Lab("prbens", container=False, lan=False) as lab:
        client = build / "bench" / "connect-client"
        ours = contenders.Portreeve(build, client)
        for_now = contenders.Portreeve(build, client, "permanent_verdicts = false;\n")
        return stream.run(lab, build, ours, for_now, portreeve_lab.WEB4, say)


def memories(build):
    with portreeve_lab.Lab("prbenm", container=False, lan=False) as lab:
        return memory.run(lab, build, [portreeve_lab.WEB4, portreeve_lab.ADS4], say)


def tunnels(build):
    with portreeve_lab.Lab("prbent", container=False, lan=False) as lab:
        return tunnel.run(lab, build, say)


def dns(build):
    done = subprocess.run([sys.executable, HERE / "dns.py", "--build", build], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=1800)
    return json.loads(done.stdout)


def heuristics(build):
    done = subprocess.run([sys.executable, HERE / "heuristics" / "run.py", "--build", build], stdout=sys.stderr, timeout=1800)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"heuristics/run.py: exit {done.returncode}")
    return json.loads((build / "heuristics.json").read_text())


PARTS = {"programs": programs, "inspection": inspection.run, "lists": lists.run, "heuristics": heuristics, "connect": connects,
         "stream": streams, "memory": memories, "dns": dns, "tunnel": tunnels}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    build = options.build.resolve()
    figures, failed = [], []
    for part, measure in PARTS.items():
        if part not in options.only.split(","):
            continue
        try:
            figures += measure(build)
        except (OSError, RuntimeError, subprocess.SubprocessError, portreeve_lab.Failed) as error:
            failed.append(f"{part}: {error}")
    say("\n" + table(figures))
    (build / "bench.json").write_text(json.dumps(figures, indent=1) + "\n")
    for line in failed:
        say(f"NOT MEASURED  {line}")
    sys.exit(1 if failed or any(map(missed, figures)) else 0)


if __name__ == "__main__":
    main()
