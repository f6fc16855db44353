# SPDX-License-Identifier: GPL-3.0-or-later
"""A user whose tunnel doesn't work is told so, at once and truly; a set goes on by what works. How long its links wait is printed
(pytest -s) and stands in docs/tunnel.md."""
import re
import time

import pytest

import portreeve_lab
from clients import real
from conftest import BUILD, ROOT
from portreeve_lab import ADS4, DNS4, WEB4, Stopwatch, wait_for
from tunnel_lab import PAGE, PROXY, SECOND, Around, another_curl, config, fetch, group, nothing_around, only, trusted, upstreams

CURL = real("curl")
URL = "http://example.com/"


@pytest.fixture
def lab(lab):
    lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    lab.second = upstreams.start_socks(lab, SECOND)
    return lab


def state(guarded, name):
    return next(row for row in guarded.rows("tunnels") if row["upstream"] == name)


def set_of(first):
    return config(first, group("second", f"socks5://{SECOND}:1080", udp=False), group("any", of=["first", "second"]))


def children(lab, process):
    return lab.internet.run("ps", "-o", "pid=", "--ppid", process.pid, check=False).stdout.split()


def end_all(lab, process):
    """A proxy, with the processes that it made."""
    for child in children(lab, process):
        lab.internet.run("kill", "-KILL", child, check=False)
    process.kill()
    process.wait()


# Each gives: how it is configured with an account, what starts it with that one of a password.

def socks(lab):
    return (lambda **account: group("first", f"socks5://{PROXY}:1080", udp=False, **account),
            lambda **account: upstreams.start_socks(lab, PROXY, **account), [])


def plain(lab):
    n = iter(range(3128, 3200))
    ports = {}

    def start(**account):
        ports["now"] = next(n)
        process = upstreams.start_connect(lab, PROXY, ports["now"], **account)
        return process
    return lambda **account: group("first", f"http://{PROXY}:{ports['now']}", **account), start, []


def small(lab):
    return (lambda **account: group("first", f"http://{PROXY}:8888", **account),
            lambda **account: upstreams.start_connect_small(lab, PROXY, **account), [])


def over_tls(lab):
    authority = upstreams.Authority(lab)
    return (lambda **account: group("first", f"connect://{PROXY}:8443", ca=trusted(lab, authority), **account),
            lambda **account: upstreams.start_connect_tls(lab, *authority.issue(PROXY), PROXY, **account), [authority.file])


@pytest.mark.parametrize("kind", [socks, plain, small, over_tls])
@pytest.mark.parametrize("given", [pytest.param({"user": "u", "password": "wrong"}, id="wrong"),
                                   pytest.param({}, id="none", marks=pytest.mark.long)])
def test_an_account_that_is_refused(lab, guard, kind, given):
    written, start, beside = kind(lab)
    start(user="u", password="p")
    guarded = guard(config=set_of(written(**given)), profiles=only(CURL, "any"), beside=beside)
    with Around(lab, PROXY, SECOND, DNS4) as captured:
        since = Stopwatch()
        assert PAGE in fetch(lab, URL)[1]  # this very link goes on to the next one
        assert since.seconds() < 3
        row = wait_for("it to be shown", lambda: [r for r in [state(guarded, "first")] if r["state"] in ("failing", "down")], 3)[0]
        reason = "wrong" if given else "it wants a user and a password"
        assert reason in row["why"], row
        row = wait_for("it to be down", lambda: [r for r in [state(guarded, "first")] if r["state"] == "down"], 5)[0]
        assert reason in row["why"] and row["since"].endswith("Z")
        assert state(guarded, "any")["state"] == "up"
        # looks come to the same: no link is sent by it again
        failed = row["failed"]
        for _ in range(10):
            assert PAGE in fetch(lab, URL)[1]
            assert state(guarded, "first")["state"] == "down"
        assert state(guarded, "first")["failed"] == failed
    nothing_around(captured)
    assert reason in guarded.portreeve("tunnels").stdout


def is_well(row, failed=0):
    return row["state"] == "up" and row["opened"] and row["failed"] <= failed


def ruled_socks(lab):
    """SOCKS5's "connection not allowed by ruleset", and what a closed port gets."""
    upstreams.start_socks_datagrams(lab, before=f"socks block {{ from: 0/0 to: {ADS4}/32 }}\n")
    return group("first", f"socks5://{PROXY}:1080", udp=False)


def ruled_connect(lab):
    """403, and 503."""
    upstreams.start_connect(lab, before=f"acl ads dst {ADS4}/32\nhttp_access deny ads\n")
    return group("first", f"http://{PROXY}:3128")


