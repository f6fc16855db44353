#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes src/intel/letters_table.h: which letter follows which in real names.

    bench/heuristics/train.py > src/intel/letters_table.h

From the training half of the sites (real_names.py). Counts are smoothed with those of the single letters, so that no
pair is impossible. Only the pairs' statistics leave this script, no name.
"""
import collections
import math

import real_names

SYMBOLS = "abcdefghijklmnopqrstuvwxyz0-"  # "0" is any digit, "-" all the rest
START = "^"
SMOOTHING = 8


def label(domain):
    text = domain.split(".")[0]
    return "".join("0" if c.isdigit() else c if c in SYMBOLS else "-" for c in text)


def main():
    pairs, singles = collections.Counter(), collections.Counter()
    names = [name for name in real_names.training() if not name.startswith("xn--")]
    for name in map(label, names):
        for before, after in zip(START + name, name):
            pairs[before, after] += 1
            singles[after] += 1
    total = sum(singles.values())

    def cost(before, after):
        alone = (singles[after] + 1) / (total + len(SYMBOLS))
        times = sum(pairs[before, other] for other in SYMBOLS)
        return -math.log2((pairs[before, after] + SMOOTHING * alone) / (times + SMOOTHING))

    print(f"""/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which letter follows which in the names of real sites, of {len(names)} registrable domains: written by
 * bench/heuristics/train.py, which says where they come from. A row is what came before (the last one: the beginning of
 * the label), a column what comes after, in the order of PR_LETTERS_SYMBOLS. A character is the cost in quarters of a
 * bit, -4 log2 p, counted from '0'.
 */
#pragma once

#define PR_LETTERS_SYMBOLS "{SYMBOLS}" /* "0": any digit; "-": all the rest */

static const char pr_letters_costs[{len(SYMBOLS) + 1}][{len(SYMBOLS) + 1}] = {{""")
    for before in SYMBOLS + START:
        row = "".join(chr(48 + min(78, round(4 * cost(before, after)))) for after in SYMBOLS)
        print('\t"' + row.replace("\\", "\\\\").replace('"', '\\"') + '",' + f" /* {before} */")
    print("};")


if __name__ == "__main__":
    main()
