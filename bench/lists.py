#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A million domains on lists of all formats: compiled, opened and looked up by bench-lists; addresses by bench-geo.

    bench/lists.py [--build DIR]

Prints a JSON array of figures (docs/contract.md). The lists are made once, into BUILD/bench/lists.
"""
import argparse
import json
import pathlib
import subprocess

import lists_data

FORMATS = [*lists_data.FORMATS, "addresses", "asns", "countries"]


def measured(build, program, *arguments):
    done = subprocess.run([build / "bench" / program, *arguments], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=900)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(build):
    directory = build / "bench" / "lists"
    n_real = lists_data.make(directory)
    figures = [{"against": f"{n_real:,} of the domains are real", **figure}
               for figure in measured(build, "bench-lists", directory, *FORMATS)]
    sources = lists_data.geographic(directory)
    if sources:
        figures += [{"against": "", **figure} for figure in measured(build, "bench-geo", *sources)]
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    print(json.dumps(run(parser.parse_args().build.resolve()), indent=1))
