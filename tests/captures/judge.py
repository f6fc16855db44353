# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds what `portreeve inspect` says of each flow of a capture, and of its variants, against what it is known to be."""
import collections
import concurrent.futures
import dataclasses
import json
import os
import subprocess

TRUE, UNKNOWN, WRONG = "true", "unknown", "wrong"
FLAGS = ("upgraded", "old", "nameless")
UNKNOWN_AT_MOST = 2	# percent of the uncut flows


@dataclasses.dataclass
class Row:
    """Of one protocol; `none` is what no inspector knows."""
    flows: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    whole: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    cut: collections.Counter = dataclasses.field(default_factory=collections.Counter)


@dataclasses.dataclass
class Judgement:
    rows: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(Row))
    faults: list = dataclasses.field(default_factory=list)	# what misses an aim
    notes: list = dataclasses.field(default_factory=list)
    silent: int = 0


def lines(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode or done.stderr:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected(flow, flows):
    """The expectation that speaks of a flow, or None."""
    for wanted in flows:
        if wanted["proto"] != flow["proto"]:
            continue
        if flow["src_port"] == wanted["source"] if wanted["source"] else flow["dst_port"] in wanted["ports"]:
            return wanted
    return None


def fact(name, wanted, got):
    """One fact of a flow: TRUE, UNKNOWN or WRONG."""
    if name == "certificate":
        got = (got or {}).get("name")
    if isinstance(wanted, dict):
        verdicts = [fact(name, value, got) for value in wanted["either"]]
        return next(verdict for verdict in (TRUE, UNKNOWN, WRONG) if verdict in verdicts)
    if wanted == got:
        return TRUE
    if got in (None, [], False, "unknown"):
        return UNKNOWN if wanted not in (None, [], False, "unknown") else TRUE
    return WRONG


def compare(row, expect):
    """(verdict, what is not as expected)."""
    wanted = {**{name: False for name in FLAGS if expect["protocol"] != "unknown"}, **expect}
    if "nameless" not in expect and ("names" not in expect or not expect["names"]):
        wanted.pop("nameless", None)
    found = {name: fact(name, value, row.get(name)) for name, value in wanted.items()}
    if row.get("contradicts"):
        found["contradicts"] = WRONG
    worst = WRONG if WRONG in found.values() else UNKNOWN if UNKNOWN in found.values() else TRUE
    return worst, {name: (wanted.get(name), row.get(name)) for name, verdict in found.items() if verdict != TRUE}


def show(flow):
    return f"{flow['proto']} {flow['src']}:{flow['src_port']} > {flow['dst']}:{flow['dst_port']}"


def key(flow):
    return tuple(flow[name] for name in ("proto", "src", "src_port", "dst", "dst_port"))


def judge_flows(described, rows, judgement):
    """The flows as they were; key → protocol of those that are judged."""
    judged, seen = {}, collections.Counter()
    for row in rows:
        flow, name = row["flow"], described["name"]
        wanted = expected(flow, described["flows"])
        if row.get("silent"):
            judgement.silent += 1
            continue
        if not wanted:
            judgement.faults.append(f"{name}: {show(flow)} is {row['protocol']}, and nothing says what it is")
            continue
        place = described["flows"].index(wanted)
        seen[place] += 1
        kind = wanted["expect"]["protocol"]
        verdict, differing = compare(row, wanted["expect"])
        judgement.rows["none" if kind == "unknown" else kind].flows[verdict] += 1
        judged[key(flow)] = row, kind
        if verdict != TRUE:
            text = ", ".join(f"{fact}: {got!r} instead of {right!r}" for fact, (right, got) in differing.items())
            judgement.faults.append(f"{name}: {show(flow)}: {verdict}: {text}")
    for place, wanted in enumerate(described["flows"]):
        if seen[place] != (wanted["n"] or seen[place]) or not seen[place]:
            judgement.faults.append(f"{described['name']}: {seen[place]} flows to {wanted['source'] or wanted['ports']} "
                                    f"instead of {wanted['n'] or 'some'}")
    return judged


def judge_variants(name, judged, variants, judgement):
    for made in variants:
        if key(made["flow"]) not in judged:
            continue
        row, kind = judged[key(made["flow"])]
        if made["broken"]:
            judgement.notes.append(f"{name}: {show(made['flow'])}: bytes are missing in the capture, no variants")
            continue
        for fact_name in ("protocol", "encrypted", "ja4"):
            if row.get(fact_name, "") != made[fact_name]:
                judgement.faults.append(f"{name}: {show(made['flow'])}: put together otherwise, {fact_name} is "
                                        f"{made[fact_name]!r} instead of {row.get(fact_name)!r}")
        into = judgement.rows["none" if kind == "unknown" else kind]
        for way in ("whole", "cut"):
            getattr(into, way).update({verdict: made[way][verdict] for verdict in ("same", UNKNOWN, WRONG)})
            if made[way][WRONG]:
                judgement.faults.append(f"{name}: {show(made['flow'])}: {way} variant is wrong: {made[way]['first_wrong']}")
        if made["whole"][UNKNOWN]:
            judgement.faults.append(f"{name}: {show(made['flow'])}: unknown though whole: {made['whole']['first_unknown']}")


def judge(build, files):
    """`files`: NAME.json, with NAME.pcap beside."""
    judgement = Judgement()

    def read(file):
        pcap = file.with_suffix(".pcap")
        return (json.loads(file.read_text()), lines(build / "portreeve", "--json", "inspect", pcap),
                lines(build / "tests" / "captures" / "captures-variants", pcap))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for described, rows, variants in pool.map(read, files):
            judge_variants(described["name"], judge_flows(described, rows, judgement), variants, judgement)
    return judgement


def totals(judgement):
    everything = Row()
    for row in judgement.rows.values():
        for way in ("flows", "whole", "cut"):
            getattr(everything, way).update(getattr(row, way))
    return everything


def missed(judgement):
    """The aims that are missed, as sentences."""
    everything, found = totals(judgement), []
    n = sum(everything.flows.values())
    n_wrong = everything.flows[WRONG] + everything.whole[WRONG] + everything.cut[WRONG]
    if n_wrong:
        found.append(f"{n_wrong} wrong, and the aim is 0")
    if n and 100 * everything.flows[UNKNOWN] > UNKNOWN_AT_MOST * n:
        found.append(f"{everything.flows[UNKNOWN]} of {n} uncut flows are unknown, and the aim is {UNKNOWN_AT_MOST} %")
    known = [name for name, row in judgement.rows.items() if name != "none" and row.flows[UNKNOWN]]
    if known:
        found.append(f"unknown though there is an inspector: {', '.join(sorted(known))}")
    if everything.whole[UNKNOWN]:
        found.append(f"{everything.whole[UNKNOWN]} variants that arrive whole are unknown")
    return found


def table(judgement):
    head = f"{'':12}{'flows':>24}{'variants, whole':>32}{'variants, cut short':>34}\n"
    head += f"{'protocol':12}{'true':>8}{'unknown':>8}{'wrong':>8}{'right':>14}{'unknown':>9}{'wrong':>9}{'same':>16}{'unknown':>9}{'wrong':>9}\n"
    order = sorted(name for name in judgement.rows if name != "none") + (["none"] if "none" in judgement.rows else [])

    def line(name, row):
        return (f"{name:12}" + "".join(f"{row.flows[v]:>8}" for v in (TRUE, UNKNOWN, WRONG)) +
                f"{row.whole['same']:>14}{row.whole[UNKNOWN]:>9}{row.whole[WRONG]:>9}"
                f"{row.cut['same']:>16}{row.cut[UNKNOWN]:>9}{row.cut[WRONG]:>9}\n")

    return head + "".join(line(name, judgement.rows[name]) for name in order) + line("all", totals(judgement))
