# SPDX-License-Identifier: GPL-3.0-or-later
"""Providers of intelligence, asked while the name is being resolved: with rbldnsd, a service over HTTPS, and servers that
are slow, hang, lie, flood and die."""
import concurrent.futures
import json
import os
import pathlib
import re
import statistics

import pytest
from portreeve_lab import DNS4, HOST4, WEB4, Stopwatch, wait_for

SERVERS = pathlib.Path(__file__).with_name("provider_servers.py")
LIST4, REP4 = "45.90.28.153", "45.90.28.154"  # where the list's nameserver is, and the service
MARKED4 = "93.184.215.77"

# Asks for names with a socket each, some time after each other; prints [name, ms, rcode, number of answers] of each.
ASK = r"""
import json, socket, struct, sys, time
server, gap, names = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
import selectors
waiting, sent, done = selectors.DefaultSelector(), {}, []
for number, name in enumerate(names):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\1\0\1"
    question = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + wire
    waiting.register(one, selectors.EVENT_READ, name)
    sent[name] = time.monotonic()
    one.sendto(question, (server, 53))
    until = sent[name] + gap
    while True:
        last = number == len(names) - 1
        ready = waiting.select(60 if last else max(0, until - time.monotonic()))
        for key, _ in ready:
            reply = key.fileobj.recv(4096)
            flags, _, answers = struct.unpack_from("!HHH", reply, 2)
            done.append([key.data, (time.monotonic() - sent[key.data]) * 1000, flags & 15, answers])
            waiting.unregister(key.fileobj)
        if len(done) == len(names) or (last and not ready) or (not last and time.monotonic() >= until):
            break
print(json.dumps(done))
"""


class Server:
    """A server of provider_servers.py on the lab's Internet."""

    def __init__(self, lab, kind, address, *arguments, **says):
        self.lab, self.kind, self.address = lab, kind, address
        self.file = lab.directory / f"{kind}-{address}.json"
        self.says(**says)
        self.start(*arguments)

    def start(self, *arguments):
        self.arguments = arguments or getattr(self, "arguments", ())
        proto, port = ("udp", 53) if self.kind == "dns" else ("tcp", 443)
        flag = "-Hlun" if proto == "udp" else "-Hltn"
        self.process = self.lab.internet.start(
            "/usr/bin/python3", "-S", SERVERS, self.kind, self.address, self.file, *self.arguments,
            ready=lambda: f"{self.address}:{port} " in self.lab.internet.run("ss", flag).stdout)

    def says(self, **says):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(says))
        os.replace(fresh, self.file)

    def asked(self):
        """The entities that were asked about, in order (HTTP)."""
        return [line.split()[0].rsplit("/", 1)[1] for line in self.process.log.read_text().splitlines()
                if line.startswith("/")]


@pytest.fixture
def internet(lab):
    """The lab's Internet with two more addresses."""
    for address in (LIST4, REP4, MARKED4):
        lab.internet.ip("addr", "add", f"{address}/32", "dev", "lo")
    lab.resolv_conf(lab.host, f"nameserver {DNS4}\n")
    return lab


def upstream(lab, **says):
    names = {"rep.example": REP4, "example.com": WEB4, **says.pop("names", {})}
    return Server(lab, "dns", DNS4, names=names, **says)


DEADLINE_MS = 2000  # where no deadline is looked at: a busy machine has the time as well


def dbl_list(deadline_ms=DEADLINE_MS, more=""):
    return (f'{{ id = "dbl"; type = "dns"; zone = "dbl.example"; server = "{LIST4}"; deadline_ms = {deadline_ms}; '
            f'cache_least_s = 0; {more} }}')


def http(lab, deadline_ms=DEADLINE_MS, more=""):
    return (f'{{ id = "rep"; type = "http"; url = "https://rep.example/v1/{{entity}}"; ca = "{lab.directory}/lab.crt"; '
            f'header = "X-Key: secret"; deadline_ms = {deadline_ms}; cache_least_s = 0; {more} }}')


def config(*providers, rules=("- L:dbl", "- L:rep"), more=""):
    return (f'outgoing = [ {", ".join(json.dumps(rule) for rule in rules)} ];\n'
            f'provider = ( {", ".join(providers)} );\n{more}\n')


