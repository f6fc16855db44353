# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a connection, stage by stage, by real clients: a browser, curl."""
from portreeve_lab import ADS4, WEB4, wait_for

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--disable-quic"]


def curl(lab, *words, **options):
    return lab.host.run("curl", "-sS", "--max-time", "20", *words, **options)


def test_a_browser_s_story(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard()
    with guarded.monitor() as monitor:
        page = lab.host.run(*CHROMIUM, f"--user-data-dir={lab.directory}/chromium", "--dump-dom", "https://example.com/",
                            timeout=180)
        assert "It works." in page.stdout
        link = monitor.wait("the link", event="link", entity__domain="example.com", entity__proto="tcp",
                            entity__port=443)
        question = monitor.wait("the question", event="dns", entity__domain="example.com", stage="after-intel")
        communication = monitor.wait("the communication", event="communication", entity__domain="example.com")
        # curl's own verdict of the same site would be another communication: this one is the browser's.
        for event in (link, question, communication):
            assert event["app"]["path"].endswith("/chromium"), event
        assert question["time"] < link["time"]
        assert link["verdict"] == "accept"
        known = monitor.wait("what it speaks", id=link["id"], permanent=True, seen__protocol="tls")
        assert known["verdict"] == "accept" and known["entity"]["name_grade"] == "proven"
        assert link["app"]["pid"] and link["app"]["cmdline"] and link["app"]["parents"]


def test_a_permanent_link_never_comes_back_to_user_space(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard()
    curl(lab, "http://example.com/")
    before = guarded.queued()
    curl(lab, "-o", "/dev/null", "http://example.com/big", timeout=180)
    # The question (A and AAAA) and the first packet; 64 MiB came by without us.
    assert guarded.queued() - before <= 8


def test_denied_before_intel_no_question_leaves(lab, guard):
    lab.start_dns()
    guarded = guard(config='outgoing = [ "- ads.example" ];')
    capture = lab.internet.capture("port 53", "br0")
    failed = curl(lab, "http://ads.example/", check=False)
    assert failed.returncode == 6, failed.stdout
    curl(lab, "http://example.com/", check=False)
    packets = capture.stop()
    assert any("example.com" in line for line in packets)
    assert not any("ads.example" in line for line in packets)
    answer = lab.host.run("dig", "+time=2", "+tries=1", "ads.example", "A").stdout
    assert "NXDOMAIN" in answer and "EDE: 15" in answer, answer
    assert guarded.counter("questions_denied_before") >= 1


def test_denied_after_intel_the_answer_is_withheld(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=f'outgoing = [ "- {ADS4}", "- 2606:2800:21f::66" ];')
    capture = lab.internet.capture("port 53", "br0")
    failed = curl(lab, "http://ads.example/", check=False)
    assert failed.returncode == 6, failed.stdout
    assert any("ads.example" in line for line in capture.stop())
    assert guarded.counter("questions_denied_after") >= 1


def test_denied_at_the_communication(lab, guard):
    lab.start_web()
    guarded = guard(config=f'outgoing = [ "- {WEB4}" ];')
    with guarded.monitor() as monitor:
        capture = lab.internet.capture(f"host {WEB4}", "br0")
        failed = curl(lab, f"http://{WEB4}/", check=False)
        assert failed.returncode == 7, failed.stdout
        assert capture.stop() == []
        event = monitor.wait("the denial", event="link", entity__ip=WEB4)
        assert event["verdict"] == "block" and event["rule"]["text"] == f"- {WEB4}", event


def test_denied_at_the_link_while_another_of_the_communication_lives(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config='outgoing = [ "- example.com TCP/8080" ];')
    download = lab.host.start("curl", "-sS", "-o", "/dev/null", "--limit-rate", "1M", "http://example.com/big")
    wait_for("the download", lambda: guarded.rows("links", "--domain", "example.com", "--verdict", "accept"))
    failed = curl(lab, "-4", "http://example.com:8080/", check=False)
    assert failed.returncode == 7, failed.stdout
    assert download.poll() is None
    links = guarded.rows("links", "--domain", "example.com", "--active")
    assert {link["communication"] for link in links} == {links[0]["communication"]}, links


def test_twenty_links_are_one_communication_decided_once(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard()
    curl(lab, "-4", "http://example.com/")
    before = guarded.status()["engine"]
    script = "import socket\nkept=[socket.create_connection(('%s',80)) for _ in range(20)]" % WEB4
    # Another program: its own communication, without a name.
    lab.host.python(script)
    after = guarded.status()["engine"]
    assert after["communications_decided"] - before["communications_decided"] == 1
    assert after["communications_reused"] - before.get("communications_reused", 0) >= 19


