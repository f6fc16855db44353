# SPDX-License-Identifier: GPL-3.0-or-later
"""A figure as docs/contract.md has it, and what is said of many measurements."""
import statistics


def figure(name, value, unit, against="", at_least=None, at_most=None, spread=None):
    made = {"name": name, "value": value, "unit": unit, "against": against}
    if at_least is not None:
        made["at_least"] = at_least
    if at_most is not None:
        made["at_most"] = at_most
    if spread is not None:
        made["spread"] = spread
    return made


def missed(made):
    return made["value"] < made.get("at_least", float("-inf")) or made["value"] > made.get("at_most", float("inf"))


def ratio(name, ours, theirs, **rest):
    """The median of the ratios of neighbouring rounds, and how far they lie apart."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    return figure(name, round(statistics.median(ratios), 3), "ratio",
                  spread=[round(min(ratios), 3), round(max(ratios), 3)], **rest)


def table(figures):
    lines = [f"{'figure':38} {'value':>12} {'unit':8} {'aim':>10}  {'spread':18} against"]
    for made in figures:
        aim = f">= {made['at_least']}" if "at_least" in made else f"<= {made['at_most']}" if "at_most" in made else "no aim"
        spread = made.get("spread", "")
        spread = "{} - {}".format(*spread) if isinstance(spread, list) else str(spread)
        lines.append(f"{made['name']:38} {made['value']:>12} {made['unit']:8} {aim:>10}  {spread:18} "
                     f"{made['against']}{'   MISSED' if missed(made) else ''}")
    return "\n".join(lines)