def ask(lab, *names, gap=0.0, namespace=None):
    """{name: (ms, rcode, number of answers)}"""
    done = (namespace or lab.host).python(ASK, DNS4, gap, *names, timeout=180).stdout
    return {name: (ms, rcode, answers) for name, ms, rcode, answers in json.loads(done)}


def state(guarded, provider, *entity):
    return next(row for row in guarded.rows("intel", "providers", *entity) if row["id"] == provider)


def well(guarded, *providers):
    for one in providers:
        wait_for(f"{one} to be well", lambda: state(guarded, one)["state"] == "well")


TEST_POINTS = {"test.dbl.example": "127.0.0.2"}


def ask_and_watch(lab, names):
    """The answers; how many ms the questions to the nameserver and to the list were apart on the wire, by name; and the
    answers of the nameserver itself, asked meanwhile by somebody beside it."""
    capture = lab.host.capture("udp port 53", device="eth0")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        beside = pool.submit(ask, lab, *names, gap=0.03, namespace=lab.internet)
        answers = ask(lab, *names, gap=0.03)
    sent = {}
    for line in capture.stop():
        match = re.match(r"(\d+):(\d+):([\d.]+) .* A\? (\w+\.marked\.com)(\.dbl\.example)?\. ", line)
        if match:
            hours, minutes, seconds, name, of_list = match.groups()
            sent.setdefault(name, {}).setdefault(bool(of_list), int(hours) * 3600 + int(minutes) * 60 + float(seconds))
    apart = {name: abs(both[True] - both[False]) * 1000 for name, both in sent.items()}
    return answers, apart, beside.result()


def typical(values):
    """The median, and what 19 of 20 don't exceed."""
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def test_both_at_once_and_no_longer_than_the_slower(internet, guard):
    """The upstream and the provider take 200 ms each; one after the other would be 400. The aim is 50 ms more than the
    slower, which on a busy machine takes more than its 200 as well, for 19 of 20; the figures may be taken twice, and a machine
    that has no CPU for all of it shows nothing. What is answered is right every time."""
    upstream(internet, delay_ms=200, otherwise=WEB4)
    rounds = [[f"n{i}r{turn}.marked.com" for i in range(50)] for turn in range(2)]
    marked = {name for names in rounds for name in names[::5]}
    Server(internet, "dns", LIST4, delay_ms=200,
           names={**TEST_POINTS, **{f"{name}.dbl.example": "127.0.0.2" for name in marked}})
    guarded = guard(config=config(dbl_list(2000)))
    well(guarded, "dbl")
    figures = []
    for names in rounds:
        watch = Stopwatch()
        answers, apart, beside = ask_and_watch(internet, names)
        waited = watch.waited() * 1000
        assert answers.keys() == apart.keys() == set(names)
        for name, (ms, rcode, n) in answers.items():
            assert (rcode, n) == ((3, 0) if name in marked else (0, 1)), name
            assert ms >= 200, (name, ms)
        took, alone = (typical([ms for ms, _, _ in those.values()]) for those in (answers, beside))
        figures.append({"took": took, "alone": alone, "apart": typical(apart.values())})
        print(figures[-1])
        if all(ms <= least + 50 + waited for ms, least in zip(took, alone)) and max(figures[-1]["apart"]) <= 5 + waited:
            return
    raise AssertionError(figures)


def test_what_is_denied_before_intel_is_told_to_nobody(internet, guard):
    upstream(internet, otherwise=WEB4)
    Server(internet, "dns", LIST4, names=TEST_POINTS)
    internet.certificate("rep.example")
    rep = Server(internet, "http", REP4, internet.directory / "lab.crt", internet.directory / "lab.key")
    guarded = guard(config=config(dbl_list(), http(internet), rules=("- .denied.com", "+ .fine.com", "- L:dbl", "- L:rep")))
    well(guarded, "dbl", "rep")
    capture = internet.host.capture("udp port 53 or tcp port 443", device="eth0")
    assert ask(internet, "a.denied.com")["a.denied.com"][1] == 3
    assert ask(internet, "b.fine.com")["b.fine.com"][1] == 0  # permitted by a rule: whatever they said
    assert ask(internet, "printer", "nas.local")
    assert ask(internet, "c.other.com")["c.other.com"][1] == 0
    lines = "\n".join(capture.stop())
    assert "denied.com" not in lines and "c.other.com.dbl.example" in lines
    assert "fine.com.dbl.example" not in lines and "local.dbl.example" not in lines
    assert rep.asked() == ["c.other.com"]


