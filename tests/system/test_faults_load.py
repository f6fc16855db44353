# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything full: queues, tables, sockets, prompts; and the flood. Nothing forbidden gets out meanwhile, and what
is permitted goes on soon after."""
import socket
import time

from faults import DENY, LONG, Echo, connect_ms, forbidden, process_of, prober_works, queue_losses, recovery_ms, say
from faults import stopped
from portreeve_lab import WEB4, Stopwatch, wait_for


def flood(lab, build, *words):
    return lab.host.start(build / "tests" / "tools" / "flood", *words)


def test_the_prober_gets_out_where_nothing_guards(lab, build):
    seen = prober_works(lab, build)
    for packet in ("IP 10.77.0.2", "IP6 fd77::2", "Flags [S]", "UDP", "ICMP echo request", "ICMP6, echo request",
                   "Flags [R]", "Flags [S.]"):
        assert packet in seen, packet


def test_20000_connection_attempts_a_second(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    seconds = 30 if LONG else 10
    with forbidden(lab, build), Echo(lab):
        storm = flood(lab, build, "connect", WEB4, 9, 20000, seconds)
        during = []
        while storm.poll() is None:
            during.append(connect_ms(lab.host, seconds=3.0))
            time.sleep(0.2)  # the load's pace
        took = recovery_ms(lab.host, Stopwatch())
        took_again = connect_ms(lab.host)
        queued = guarded.queued()
    worked = sorted(ms for ms in during if ms is not None)
    say("storm", storm.log.read_text().strip())
    say("permitted connections meanwhile", f"{len(worked)} of {len(during)}, median {worked[len(worked) // 2]:.1f} ms"
        if worked else f"0 of {len(during)}")
    say("recovery after the storm", f"{took} ms, then {took_again:.1f} ms")
    status = guarded.status()
    say("counters", {key: value for key, value in status["engine"].items() if "drop" in key or "full" in key})
    say("lost in the queue", queue_losses(lab.host))
    assert took < 1000
    assert queued > 0.95 * 20000 * seconds  # each attempt was held and decided, or dropped
    assert status["engine"]["deaths"] == 0 and status["engine"]["hung"] == 0


def test_a_queue_that_overflows(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY + "workers = 1;")
    with forbidden(lab, build), Echo(lab):
        # The supervisor as well: it would start another engine two seconds later.
        with stopped(guarded.process.pid), stopped(process_of(guarded, "engine")):
            storm = flood(lab, build, "connect", WEB4, 9, 30000, 1)
            storm.wait(120)
            lost = queue_losses(lab.host)
        took = recovery_ms(lab.host, Stopwatch())
    say("lost in the queue", lost)
    say("recovery after the overflow", f"{took} ms")
    assert sum(lost) > 10000
    assert took < 1000
    assert guarded.status()["engine"]["deaths"] == 0


def fill_conntrack(lab, build, limit):
    filler = flood(lab, build, "entries", "198.18.0.1", limit)
    filler.wait(300)
    return filler.log.read_text().strip()


def conntrack_count(namespace):
    return int(namespace.run("sysctl", "-n", "net.netfilter.nf_conntrack_count").stdout)


def test_conntracks_table_full(lab, guard, build):
    """The limit is the machine's and stays as it is: the namespace's own table is filled up to it, by entries that
    don't give way."""
    limit = int(lab.host.run("sysctl", "-n", "net.netfilter.nf_conntrack_max").stdout)
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    with forbidden(lab, build), Echo(lab):
        say("conntrack", f"{fill_conntrack(lab, build, limit)} of {limit}, count {conntrack_count(lab.host)}")
        # What ended meanwhile has left room.
        wait_for("the table to be full", lambda: fill_conntrack(lab, build, limit) and
                 connect_ms(lab.host, seconds=0.3) is None)
        say("links", guarded.counter("links_now"))
        began = time.monotonic()
        lab.host.run("conntrack", "-D", "-d", "198.18.0.1", check=False, timeout=300)
        emptied = Stopwatch()
        took = recovery_ms(lab.host, emptied)
    say("recovery once there is room", f"{took} ms, emptied in {emptied.began - began:.1f} s")
    assert took < 1000
    assert guarded.status()["engine"]["deaths"] == 0


UNTRACKED = "table inet untracked {\n chain c { type filter hook output priority -300; udp dport 5000-60000 notrack; }\n}\n"


def test_more_links_than_the_table_holds(lab, guard, build):
    """Untracked tuples, so that conntrack's own limit doesn't come first: those that no entry confirms give way."""
    lab.host.nft(UNTRACKED)
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    with forbidden(lab, build), Echo(lab):
        filler = flood(lab, build, "tuples", WEB4, 300000)
        filler.wait(300)
        engine = guarded.status()["engine"]
        took = connect_ms(lab.host)
    say("filled", filler.log.read_text().strip())
    say("status", {key: engine[key] for key in ("links_now", "dropped_table_full", "packets", "communications_now")})
    say("a new link", f"{took:.1f} ms")
    assert engine["links_now"] == 262144
    assert took < 1000


def test_a_start_into_full_tables(lab, guard, build):
    """Conntrack's table full of entries that don't give way: all are adopted, and ours is full of confirmed links."""
    limit = int(lab.host.run("sysctl", "-n", "net.netfilter.nf_conntrack_max").stdout)
    lab.host.nft(UNTRACKED)
    lab.start_web()
    say("conntrack", f"{fill_conntrack(lab, build, limit)} of {limit}")
    began = time.monotonic()
    guarded = guard(DENY, start=False).start(300)
    say("start", f"{time.monotonic() - began:.1f} s")
    engine = guarded.status()["engine"]
    assert engine["links_now"] == limit
    with forbidden(lab, build):
        flood(lab, build, "tuples", WEB4, 30000).wait(300)
        engine = guarded.status()["engine"]
        say("status", {key: engine[key] for key in ("links_now", "links_adopted", "dropped_table_full")})
        lab.host.run("conntrack", "-D", "-d", "198.18.0.1", check=False, timeout=300)
        took = recovery_ms(lab.host, Stopwatch())
    say("recovery once there is room", f"{took} ms")
    assert engine["links_now"] == engine["links_adopted"] == limit and engine["dropped_table_full"] > 10000
    assert took < 1000
    assert guarded.status()["engine"]["deaths"] == 0


def test_conntracks_events_overrun(lab, guard, build):
    """More ends of links than the event socket holds while the engine is stopped: the table is read anew."""
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    with lab.host.inside():
        short = socket.create_connection((WEB4, 7), 20)
    port = short.getsockname()[1]

    def lives():
        return [row for row in guarded.rows("links", "--ip", WEB4, "--active") if row["link"]["src_port"] == port]
    wait_for("the link", lives)
    with forbidden(lab, build), Echo(lab):
        with stopped(guarded.process.pid), stopped(process_of(guarded, "engine")):
            began = time.monotonic()
            filler = flood(lab, build, "entries", "198.18.0.1", 30000)
            filler.wait(120)
            lab.host.run("conntrack", "-D", "-p", "tcp", "--sport", port)
            say("stopped for", f"{(time.monotonic() - began) * 1000:.0f} ms, {filler.log.read_text().strip()}")
        took = recovery_ms(lab.host, Stopwatch())
        wait_for("the loss to be seen", lambda: "conntrack-events-lost" in guarded.log())
        wait_for("the end", lambda: not lives())
    short.close()
    say("recovery", f"{took} ms")
    assert guarded.status()["engine"]["deaths"] == 0
