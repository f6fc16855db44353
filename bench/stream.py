# SPDX-License-Identifier: GPL-3.0-or-later
"""What the traffic of a link costs: after its permanent verdict, and while all of it comes by here."""
import json
import statistics
import time

import contenders
from figures import ratio

PORT = 7101
ROUNDS, SECONDS = 15, 1
PAIR_ROUNDS, PAIR_BATCHES = 7, 60


def iperf(lab, address):
    """Bits a second, without the first second: the link's beginning is measured by connect.py."""
    for _ in range(5):
        done = lab.host.run("iperf3", "-c", address, "-O", 1, "-t", SECONDS, "-J", timeout=60, check=False)
        said = json.loads(done.stdout)
        if "error" not in said:
            return said["end"]["sum_received"]["bits_per_second"]
        time.sleep(0.3)  # the server serves one at a time, and is late on a busy machine
    raise RuntimeError(f"iperf3: {said['error']}")


def pair(lab, build, address):
    """Nanoseconds of processor time for 64 KiB, client, server and all between."""
    done = lab.host.run(build / "bench" / "pair", lab.host.name, lab.internet.name, address, PORT, PAIR_BATCHES, timeout=60)
    return json.loads(done.stdout)["fast_ns"]


def rounds(lab, who, number, measure):
    """Interleaved, because the machine drifts, and each is first in every other round."""
    measured = {contender: [] for contender in who}
    for i in range(number):
        for contender in who if i % 2 == 0 else reversed(who):
            with contender.guarding(lab.host):
                measured[contender].append(measure())
    return [measured[contender] for contender in who]


def told(say, what, unit, scale, who, measured):
    say(f"{what}: " + ", ".join(f"{contender.name} {statistics.median(results) / scale:.2f} {unit}"
                                for contender, results in zip(who, measured)))


def run(lab, build, ours, ours_for_now, address, say):
    """`ours` gives permanent verdicts, `ours_for_now` none: every packet of every link comes by."""
    lab.internet.start("iperf3", "-s", ready=lab.internet.listens(5201))
    figures = []
    for name, who, aim, against in (
            ("throughput_vs_conntrack", [ours, contenders.Conntrack(build)], 0.97, "conntrack only, iperf3"),
            ("inspected_vs_bare_queue", [ours_for_now, contenders.BareQueueOfAll(build)], 0.9,
             "bare accept-all queue loop, all packets queued, iperf3")):
        measured = rounds(lab, who, ROUNDS, lambda: iperf(lab, address))
        told(say, name, "Gbit/s", 1e9, who, measured)
        figures.append(ratio(name, *measured, at_least=aim, against=against))
    who = [contenders.Conntrack(build), ours]
    measured = rounds(lab, who, PAIR_ROUNDS, lambda: pair(lab, build, address))
    told(say, "64 KiB, one thread's time", "µs", 1e3, who, measured)
    figures.append(ratio("stream_time_vs_conntrack", *measured,
                         against="conntrack only over ours, processor time of 64 KiB there and back"))
    return figures