def test_a_list_in_dns_by_rbldnsd(internet, guard):
    """Domains and addresses, with codes; only the list marks them."""
    upstream(internet, names={"spam.com": WEB4, "phish.com": WEB4, "good.com": WEB4, "by-address.com": MARKED4,
                              "half.com": f"{MARKED4} {WEB4}"})
    (internet.directory / "names").write_text("test :127.0.0.2:\nspam.com :127.0.0.2:\n.phish.com :127.0.0.4:\n")
    (internet.directory / "addresses").write_text(f":127.0.0.2:listed\n127.0.0.2\n{MARKED4}\n")
    for name in ("names", "addresses"):
        (internet.directory / name).chmod(0o644)
    internet.internet.start("/usr/sbin/rbldnsd", "-n", "-u", "nobody:nogroup", "-w", internet.directory, "-b", f"{LIST4}/53",
                            "dbl.example:dnset:names", "zen.example:ip4set:addresses",
                            ready=lambda: f"{LIST4}:53 " in internet.internet.run("ss", "-Hlun").stdout)
    codes = 'codes = ( { address = "127.0.0.2"; category = "spam"; }, { address = "127.0.0.4"; category = "phish"; } );'
    guarded = guard(config=config(
        dbl_list(more=codes),
        f'{{ id = "zen"; type = "dns"; zone = "zen.example"; server = "{LIST4}"; asks = "addresses"; '
        f'deadline_ms = {DEADLINE_MS}; }}',
        rules=("- L:dbl.phish", "- L:zen")))
    well(guarded, "dbl", "zen")
    with guarded.monitor() as monitor:
        answers = ask(internet, "spam.com", "www.phish.com", "good.com", "by-address.com", "half.com")
        for name in ("www.phish.com", "by-address.com"):  # nothing but the list says it: denied once it has answered
            event = monitor.wait(event="dns", entity__domain=name, verdict="block")
            assert event["stage"] == "after-intel", event
    assert {name: rest[1:] for name, rest in answers.items()} == {
        "spam.com": (0, 1), "www.phish.com": (3, 0), "good.com": (0, 1), "by-address.com": (3, 0), "half.com": (0, 1)}
    row = state(guarded, "dbl", "spam.com")
    assert row["known"] == "listed" and row["category"] == "spam"
    assert row["sends"] == f"spam.com.dbl.example IN A to {LIST4}"
    assert state(guarded, "zen", MARKED4)["known"] == "listed"
    assert "failed last" not in guarded.portreeve("intel", "providers").stdout


def test_a_list_that_lists_everything_is_found_out(internet, guard):
    upstream(internet, otherwise=WEB4)
    dbl = Server(internet, "dns", LIST4, otherwise="127.0.0.2")
    guarded = guard(config=config(dbl_list()))
    wait_for("the check", lambda: state(guarded, "dbl")["state"] == "open")
    assert "lists everything" in state(guarded, "dbl")["why"]
    assert ask(internet, "a.com")["a.com"][1:] == (0, 1)
    # It comes to its senses: asked again by itself.
    dbl.says(names={**TEST_POINTS, "b.com.dbl.example": "127.0.0.2"})
    well(guarded, "dbl")
    assert ask(internet, "b.com")["b.com"][1] == 3
    # Somebody else answers in its place: one such answer is enough.
    dbl.says(mode="lie", names=TEST_POINTS)
    assert ask(internet, "c.com")["c.com"][1:] == (0, 1)
    wait_for("it to be left alone", lambda: state(guarded, "dbl")["state"] in ("open", "half-open", "checking"))
    assert "127.0.0.0/8" in state(guarded, "dbl")["why"]