def ruled_small(lab):
    """403 for a port that it doesn't connect to, and 500."""
    upstreams.start_connect_small(lab)
    return group("first", f"http://{PROXY}:8888")


def known_by_some(lab):
    """407, for one destination alone: whoever asks for others needs no account."""
    upstreams.start_connect(lab, user="u", password="p", before=f"acl ads dst {ADS4}/32\nhttp_access allow !ads\n")
    return group("first", f"http://{PROXY}:3128")


@pytest.mark.parametrize("kind", [ruled_socks, ruled_connect, ruled_small, known_by_some])
def test_what_is_said_of_a_destination_alone(lab, guard, kind):
    """… is no fault of the way's: its links are refused, and others go by it as before."""
    first = kind(lab)
    guarded = guard(config=config(first), profiles=only(CURL, "first"))
    assert PAGE in fetch(lab, URL)[1]
    refused = [f"http://{WEB4}:9/", "http://nowhere.example.com/"] + [f"http://{ADS4}/"] * (kind is not ruled_small)
    for _ in range(4):
        for url in refused:
            assert fetch(lab, url)[0] in (7, 28, 56), url
    assert PAGE in fetch(lab, URL)[1]
    wait_for("it to be up", lambda: is_well(state(guarded, "first"), 4 * (kind is known_by_some)))


def explained(guarded, *words):
    return guarded.rows("explain", WEB4, "TCP/80", *words)[0], guarded.portreeve("explain", WEB4, "TCP/80", *words).stdout


def test_explain_knows_whether_the_way_works(lab, guard):
    process = upstreams.start_socks(lab)
    direct = another_curl(lab)
    more = 'without_tunnel = "direct";'
    guarded = guard(config=config(group("way", f"socks5://{PROXY}:1080", udp=False)),
                    profiles={**only(CURL, "way"), **only(direct, "way", more)})
    row, text = explained(guarded, "--app", CURL)
    assert row["tunnel_state"] == "unknown" and "through `way` (not used yet)\n" in text
    assert PAGE in fetch(lab, URL)[1]
    wait_for("it to be up", lambda: explained(guarded, "--app", CURL)[0]["tunnel_state"] == "up")
    assert "through `way` (up)\n" in explained(guarded, "--app", CURL)[1]
    lab.end(process)
    assert PAGE not in fetch(lab, URL)[1]
    watch = Stopwatch()
    wait_for("it to be down", lambda: explained(guarded, "--app", CURL)[0]["tunnel_state"] == "down")
    assert watch.seconds() < 5
    row, text = explained(guarded, "--app", CURL)
    assert row["said"] == "reroute-tunnel" and row["tunnel"] == "way" and row["tunnel_then"] == "blocked"
    assert "Connection refused" in row["tunnel_why"] and row["tunnel_since"].startswith("20")
    assert re.search(r"^through `way` \(down: .*Connection refused, since 20\S+Z\): would be blocked$", text, re.M), text
    row, text = explained(guarded, "--app", direct)
    assert row["tunnel_then"] == "direct" and text.count(": would go without it (without_tunnel)\n") == 1
    since = row["tunnel_since"]
    upstreams.start_socks(lab)
    wait_for("it to be up again", lambda: explained(guarded, "--app", CURL)[0]["tunnel_state"] == "up")
    assert since not in explained(guarded, "--app", CURL)[1]


def hung(lab, process):
    for pid in children(lab, process) + [process.pid]:
        lab.internet.run("kill", "-STOP", pid)


def refused(lab, process):
    """Nobody is there any more: the kernel refuses."""
    end_all(lab, process)


def killed(lab, process):
    """… and whoever is there takes connections and ends them at once."""
    end_all(lab, process)
    lab.internet.start("socat", f"TCP4-LISTEN:{process.port},bind={PROXY},reuseaddr,fork", "SYSTEM:true",
                       ready=upstreams.listens_at(lab.internet, PROXY, process.port))


def vanished(lab, process):
    """Its host is gone: nothing comes back."""
    del process
    lab.internet.nft(f"table ip gone {{ chain input {{ type filter hook input priority 0; ip daddr {PROXY} drop; }}\n}}")


PORTS = {socks: 1080, plain: 3128, small: 8888, over_tls: 8443}


@pytest.mark.parametrize("kind, how", [
    pytest.param(kind, how, marks=[pytest.mark.long] if how in (hung, vanished) and kind is not socks else [])
    for how in (hung, refused, killed, vanished) for kind in (socks, plain, over_tls)])
