#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the heuristics find and what they flag wrongly, as a table (docs/heuristics.md says how each is measured).

    bench/heuristics/run.py [--build DIR] [--tunnels DIR]

Needs root for the tunnels: the real tools run in network namespaces. With --tunnels their questions come from files
that bench/heuristics/tunnels.py wrote before. Exits 1 where an aim is missed.
"""
import argparse
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import evaluate  # noqa: E402  (the path is set just above)
import families  # noqa: E402
import tunnels  # noqa: E402
from figures import figure, missed, table  # noqa: E402

FOUND_AT_LEAST = 80	# percent of each family of random letters
WRONG_AT_MOST = 1	# of 10,000 pairs of real software
TUNNEL_AT_MOST = 50	# questions


def say(text):
    print(text, flush=True)


def generated(build):
    figures = []
    for kind, generators, aim in (("random letters", families.RANDOM_LETTERS, {"at_least": FOUND_AT_LEAST}),
                                  ("below one zone", families.BELOW_ONE_ZONE, {}),
                                  ("pronounceable", families.PRONOUNCEABLE, {}), ("words", families.WORDS, {})):
        for generator in generators:
            alone, found, first = evaluate.family(build, generator)
            figures.append(figure(f"generated_{generator.__name__}", round(100 * found, 1), "%", **aim,
                                  against=f"{kind}; {100 * alone:.0f} % look random by themselves; "
                                          f"{f'from the {first}th question on' if first else 'never'}"))
    for name, share in evaluate.harder(build).items():
        figures.append(figure(f"generated_{name}", round(100 * share, 1), "%", against=evaluate.HARDER[name]))
    return figures


def wrong(build):
    n_pairs, n_wrong = 0, 0
    for order in range(evaluate.ORDERS):
        pairs, flagged = evaluate.real_software(build, order)
        n_pairs, n_wrong = n_pairs + len(pairs), n_wrong + len(flagged)
        for (name, domain), suspicions in sorted(flagged.items())[:20]:
            say(f"flagged: {name} asks for {domain}: {sorted(suspicions)}")
    figures = [figure("heuristics_wrong_per_10000", round(1e4 * n_wrong / n_pairs, 2), "pairs", at_most=WRONG_AT_MOST,
                      against=f"{n_wrong} of {n_pairs} pairs of application and domain, both heuristics")]
    for name, (bad, n) in evaluate.hard_software(build).items():
        figures.append(figure(f"wrong_{name}", round(1e4 * bad / n, 2), "pairs", against=evaluate.HARD_SOFTWARE[name]))
    return figures


def tunnelled(build, directory):
    logs = sorted(directory.iterdir()) if directory else None
    with tempfile.TemporaryDirectory() as scratch:
        worst = {}
        for log in logs or tunnels.record(pathlib.Path(scratch) / "runs", say):
            first = evaluate.tunnel(build, log.read_text().splitlines())
            say(f"{log.name}: {f'at question {first}' if first else 'NOT FOUND'}")
            tool, kind = log.name.split("-")[:2]
            worst.setdefault((tool, kind), []).append(first or 1000)
    return [figure(f"tunnel_{tool}_{kind}", max(firsts), "asked", at_most=TUNNEL_AT_MOST,
                   against=f"the latest of {len(firsts)} encodings")
            for (tool, kind), firsts in worst.items()]


def run(build, directory=None):
    """A part of bench/run.py."""
    return [*generated(build), *wrong(build), *tunnelled(build, directory),
            *({"against": "a question and its answer", **made} for made in evaluate.speed(build))]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--tunnels", type=pathlib.Path)
    options = parser.parse_args()
    figures = run(options.build.resolve(), options.tunnels)
    say("\n" + table(figures))
    (options.build / "heuristics.json").write_text(json.dumps(figures, indent=1) + "\n")
    sys.exit(1 if any(map(missed, figures)) else 0)


if __name__ == "__main__":
    main()
