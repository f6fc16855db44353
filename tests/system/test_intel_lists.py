# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: from a real web server, from files, kept over a restart, swapped under load; and what goes wrong with them."""
import collections
import datetime
import json
import os
import pathlib
import signal
import sys
import tarfile
import threading

import dns.rcode
from portreeve_lab import ADS4, DNS4, LAN4, WEB4, wait_for
from wire_lab import datagram_socket, query, read

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import lists_data  # noqa: E402  (the path is set just above)

BAD_SERVER = pathlib.Path(__file__).parent / "bad_list_server.py"
ADS = "ads.example\n"
MMDB = "@ip-location-db/geo-whois-asn-country-mmdb@2.3.2026061719"
BAD_PORT = 8090


def rows(guarded, *words):
    """Without those that are shipped."""
    return {row["id"]: row for row in guarded.rows("intel", "lists", *words) if row.get("category") != "doh"}


def wait_state(guarded, name, state="fine"):
    def is_so():
        row = rows(guarded)[name]
        return row if row["state"] == state else None
    return wait_for(f"{name} to be {state}", is_so)


def names(n, first=0):
    return "".join(f"n{i}.tracker.example\n" for i in range(first, first + n))


def resolves(lab, name):
    """Whether the guarded machine's own nameserver says that there is such a name."""
    answer = lab.host.run("dig", "+time=20", "+tries=1", name, "A").stdout
    assert "status: NXDOMAIN" in answer or "status: NOERROR" in answer, answer
    return "status: NOERROR" in answer


def config(*lists, more=""):
    return "list = ( " + ", ".join("{ " + one + " }" for one in lists) + " );\n" + more


def update(guarded, *words, status=0):
    """What `intel update` says, by id."""
    done = guarded.portreeve("--json", "intel", "update", *words, check=False)
    assert done.returncode == status, done.stdout
    return {row["id"]: row for row in map(json.loads, done.stdout.splitlines()) if "id" in row}