def test_how_long_links_wait(lab, guard, kind, how):
    """The first of two members fails: what the first, second and third link of an application wait for."""
    written, start, beside = kind(lab)
    process = start()
    process.port = PORTS[kind]
    guarded = guard(config=set_of(written()), profiles=only(CURL, "any"), beside=beside)
    assert PAGE in fetch(lab, URL)[1]
    wait_for("it to be up", lambda: state(guarded, "first")["state"] == "up")
    with Around(lab, PROXY, SECOND, DNS4) as captured:
        how(lab, process)
        failed, took = time.monotonic(), []
        for _ in range(3):
            since = Stopwatch()
            assert PAGE in fetch(lab, URL, seconds=90)[1], (took, guarded.rows("tunnels"))
            took.append(since.seconds())
        row = wait_for("it to be shown", lambda: [r for r in [state(guarded, "first")] if r["state"] in ("failing", "down")])[0]
        shown = time.monotonic() - failed
    nothing_around(captured)
    print(f"\n{kind.__name__:9} {how.__name__:9} links wait {' '.join(f'{one:.2f}' for one in took)} s; after {shown:.1f} s it is "
          f"{row['state']}: {row['why']}")
    assert took[0] < 5 and max(took[1:]) < 1, took
    assert row["why"] and row["since"] and state(guarded, "any")["state"] == "up"
    if how is hung:
        wait_for("it to be down", lambda: state(guarded, "first")["state"] == "down")
        for pid in children(lab, process) + [process.pid]:
            lab.internet.run("kill", "-CONT", pid)
        wait_for("it to be back", lambda: state(guarded, "first")["state"] == "up")


# ---- what is wrong with the files ----

def test_files_that_are_refused_are_shown(lab, guard):
    guarded = guard(config="# fine\n")
    assert "refused" not in guarded.status()["policy"]
    guarded.configure(config='outgoing = [ "+ example.com",\n  "% ads.example" ];\n')
    guarded.reload()
    policy = wait_for("the refusal", lambda: [p for p in [guarded.status()["policy"]] if "refused" in p])[0]
    assert "portreeve.conf:2: " in policy["refused"] and policy["refused_since"].endswith("Z"), policy
    text = guarded.portreeve("status").stdout
    assert "older than the files" in text and policy["refused"] in text
    # another reason, the same time; a command that has it read anew is told, and so is who looks later
    guarded.configure(config="\n\nno_such_setting = 1;\n")
    assert guarded.portreeve("reload", check=False).returncode != 0
    again = guarded.status()["policy"]
    assert "portreeve.conf:3: " in again["refused"] and again["refused_since"] == policy["refused_since"]
    guarded.configure(config="# fine again\n")
    guarded.portreeve("reload")
    assert "refused" not in guarded.status()["policy"]
    assert "older" not in guarded.portreeve("status").stdout


def test_certificates_that_are_missing_are_said_at_load(lab, guard, build):
    authority = upstreams.Authority(lab)
    directory = lab.directory / "guard" / "config"

    def written(name):
        return config(group("first", f"connect://{PROXY}:8443", ca=str(directory / name)))
    guarded = guard(config=written("nowhere.pem"))
    first = guarded.status()["policy"]["warnings"]
    assert first == (f'portreeve.conf:1: tunnel_upstream "first": ca: {directory}/nowhere.pem is not there, so nothing goes by it')
    (directory / "no.pem").write_text("nothing of the kind\n")
    (directory / "mine.pem").write_bytes(authority.file.read_bytes())
    (directory / "mine.pem").chmod(0o600)
    (directory / "good.pem").write_bytes(authority.file.read_bytes())
    other = lab.directory / "elsewhere.pem"
    other.write_bytes(authority.file.read_bytes())
    for name, said in (("no.pem", "holds no certificate in PEM"), ("mine.pem", "can't be read by the user portreeve-tunnel"),
                       (other, "lies where the tunnel's process may not read"), ("good.pem", None)):
        guarded.configure(config=written(name))
        done = guarded.portreeve("reload")
        checked = lab.host.run(build / "portreeved", "--check", "--config", directory, "--state", guarded.state, check=False)
        warnings = guarded.status()["policy"].get("warnings", "")
        for text in (done.stdout, checked.stdout, warnings):
            assert said is None or f"portreeve.conf:1: tunnel_upstream \"first\": ca: {directory / name} {said}" in text, (text, done, checked)
            assert said or "ca:" not in text
    assert "fine" in checked.stdout


# ---- the lab that users have ----

def test_the_lines_of_the_documentation():
    """… send curl through the tunnel in `portreeve lab`."""
    text = (ROOT / "docs" / "tunnel.md").read_text().split("**To try it**")[1].split("## ")[0]
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) == 3
    shown = portreeve_lab.run(BUILD / "portreeve", "lab", "sh", "-ec", "\n".join(lines), timeout=60).stdout
    assert PAGE in shown
    assert re.search(r"curl.* example\.com .*tunnel lab", shown), shown