def test_a_service_over_https(internet, guard):
    upstream(internet, otherwise=WEB4)
    internet.certificate("rep.example")
    rep = Server(internet, "http", REP4, internet.directory / "lab.crt", internet.directory / "lab.key",
                 names={"bad.com": "malware c2"})
    guarded = guard(config=config(http(internet), rules=("- L:rep.malware",)))
    well(guarded, "rep")
    assert ask(internet, "bad.com")["bad.com"][1] == 3
    assert ask(internet, "good.com")["good.com"][1] == 0
    assert rep.asked() == ["bad.com", "good.com"]
    headers = json.loads(rep.process.log.read_text().splitlines()[-1].split(" ", 1)[1])
    assert headers == {"Host": "rep.example", "accept": "application/json", "X-Key": "secret"}
    row = state(guarded, "rep", "bad.com")
    assert row["category"] == ["malware", "c2"] and "secret" not in json.dumps(row)
    assert row["sends"].splitlines() == ["GET https://rep.example/v1/bad.com", "accept: application/json",
                                         "X-Key: (not shown)"]
    # A certificate that is not its own: nothing is said to it.
    before = len(rep.asked())
    internet.end(rep.process)
    internet.certificate("other.example")
    rep.start()
    assert ask(internet, "x.com")["x.com"][1] == 0
    assert len(rep.asked()) == 0 and before == 2
    wait_for("why", lambda: "certificate" in state(guarded, "rep")["why"])


def test_http2_and_connections_that_stay(internet, guard):
    """caddy, whose answers are files."""
    upstream(internet, otherwise=WEB4)
    certificate, key = internet.certificate("rep.example")
    (internet.directory / "www" / "v1").mkdir(parents=True)
    (internet.directory / "www" / "v1" / "bad.com").write_text('{"lists": ["malware"]}')
    for i in range(10):
        (internet.directory / "www" / "v1" / f"good{i}.com").write_text('{"lists": []}')
    caddyfile, log = internet.directory / "Caddyfile", internet.directory / "access.log"
    caddyfile.write_text("{\n auto_https off\n admin off\n}\n"
                         f"https://rep.example:443 {{\n bind {REP4}\n tls {certificate} {key}\n root * {internet.directory}/www\n"
                         f" file_server\n log {{\n output file {log}\n }}\n}}\n")
    environment = dict(os.environ, HOME=str(internet.directory), XDG_DATA_HOME=str(internet.directory))
    internet.internet.start("caddy", "run", "--config", caddyfile, "--adapter", "caddyfile", env=environment,
                            ready=lambda: f"{REP4}:443 " in internet.internet.run("ss", "-Hltn").stdout)
    guarded = guard(config=config(http(internet)))
    well(guarded, "rep")
    capture = internet.host.capture("tcp port 443 and tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn", device="eth0")
    assert ask(internet, "bad.com")["bad.com"][1] == 3
    answers = ask(internet, *(f"good{i}.com" for i in range(10)), gap=0.05)
    assert all(rest[1:] == (0, 1) for rest in answers.values())
    assert len(capture.stop()) <= 2
    rows = wait_for("the log", lambda: len(log.read_text().splitlines()) == 11 and log.read_text().splitlines())
    assert {json.loads(row)["request"]["proto"] for row in rows} == {"HTTP/2.0"}


@pytest.mark.parametrize("kind, mode", [
    ("dns", "hang"), ("dns", "flood"), ("dns", "lie"), ("dns", "garbage"), ("dns", "die"),
    ("http", "hang"), ("http", "flood"), ("http", "headers"), ("http", "lie"), ("http", "garbage"), ("http", "huge"),
    ("http", "die"), ("http", "dead")])
