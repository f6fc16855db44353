#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A million domains on lists of all formats: compiled, opened and looked up by bench-lists.

    bench/lists.py [--build DIR]

Prints a JSON array of figures (docs/contract.md). The lists are made once, into BUILD/bench/lists.
"""
import argparse
import json
import pathlib
import subprocess

import lists_data

FORMATS = [*lists_data.FORMATS, "addresses", "asns", "countries"]


def run(build):
    n_real = lists_data.make(build / "bench" / "lists")
    done = subprocess.run([build / "bench" / "bench-lists", build / "bench" / "lists", *FORMATS],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=900)
    return [{"against": f"{n_real:,} of the domains are real", **json.loads(line)} for line in done.stdout.splitlines()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    print(json.dumps(run(parser.parse_args().build.resolve()), indent=1))