def wait_of(row):
    """Seconds until a list is looked for again."""
    then = datetime.datetime.fromisoformat(row["next"].replace("Z", "+00:00"))
    return (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


class Web:
    """The lab's web server, and what it serves."""

    def __init__(self, lab):
        lab.start_dns([f"lists.example. 60 IN A {WEB4}"])
        self.process = lab.start_web(names=("example.com", "lists.example"))
        self.root = lab.directory / "www"

    def put(self, name, text):
        # In place of the old at once; the server's etag is made of time and size.
        (self.root / (name + ".new")).write_text(text)
        (self.root / (name + ".new")).rename(self.root / name)


def test_a_subscription(lab, guard):
    web = Web(lab)
    web.put("ads.txt", ADS + names(100))
    guarded = guard(config=config('id = "ads"; url = "http://lists.example/ads.txt"; category = "advertising";',
                                  more='lists = [ "advertising" ];'))
    row = wait_state(guarded, "ads")
    assert row["entries"] == 101 and row["category"] == "advertising" and row["refused"] == 0
    assert row["from"] == "http://lists.example/ads.txt" and len(row["sha256"]) == 64
    assert row["updated"] <= row["checked"] < row["next"]
    assert not resolves(lab, "ads.example") and not resolves(lab, "n5.tracker.example")
    assert resolves(lab, "example.com")
    status = guarded.status()["lists"]
    shipped = [row["entries"] for row in guarded.rows("intel", "lists") if row.get("category") == "doh"]
    assert (status["configured"], status["entries"], status["missing"], status["failing"]) == \
        (1 + len(shipped), 101 + sum(shipped), 0, 0)

    # Nothing new: the server says so by its etag, and nothing is compiled.
    serial = status["set_serial"]
    said = update(guarded)
    assert said["ads"]["outcome"] == "unchanged"
    assert guarded.status()["lists"]["set_serial"] == serial

    # Something new is in force when the command returns, and those who watch are told.
    web.put("ads.txt", names(100) + "more.example\n")
    assert not resolves(lab, "ads.example")
    with guarded.monitor() as monitor:
        said = update(guarded, "ads")
        wait_for("the event", lambda: any("the list ads is updated" in event.get("text", "")
                                          for event in monitor.events(event="system")))
    assert said["ads"]["outcome"] == "updated" and said["ads"]["entries"] == 101
    assert said["ads"]["entries_before"] == 101 and said["ads"]["sha256"] != row["sha256"]
    assert resolves(lab, "ads.example")

    # A tenth of it is held back, until somebody takes it.
    web.put("ads.txt", ADS + names(9))
    said = update(guarded, status=1)
    assert said["ads"]["outcome"] == "held" and said["ads"]["held"]["entries"] == 10, said
    row = rows(guarded)["ads"]
    assert row["state"] == "held" and row["entries"] == 101 and row["held"]["sha256"] != row["sha256"]
    assert "--accept ads" in row["error"]
    assert not resolves(lab, "n50.tracker.example") and resolves(lab, "ads.example")
    assert guarded.status()["lists"]["held"] == 1
    said = update(guarded, "--accept", "ads")
    assert said["ads"]["outcome"] == "updated" and said["ads"]["entries"] == 10
    assert not resolves(lab, "ads.example") and rows(guarded)["ads"]["state"] == "fine"
    refused = guarded.portreeve("intel", "update", "--accept", "ads", check=False)
    assert refused.returncode == 1 and "nothing of this list waits" in refused.stdout

    # What is there stays when the server has nothing.
    (web.root / "ads.txt").unlink()
    said = update(guarded, status=1)
    assert said["ads"]["outcome"] == "failed" and "status 404" in said["ads"]["error"]
    assert rows(guarded)["ads"]["state"] == "failing" and not resolves(lab, "ads.example")
    assert guarded.status()["lists"]["failing"] == 1
    # It is tried again soon, and less soon with each failure.
    waits = [wait_of(rows(guarded)["ads"])]
    lab.end(web.process)
    said = update(guarded, status=1)
    assert "404" not in said["ads"]["error"] and not resolves(lab, "ads.example")
    waits.append(wait_of(rows(guarded)["ads"]))
    assert 50 <= waits[0] <= 66 and 110 <= waits[1] <= 132, waits


def test_https_by_the_authorities_of_the_machine(lab, guard):
    web = Web(lab)
    web.put("ads.txt", ADS)
    wanted = config('id = "ads"; url = "https://lists.example/ads.txt";', more='lists = [ "ads" ];')
    guarded = guard(config=wanted)
    row = wait_state(guarded, "ads", "missing")
    wait_for("a refusal", lambda: "error" in rows(guarded)["ads"])
    assert "certificate" in rows(guarded)["ads"]["error"].lower()
    assert resolves(lab, "ads.example") and "entries" not in row
    guarded.stop()
    # The lab's certificate becomes one that the machine believes.
    certificate = (lab.directory / "lab.crt").read_text()
    (pathlib.Path("/etc/netns") / lab.host.name / "ssl" / "certs").mkdir(parents=True)
    lab.etc_file(lab.host, "ssl/certs/ca-certificates.crt", certificate)
    guarded.start()
    wait_state(guarded, "ads")
    assert not resolves(lab, "ads.example")


def test_the_internet_leads_nowhere_near(lab, guard):
    """Neither by a name that has a near address beside, at which nobody answers, nor to an address of the host's own."""
    own = "93.184.216.99"
    lab.host.run("ip", "address", "add", f"{own}/32", "dev", "lo")
    lab.start_dns([f"mixed.example. 60 IN A {LAN4}", f"mixed.example. 60 IN A {WEB4}", f"lists.example. 60 IN A {WEB4}"])
    for server, port, near in ((WEB4, BAD_PORT, f"http://{LAN4}:{BAD_PORT + 2}/good"),
                               (WEB4, BAD_PORT + 1, f"http://{own}:{BAD_PORT}/good")):
        lab.internet.start("/usr/bin/python3", BAD_SERVER, server, port, near, ready=lab.internet.listens(port))
    lab.lan.start("/usr/bin/python3", BAD_SERVER, LAN4, BAD_PORT + 2, ready=lab.lan.listens(BAD_PORT + 2))
    lab.host.start("/usr/bin/python3", BAD_SERVER, own, BAD_PORT, ready=lab.host.listens(BAD_PORT))
    lists = (f'id = "mixed"; url = "http://mixed.example:{BAD_PORT}/near";',
             f'id = "self"; url = "http://lists.example:{BAD_PORT + 1}/near";')
    guarded = guard(config=config(*lists))
    for name, address in (("mixed", LAN4), ("self", own)):
        error = wait_for(f"the end of {name}", lambda: rows(guarded)[name].get("error"))
        assert f"leads from the Internet to {address}, which is near" in error


def test_bad_servers_change_nothing(lab, guard):
    lab.start_dns([f"lists.example. 60 IN A {WEB4}"])
    lab.internet.start("/usr/bin/python3", BAD_SERVER, WEB4, BAD_PORT, f"http://{LAN4}:{BAD_PORT}/good",
                       ready=lab.internet.listens(BAD_PORT))
    lab.lan.start("/usr/bin/python3", BAD_SERVER, LAN4, BAD_PORT, ready=lab.lan.listens(BAD_PORT))
    why = {"page": "page of the web", "text": "no format", "gone": "status 404", "large": "more than the 100000 bytes",
           "short": "before all had come", "slow": "too slow", "silent": "too slow", "loop": "redirects more than 5",
           "near": "which is near", "file": "must begin with https", "headers": ""}
    one = 'id = "{0}"; url = "http://lists.example:%d/{1}"; max_bytes = 100000;' % BAD_PORT
    good = config(*[one.format(name, "good?" + name) for name in why], more='lists = [ "page" ];')
    guarded = guard(config=good)
    for name in why:
        wait_state(guarded, name)
    before = rows(guarded)
    # Each of them from another place now; what was there stays.
    guarded.configure(config(*[one.format(name, name) for name in why], more='lists = [ "page" ];'))
    guarded.portreeve("reload")
    # Those that keep a connection open are given up after 15 seconds.
    for name, text in why.items():
        row = wait_state(guarded, name, "failing")
        assert text in row["error"], (name, row["error"])
        assert row["sha256"] == before[name]["sha256"], name
    assert not resolves(lab, "ads.example") and resolves(lab, "example.com")
    assert guarded.status()["front"]["deaths"] == 0 and guarded.status()["lists"]["failing"] == len(why)
    # Something near is fetched where the configuration says so, and without a name.
    guarded.configure(config(f'id = "lan"; url = "http://{LAN4}:{BAD_PORT}/good";', more='lists = [ "lan" ];'))
    guarded.portreeve("reload")
    wait_state(guarded, "lan")
    assert list(rows(guarded)) == ["lan"]
    left = sorted(path.name for path in (guarded.state / "lists").iterdir() if not path.name.startswith("doh-"))
    assert left == ["lan", "lan~refused"], left


def test_a_list_does_not_keep_us_from_its_own_server(lab, guard):
    web = Web(lab)
    web.put("all.txt", "lists.example\nexample.com\n" + ADS)
    guarded = guard(config=config('id = "all"; url = "http://lists.example/all.txt";',
                                  more='lists = [ "all" ]; default_action = "block";'))
    wait_state(guarded, "all")
    assert not resolves(lab, "lists.example")
    web.put("all.txt", "lists.example\nexample.com\n")
    assert update(guarded)["all"]["outcome"] == "updated"


def test_lists_in_files(lab, guard):
    lab.start_dns()
    path = lab.directory / "own.txt"
    path.write_text(ADS + "not a name!\n" + names(3))
    guarded = guard(config=config(f'id = "own"; file = "{path}"; format = "domains";', more='lists = [ "own" ];'))
    # In force when READY is said.
    assert not resolves(lab, "ads.example")
    row = rows(guarded)["own"]
    assert row["state"] == "fine" and row["entries"] == 4 and row["refused"] == 1 and row["from"] == str(path)
    refused = guarded.rows("intel", "lists", "own", "--refused")
    assert [(one["line"], one["text"]) for one in refused] == [(2, "not a name!")] and refused[0]["why"]

    # A change is seen by itself, a shorter file is what its owner means, and a reload forgets what is no longer named.
    path.write_text("other.example\n")
    wait_for("the change", lambda: rows(guarded)["own"]["entries"] == 1)
    wait_for("the change in force", lambda: resolves(lab, "ads.example"))
    path.write_text(ADS)
    assert update(guarded, "own")["own"]["outcome"] == "updated"
    assert not resolves(lab, "ads.example")

    # One that is no list, or is gone, leaves what was there.
    path.write_text("<html>oops</html>\n")
    row = wait_state(guarded, "own", "failing")
    assert "page of the web" in row["error"] and row["entries"] == 1
    path.unlink()
    wait_for("the loss", lambda: "No such file" in rows(guarded)["own"].get("error", ""))

    # Whoever owns the directory does not have root read another file for him.
    path.symlink_to("/etc/shadow")
    os.chown(path, 65534, 65534, follow_symlinks=False)
    wait_for("the refusal", lambda: "not root's" in rows(guarded)["own"]["error"])
    assert "not root's" in update(guarded, "own", status=1)["own"]["error"]
    assert guarded.rows("intel", "lists", "own", "--refused") == []
    path.unlink()
    assert not resolves(lab, "ads.example")
    guarded.stop()
    guarded.start()
    assert not resolves(lab, "ads.example") and rows(guarded)["own"]["state"] == "failing"
    path.write_text("other.example\n")
    wait_state(guarded, "own")
    wait_for("the new file in force", lambda: resolves(lab, "ads.example"))


def test_a_restart_needs_no_server_and_no_compiler(lab, guard):
    web = Web(lab)
    web.put("ads.txt", ADS + names(1000))
    guarded = guard(config=config('id = "ads"; url = "http://lists.example/ads.txt";', more='lists = [ "ads" ];'))
    wait_state(guarded, "ads")
    compiled = guarded.status()["lists"]["compiled"]
    guarded.stop()
    lab.end(web.process)
    guarded.start()
    assert not resolves(lab, "ads.example")
    status = guarded.status()["lists"]
    assert status["compiled"] == compiled and status["set_serial"] == 1
    assert rows(guarded)["ads"]["state"] == "fine"
    # The engine that comes after one that died has it, too.
    former = guarded.children()["engine"]
    os.kill(former, signal.SIGKILL)
    wait_for("the next engine", lambda: guarded.children().get("engine", former) != former)
    answers = []

    def answered():
        answers.append(lab.host.run("dig", "+time=1", "+tries=1", "ads.example", check=False).stdout)
        return "NXDOMAIN" in answers[-1]
    wait_for("its answers", answered)
    # Until then none, and never an address.
    assert not any("NOERROR" in answer for answer in answers), answers


def test_a_damaged_set_is_compiled_anew(lab, guard):
    web = Web(lab)
    web.put("ads.txt", ADS + names(1000))
    guarded = guard(config=config('id = "ads"; url = "http://lists.example/ads.txt";', more='lists = [ "ads" ];'))
    wait_state(guarded, "ads")
    lab.end(web.process)
    stored = guarded.state / "intel.set"
    whole = stored.read_bytes()
    middle = bytearray(whole)
    middle[len(middle) // 2] ^= 0x40
    for damaged in (b"", b"x" * len(whole), whole[:-100], bytes(middle), whole + b"y"):
        guarded.stop()
        stored.write_bytes(damaged)
        guarded.start()
        assert "intel.set is not used, it is compiled anew" in guarded.log()
        assert not resolves(lab, "ads.example")
        assert guarded.status()["engine"]["deaths"] == 0 and stored.stat().st_size > 0
    # The index lost: the list that lies there is used all the same.
    guarded.stop()
    (guarded.state / "intel.index").write_text("nonsense")
    guarded.start()
    assert "intel.index cannot be read" in guarded.log()
    assert not resolves(lab, "ads.example")
    # The list itself damaged as well: nothing is left, and that is said.
    guarded.stop()
    (guarded.state / "lists" / "ads").write_text("damaged\n")
    stored.unlink()
    guarded.start()
    assert resolves(lab, "ads.example") and rows(guarded)["ads"]["state"] == "missing"
    assert guarded.status()["lists"]["missing"] == 1


def test_a_set_that_is_cut_short_under_the_engine(lab, guard):
    lab.start_dns()
    path = lab.directory / "own.txt"
    path.write_text(ADS + names(1000))
    guarded = guard(config=config(f'id = "own"; file = "{path}";', more='lists = [ "own" ];'))
    assert not resolves(lab, "ads.example")
    # Root writes into a file of ours that is mapped. The engine may die of it, once; the next has a whole set.
    (guarded.state / "intel.set").write_bytes(b"")
    lab.host.run("dig", "+time=1", "+tries=1", "ads.example", check=False)
    wait_for("the list in force", lambda: "NXDOMAIN" in
             lab.host.run("dig", "+time=1", "+tries=1", "ads.example", check=False).stdout)
    assert guarded.status()["engine"]["deaths"] <= 2


class Asker(threading.Thread):
    """A program that asks for one name again and again, from a socket each. A reply that is lost is asked for again, as
    every resolver does; what a reply says counts, whatever it says."""

    def __init__(self, lab, name):
        super().__init__()
        self.lab, self.asked_for, self.error = lab, name, None
        self.said, self.over = collections.Counter(), threading.Event()
        self.start()

    def run(self):
        try:
            with self.lab.host.inside():
                while not self.over.is_set():
                    self.said[self.ask()] += 1
        except Exception as error:  # of a thread: told by whoever looks at it
            self.error = error

    def ask(self):
        question = query(self.asked_for)
        with datagram_socket(DNS4) as probe:
            probe.settimeout(2)
            for _ in range(5):
                probe.send(question.to_wire())
                try:
                    reply = read(probe.recv(65535))
                except TimeoutError:
                    continue
                assert reply.id == question.id
                return dns.rcode.to_text(reply.rcode()), *(str(data) for rrset in reply.answer for data in rrset)
        raise TimeoutError(f"{self.asked_for}: no reply in 10 s")

    def has_asked(self, times):
        assert not self.error, self.error
        return self.said.total() >= times

    def end(self):
        self.over.set()
        self.join()


def test_swaps_under_load_leave_no_open_moment(lab, guard):
    """Both names are asked for all the time, and at least once between a swap and the next."""
    lab.start_dns()
    path = lab.directory / "own.txt"
    path.write_text(ADS + names(2000))
    guarded = guard(config=config(f'id = "own"; file = "{path}";', more='lists = [ "own" ];'))
    first = guarded.status()["lists"]["set_serial"]
    askers = [Asker(lab, "ads.example"), Asker(lab, "example.com")]
    try:
        for i in range(50):
            fresh = path.with_suffix(".new")  # in place of the old at once: half a list would be one, too
            fresh.write_text(names(2000, i) + ADS)
            fresh.rename(path)
            update(guarded)
            assert guarded.status()["lists"]["set_serial"] == first + i + 1
            # One question may have been under way; the next began after the swap.
            for asker, times in [(asker, asker.said.total() + 2) for asker in askers]:
                wait_for(f"answers for {asker.asked_for}", lambda: asker.has_asked(times))
    finally:
        for asker in askers:
            asker.end()
    assert [set(asker.said) for asker in askers] == [{("NXDOMAIN",)}, {("NOERROR", WEB4)}], [asker.said for asker in askers]
    assert guarded.status()["engine"]["deaths"] == 0


def million(first):
    """Half a million lines each of two formats, of which half are others than in the next such."""
    domains = [f"n{i}.of{i % 997}.tracker.example" for i in range(first, first + 500000)]
    rules = [f"||r{i}.of{i % 997}.tracker.example^" for i in range(first, first + 500000)]
    return "\n".join(["ads.example", *domains, ""]), "\n".join(["||banner.example^", *rules, ""])


def test_swaps_of_a_million_names_under_load(lab, guard):
    """What both sets have is denied all the time, what only one has is one or the other, what none has is never denied."""
    lab.start_dns(["both.example. 60 IN A " + WEB4, "n10.of10.tracker.example. 60 IN A " + WEB4])
    paths = [lab.directory / "domains.txt", lab.directory / "rules.txt"]
    texts = [million(0), million(250000)]

    def put(which):
        for path, text in zip(paths, texts[which]):
            fresh = path.with_suffix(".new")
            fresh.write_text(text)
            fresh.rename(path)
    put(0)
    guarded = guard(config=config(f'id = "own"; file = "{paths[0]}"; format = "domains";',
                                  f'id = "rules"; file = "{paths[1]}"; format = "adblock";', more='lists = [ "own", "rules" ];'))
    assert sum(row["entries"] for row in rows(guarded).values()) == 1000002
    first = guarded.status()["lists"]["set_serial"]
    denied, given = {("NXDOMAIN",)}, {("NOERROR", WEB4)}
    expected = {"ads.example": denied, "www.banner.example": denied, "n300000.of900.tracker.example": denied,
                "both.example": given, "n10.of10.tracker.example": denied | given}
    askers = [Asker(lab, name) for name in expected]
    try:
        for i in range(6):
            put((i + 1) % 2)
            update(guarded)
            assert guarded.status()["lists"]["set_serial"] > first + i
            assert resolves(lab, "n10.of10.tracker.example") == (i % 2 == 0)
            for asker, times in [(asker, asker.said.total() + 2) for asker in askers]:
                wait_for(f"answers for {asker.asked_for}", lambda: asker.has_asked(times), 30)
    finally:
        for asker in askers:
            asker.end()
    for asker in askers:
        assert set(asker.said) == expected[asker.asked_for], (asker.asked_for, asker.said)
    assert guarded.status()["engine"]["deaths"] == 0


def test_what_is_known_of_an_entity(lab, guard):
    lab.start_dns()
    ads, addresses = lab.directory / "ads.txt", lab.directory / "addresses.txt"
    ads.write_text("||tracker.example^\n@@||good.tracker.example^\n")
    addresses.write_text(f"192.0.2.0/24\n{ADS4}/31\n")
    guarded = guard(config=config(f'id = "ads"; file = "{ads}"; format = "adblock"; category = "advertising";',
                                  f'id = "bad"; file = "{addresses}";', more='lists = [ "ads", "bad" ];'))
    found = guarded.rows("intel", "lookup", "www.tracker.example")
    assert [(one["list"], one["line"], one["category"], one["listed"]) for one in found] == \
        [("ads", 1, "advertising", True)]
    found = guarded.rows("intel", "lookup", "good.tracker.example")
    assert sorted((one["line"], one["exception"], one["listed"]) for one in found) == \
        [(1, False, False), (2, True, False)]
    found = guarded.rows("intel", "lookup", "x.tracker.example", ADS4)
    assert sorted(one["list"] for one in found if "list" in one) == ["ads", "bad"]
    assert [one["address"] for one in found if "address" in one] == [ADS4]
    assert guarded.portreeve("intel", "lookup", "example.com").stdout == "on no list\n"
    assert guarded.portreeve("intel", "lookup", "no name", check=False).returncode == 1
    assert guarded.portreeve("intel", "lookup", check=False).returncode == 2
    guarded.stop()
    assert guarded.portreeve("intel", "lookup", "example.com", check=False).returncode == 3


def test_what_is_not_there_yet(lab, guard):
    """A rule needs a list that no server has given yet: on_missing_data decides, and nothing waits for the server."""
    lab.start_dns([f"lists.example. 60 IN A {WEB4}"])
    wanted = config('id = "ads"; url = "http://lists.example/ads.txt";', more='lists = [ "ads" ];\n')
    guarded = guard(config=wanted + 'on_missing_data = "deny";')
    assert not resolves(lab, "ads.example") and not resolves(lab, "example.com")
    assert guarded.status()["lists"]["missing"] == 1
    guarded.configure(wanted)
    guarded.portreeve("reload")
    assert resolves(lab, "ads.example")
    guarded.configure(wanted + 'on_missing_data = "deny";')
    guarded.portreeve("reload")
    lab.start_web(names=("lists.example",))
    (lab.directory / "www" / "ads.txt").write_text(ADS)
    assert update(guarded)["ads"]["outcome"] == "updated"
    assert not resolves(lab, "ads.example") and resolves(lab, "example.com")


def test_check_tells_of_lists(lab, build):
    directory = lab.directory / "config"
    directory.mkdir()

    def check(text):
        (directory / "portreeve.conf").write_text(text)
        return lab.host.run(build / "portreeved", "--config", directory, "--state", lab.directory / "state", "--check",
                            check=False)

    done = check(config('id = "own";\nfile = "/nowhere/list"; format = "hots";'))
    assert done.returncode == 2 and "portreeve.conf:2: format: write one of" in done.stdout, done.stdout
    done = check(config('id = "own"; file = "/nowhere/list";', 'id = "ads"; url = "http://lists.example/";',
                        more='lists = [ "adz" ];'))
    assert done.returncode == 0, done.stdout
    for said in ('"own" has no data: /nowhere/list: No such file', '"ads" is fetched without encryption',
                 'no list has the id or category "adz"'):
        assert said in done.stdout, done.stdout


def test_a_new_list_in_a_running_configuration(lab, guard):
    lab.start_dns()
    one, two = lab.directory / "one.txt", lab.directory / "two.txt"
    one.write_text(ADS)
    two.write_text("example.com\n")
    first, second = f'id = "one"; file = "{one}";', f'id = "two"; file = "{two}"; category = "shops";'
    guarded = guard(config=config(first, more='lists = [ "one" ];'))
    guarded.configure(config(first, second, more='lists = [ "one" ]; outgoing = [ "- L:shops" ];'))
    guarded.portreeve("reload")
    wait_for("the second list", lambda: not resolves(lab, "example.com"))
    assert not resolves(lab, "ads.example")
    # And without the first: it goes from the set and from the disk.
    guarded.configure(config(second, more='outgoing = [ "- L:shops" ];'))
    guarded.portreeve("reload")
    wait_for("the first list gone", lambda: resolves(lab, "ads.example"))
    assert not resolves(lab, "example.com") and list(rows(guarded)) == ["two"]
    assert not (guarded.state / "lists" / "one").exists()


def test_countries_and_networks(lab, guard, build):
    """Debian's tor-geoipdb, and from npm a database of networks as a table and one of countries as MMDB."""
    lab.start_dns()
    sources = ['id = "tor4"; file = "/usr/share/tor/geoip"; format = "tor";', 'id = "tor6"; file = "/usr/share/tor/geoip6";']
    networks = npm_file(build, lists_data.NETWORKS, "asn-ipv4.csv")
    countries = npm_file(build, MMDB, "country.mmdb")
    if networks:
        sources.append(f'id = "networks"; file = "{networks}"; format = "csv-asn";')

    def geo(which):
        return "geo = ( " + ", ".join("{ " + one + " }" for one in which) + " );\n"

    guarded = guard(config=geo(sources) + 'outgoing = [ "- DE" ];')
    found = rows(guarded)
    assert all(row["state"] == "fine" and row["kind"] == "geo" for row in found.values()), found
    assert found["tor4"]["entries"] > 100000 and found["tor6"]["entries"] > 100000
    known = guarded.rows("intel", "lookup", "193.0.6.139")[0]
    assert known["country"] == "NL"
    if networks:
        assert known["asn"] == 3333 and "RIPE" in known["organisation"].upper()
    assert guarded.rows("intel", "lookup", "2001:67c:2e8:22::c100:68b")[0]["country"] == "NL"
    assert guarded.status()["lists"]["geo"] == len(sources)
    if not countries:
        return
    guarded.configure(geo([f'id = "mmdb"; file = "{countries}";']))
    guarded.portreeve("reload")
    row = wait_state(guarded, "mmdb")
    assert row["format"] == "mmdb" and row["entries"] > 100000
    wait_for("the database in force",
             lambda: guarded.rows("intel", "lookup", "193.0.6.139")[0] == {"address": "193.0.6.139", "country": "NL"})


def npm_file(build, package, name):
    """A file of a package of npm, fetched once into the build directory; None where it can't be had."""
    directory = build / "lists"
    directory.mkdir(exist_ok=True)
    archive = lists_data.npm_package(directory, package)
    if archive is None:
        return None
    with tarfile.open(archive) as content:
        member = next(one for one in content if one.name.endswith(name))
        (directory / name).write_bytes(content.extractfile(member).read())
    return directory / name