def test_a_bad_provider_costs_no_answer_more_than_its_deadline(internet, guard, kind, mode):
    """And when it is well again, it is asked again."""
    upstream(internet, otherwise=WEB4)
    if kind == "dns":
        server, name = Server(internet, "dns", LIST4, names=TEST_POINTS), "dbl"
    else:
        internet.certificate("rep.example")
        server, name = Server(internet, "http", REP4, internet.directory / "lab.crt", internet.directory / "lab.key"), "rep"
    guarded = guard(config=config(dbl_list(300) if kind == "dns" else http(internet, 300)))
    well(guarded, name)
    assert ask(internet, "before.com")["before.com"][1] == 0
    dead = mode == "dead" or (kind, mode) == ("dns", "die")
    if dead:
        internet.end(server.process)
    else:
        server.says(mode=mode, names=TEST_POINTS)
    names = [f"n{i}.com" for i in range(20)]
    watch = Stopwatch()
    answers = ask(internet, *names, gap=0.06)
    took = sorted(ms for ms, _, _ in answers.values())
    print(f"{kind} {mode}: median {statistics.median(took):.1f} ms, max {took[-1]:.1f}")
    assert len(answers) == 20 and all(rest[1:] == (0, 1) for rest in answers.values())
    assert took[-1] <= 300 + 100 + watch.waited() * 1000, took[-5:]
    wait_for("the last state", lambda: state(guarded, name)["asked"] >= 5)
    seen = state(guarded, name)
    if (kind, mode) == ("dns", "flood"):  # the first of many answers is an answer
        assert seen["state"] == "well"
        return
    wait_for("the breaker to have opened", lambda: state(guarded, name)["opened"] and state(guarded, name)["not_asked_open"])
    # one of them may be the one that tries it
    watch = Stopwatch()
    assert min(ms for ms, _, _ in ask(internet, "while-open.com", "and-another.com").values()) < 100 + watch.waited() * 1000
    after = [f"after{n}.com" for n in range(50)]
    marked = {f"{one}.dbl.example": "127.0.0.2" for one in after} if kind == "dns" else {one: "bad" for one in after}
    server.says(names={**TEST_POINTS, **marked})
    if dead:
        server.start()
    number = iter(range(10000))
    wait_for("it to be asked again", lambda: ask(internet, f"try{next(number)}.com") and
             state(guarded, name)["state"] == "well", every=0.3)
    # It is well again as soon as it keeps its deadline, for which a busy machine may not have the time every time.
    wait_for("a denial", lambda: after and [rcode for _, rcode, _ in ask(internet, after.pop()).values()] == [3])


def test_a_late_answer_decides_anew_and_cuts(internet, guard):
    upstream(internet, names={"late.com": WEB4})
    dbl = Server(internet, "dns", LIST4, names=TEST_POINTS)
    internet.start_echo(internet.internet, 7)
    guarded = guard(config=config(dbl_list(300)))
    well(guarded, "dbl")
    dbl.says(delay_ms=1500, names={**TEST_POINTS, "late.com.dbl.example": "127.0.0.2"})
    with guarded.monitor() as monitor:
        watch = Stopwatch()
        client = internet.host.start("/usr/bin/python3", "-u", "-c", """
import socket, time
begun = time.monotonic()
one = socket.create_connection((socket.gethostbyname("late.com"), 7), 20)
one.sendall(b"hello, world"); one.recv(12)  # a byte alone could be anything, and is held
print("open", time.monotonic() - begun)
one.settimeout(60)
try:
    print("end", one.recv(1))
except OSError as error:
    print("cut", error.errno)
""")
        wait_for("the client's end", lambda: client.poll() is not None)
        said = client.log.read_text().splitlines()
        assert said[0].startswith("open") and 0.29 < float(said[0].split()[1]) < 0.6 + watch.waited(), said
        assert said[1].startswith("cut 104") or said[1].startswith("cut 103"), said
        event = monitor.wait(event="dns", entity__domain="late.com", stage="after-intel")
        assert event["verdict"] == "accept" and {"lists", "provider:dbl"} <= set(event["missing"]), event
        monitor.wait(event="verdict", entity__domain="late.com", verdict="block")
    # The name is known for what it is now, though its answer is in the cache.
    assert ask(internet, "late.com")["late.com"][1] == 3
    assert guarded.counter("intel_redecided") == 1


def test_without_providers_nothing_is_sent(internet, guard):
    upstream(internet, otherwise=WEB4)
    guard(config="")
    capture = internet.host.capture("", device="eth0")
    ask(internet, "a.com", "b.com")
    # the other end of the wire may announce its groups when it likes
    lines = [line for line in capture.stop() if "45.90.28." in line or f" IP {HOST4}" in line]
    assert lines and all(f"{DNS4}.53" in line for line in lines), lines
