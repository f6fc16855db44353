# SPDX-License-Identifier: GPL-3.0-or-later
"""`dns flush`: what upstream nameservers said is forgotten. `dns cache`: what is known by name."""
import pathlib
import shutil

from portreeve_lab import ADS4, DNS4, ROUTER4, WEB4, wait_for


def test_flushed_is_asked_anew_and_names_are_listed(lab, guard):
    upstream = lab.start_dns()
    guarded = guard()

    def look_up():
        """How often the upstream nameserver was asked for it."""
        before = upstream.log.read_text().lower().count(" four.example. a ")
        assert lab.host.run("getent", "ahostsv4", "four.example").stdout.split()[0] == WEB4
        return upstream.log.read_text().lower().count(" four.example. a ") - before
    assert look_up() == 1
    assert look_up() == 0
    guarded.portreeve("dns", "flush")
    assert look_up() == 1
    assert look_up() == 0
    known = guarded.rows("dns", "cache", "--domain", "four.example")
    assert [row["entity"]["ip"] for row in known] == [WEB4]
    assert known[0]["app"]["path"] == str(pathlib.Path(shutil.which("getent")).resolve())
    assert known[0]["expires"]
    assert guarded.rows("dns", "cache", "--domain", "example.org") == []
    line = guarded.portreeve("dns", "cache").stdout
    assert WEB4 in line and "four.example" in line
    # Flushing concerns answers, not names: what applications were told stays known.
    guarded.portreeve("dns", "flush")
    assert guarded.rows("dns", "cache", "--domain", "four.example")


def dig(lab, *words):
    return lab.host.run("dig", "+time=20", "+tries=1", *words).stdout


def asked(upstream, name, kind="A"):
    return upstream.log.read_text().lower().count(f" {name}. {kind} in".lower())


def test_cached_times_count_down_and_end(lab, guard):
    upstream = lab.start_dns(extra_data=(f"short.example. 3 IN A {WEB4}",))
    guard()

    def ttl():
        return int(next(line.split()[1] for line in dig(lab, "short.example").splitlines()
                        if line.startswith("short.example.")))
    assert ttl() == 3
    counted = wait_for("the time to count down", lambda: {ttl()} & {1, 2})
    assert asked(upstream, "short.example") == 1, counted
    wait_for("a new answer", lambda: ttl() == 3)
    assert asked(upstream, "short.example") == 2


def test_negative_answers_hold_as_long_as_the_soa_says(lab, guard):
    upstream = lab.start_dns(options=' local-zone: "sub.example." static\n local-data: "sub.example. 3600 IN SOA ns.example. '
                                     'root.example. 1 60 60 60 2"\n')
    guard()
    assert "NXDOMAIN" in dig(lab, "none.sub.example")
    assert "NXDOMAIN" in dig(lab, "none.sub.example")
    assert asked(upstream, "none.sub.example") == 1
    wait_for("the time to end", lambda: "NXDOMAIN" in dig(lab, "none.sub.example") and
             asked(upstream, "none.sub.example") == 2)


def test_who_may_not_have_it_gets_a_denial_though_it_is_cached(lab, guard):
    lab.start_dns()
    dig_path = pathlib.Path(shutil.which("dig")).resolve()
    guarded = guard(profiles={"dig.conf": f'name = "dig";\nmatch = ( {{ path = "{dig_path}"; }} );\n'
                                          'outgoing = [ "- ads.example" ];\n'})
    assert ADS4 in lab.host.run("getent", "ahostsv4", "ads.example").stdout
    assert "NXDOMAIN" in dig(lab, "ads.example")
    assert ADS4 in lab.host.run("getent", "ahostsv4", "ads.example").stdout
    # And the other way round: what was denied to one is no denial for another.
    assert "NXDOMAIN" in dig(lab, "ads.example")
    assert guarded.counter("questions_denied_before") == 2


def test_a_change_of_policy_holds_for_what_is_cached(lab, guard):
    upstream = lab.start_dns()
    guarded = guard()
    assert WEB4 in dig(lab, "www.example.com")
    guarded.portreeve("rule", "add", f"- {WEB4}")
    assert "NXDOMAIN" in dig(lab, "www.example.com")
    guarded.portreeve("rule", "remove", f"- {WEB4}")
    assert WEB4 in dig(lab, "www.example.com")
    assert asked(upstream, "www.example.com") == 1


def test_do_and_cd_are_kept_apart(lab, guard):
    lab.start_dns()
    guarded = guard()
    before = guarded.counter("answers_now")
    for words in ([], ["+dnssec"], ["+cd"], ["+dnssec", "+cd"]):
        assert WEB4 in dig(lab, "four.example", *words)
    assert guarded.counter("answers_now") == before + 4
    found = guarded.counter("answers_found")
    for words in ([], ["+dnssec"], ["+cd"], ["+dnssec", "+cd"]):
        reply = dig(lab, "four.example", *words)
        assert WEB4 in reply and ("+dnssec" in words) == ("flags: do" in reply), reply
    assert guarded.counter("answers_found") == found + 4


def test_what_is_kept_is_listed(lab, guard):
    lab.start_dns(options=' local-zone: "sub.example." static\n local-data: "sub.example. 3600 IN SOA ns.example. '
                          'root.example. 1 60 60 60 30"\n')
    guarded = guard()
    assert WEB4 in dig(lab, "www.example.com")
    assert "NXDOMAIN" in dig(lab, "none.sub.example")
    assert WEB4 in dig(lab, "four.example", "+dnssec", "+noadflag")
    rows = {(row["name"], row["type"]): row for row in guarded.rows("dns", "cache", "answers")}
    assert rows["www.example.com", "A"]["data"].split() == ["example.com", WEB4]
    assert 0 < rows["www.example.com", "A"]["ttl"] <= 60
    assert rows["none.sub.example", "A"]["rcode"] == "NXDOMAIN" and "data" not in rows["none.sub.example", "A"]
    assert rows["four.example", "A"]["flags"] == "do"
    assert [row["name"] for row in guarded.rows("dns", "cache", "answers", "--domain", "example.com")] == ["www.example.com"]
    assert WEB4 in guarded.portreeve("dns", "cache", "answers").stdout
    guarded.portreeve("dns", "flush")
    assert guarded.rows("dns", "cache", "answers") == []


def test_other_upstreams_other_answers(lab, guard):
    lab.start_dns(extra_data=(f"moved.example. 3600 IN A {WEB4}",))
    config = lab.directory / "other.conf"
    config.write_text(f'server:\n interface: {ROUTER4}\n access-control: 0.0.0.0/0 allow\n chroot: ""\n username: ""\n'
                      ' pidfile: ""\n use-syslog: no\n do-daemonize: no\n local-zone: "example." static\n'
                      f' local-data: "moved.example. 3600 IN A {ADS4}"\n')
    lab.internet.start("unbound", "-d", "-c", config, ready=lambda: f"{ROUTER4}:53 " in lab.internet.run("ss", "-Hlun").stdout)
    guarded = guard(config=f'upstreams = [ "{DNS4}" ];')
    assert WEB4 in dig(lab, "moved.example")
    guarded.configure(f'upstreams = [ "{ROUTER4}" ];')
    guarded.portreeve("reload")
    wait_for("the other answer", lambda: ADS4 in dig(lab, "moved.example"))
