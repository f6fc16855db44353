# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first decision costs a connection."""
import json
import statistics

import contenders
from figures import ratio

PORT, NUMBER, ROUNDS = 7100, 3000, 11


def connect(lab, build, address, number=NUMBER):
    done = lab.host.run(build / "bench" / "connect-client", address, PORT, number, timeout=300)
    return json.loads(done.stdout)


def rounds(lab, build, address, who, say):
    """Interleaved, because the machine drifts: every contender in every round."""
    measured = {contender.name: [] for contender in who}
    for number in range(ROUNDS):
        for contender in who:
            with contender.guarding(lab.host):
                measured[contender.name].append(connect(lab, build, address))
        say(f"round {number + 1}: " + ", ".join(
            f"{name} {results[-1]['median_us']:.1f}/{results[-1]['p99_us']:.0f} µs"
            for name, results in measured.items()))
    return measured


def of(measured, name, key):
    return [result[key] for result in measured[name]]


def show(measured, say):
    say(f"{'connect()':18} {'median µs':>10} {'spread':>16} {'p99 µs':>8} {'a second':>9}")
    for name in measured:
        medians = of(measured, name, "median_us")
        say(f"{name:18} {statistics.median(medians):10.1f} {min(medians):7.1f} - {max(medians):6.1f} "
            f"{statistics.median(of(measured, name, 'p99_us')):8.1f} "
            f"{statistics.median(of(measured, name, 'rate')):9.0f}")


def run(lab, build, ours, address, say):
    """The figures of `ours`, a contender. `address` is where the lab's Internet answers."""
    lab.internet.start(build / "bench" / "accept-server", PORT, ready=lab.internet.listens(PORT))
    bare, conntrack = contenders.BareQueue(build), contenders.Conntrack(build)
    measured = rounds(lab, build, address, [contenders.Contender(build), conntrack, bare, ours], say)
    figures = [
        ratio("connect_first_vs_bare_queue", of(measured, ours.name, "median_us"),
              of(measured, bare.name, "median_us"), at_most=1.3, against="bare accept-all queue loop, medians"),
        ratio("connect_first_p99_vs_bare_queue", of(measured, ours.name, "p99_us"),
              of(measured, bare.name, "p99_us"), at_most=2, against="bare accept-all queue loop, 99th percentiles"),
    ]
    figures += peer(lab, build, ours, address, measured, say)
    show(measured, say)
    return figures


def peer(lab, build, ours, address, measured, say):
    snitch = contenders.OpenSnitch(build, build / "bench" / "connect-client")
    if snitch.missing():
        say(f"connect_rate_vs_opensnitch: not measured, {snitch.missing()}")
        return []
    measured[snitch.name], beside = [], []
    for _ in range(5):  # it takes seconds to start and to stop
        with ours.guarding(lab.host):
            beside.append(connect(lab, build, address)["rate"])
        with snitch.guarding(lab.host):
            measured[snitch.name].append(connect(lab, build, address))
    return [ratio("connect_rate_vs_opensnitch", beside, of(measured, snitch.name, "rate"), at_least=4,
                  against="OpenSnitch of Debian, one allow rule")]
