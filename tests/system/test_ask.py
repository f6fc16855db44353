# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask: nothing passes meanwhile, one prompt a communication, the retry finds the answer."""
import subprocess

from portreeve_lab import WEB4, wait_for

ASK = 'default_action = "ask";\nask_hold_ms = 300;\nincoming = [ ];\n'


def prompts(guarded):
    return guarded.rows("answer")


def test_a_question_waits_and_nothing_goes_upstream(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=ASK)
    capture = lab.internet.capture("", "br0")
    client = lab.host.start("curl", "-4", "-sS", "--max-time", "60", "-o", lab.directory / "page", "http://example.com/")
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]
    assert prompt["entity"]["domain"] == "example.com" and prompt["app"]["path"] == "/usr/bin/curl"
    assert not any("example.com" in line or WEB4 in line for line in capture.stop())
    guarded.portreeve("answer", str(prompt["id"]), "permit")
    assert client.wait(60) == 0, client.log.read_text()
    assert "It works" in (lab.directory / "page").read_text()
    assert prompts(guarded) == [], prompts(guarded)[0]


def test_many_links_are_one_prompt_and_a_denial_ends_them(lab, guard):
    lab.start_web()
    guarded = guard(config=ASK)
    capture = lab.internet.capture(f"host {WEB4}", "br0")
    code = ("import socket,sys\nsockets=[]\nfor _ in range(10):\n s=socket.socket(); s.setblocking(False)\n"
            " s.connect_ex(('%s',80)); sockets.append(s)\nimport select\nbad=0\n"
            "for s in sockets:\n select.select([],[s],[],60)\n bad+=s.getsockopt(socket.SOL_SOCKET,socket.SO_ERROR)!=0\n"
            "print(bad)" % WEB4)
    client = lab.host.start("/usr/bin/python3", "-c", code)
    prompt = wait_for("the prompt", lambda: prompts(guarded))
    assert len(prompt) == 1
    guarded.portreeve("answer", str(prompt[0]["id"]), "deny")
    assert client.wait(60) == 0
    assert client.log.read_text().strip() == "10"
    assert capture.stop() == []


def test_a_permitted_packet_comes_through_by_its_retransmit(lab, guard):
    lab.start_web()
    guarded = guard(config=ASK)
    client = lab.host.start("curl", "-sS", "--max-time", "60", "-o", "/dev/null", f"http://{WEB4}/")
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]
    wait_for("the packet's hold to end", lambda: guarded.status()["engine"].get("parked_now", 0) == 0)
    guarded.portreeve("answer", str(prompt["id"]), "permit")
    assert client.wait(60) == 0, client.log.read_text()


def test_prompts_of_several_programs_stand_side_by_side(lab, guard):
    lab.start_web()
    guarded = guard(config=ASK)
    lab.host.start("curl", "-sS", "--max-time", "60", f"http://{WEB4}/")
    lab.host.start("nc", "-w", "60", WEB4, "80")
    rows = wait_for("two prompts", lambda: len(prompts(guarded)) == 2 and prompts(guarded))
    assert len({row["app"]["path"] for row in rows}) == 2


def test_a_program_cannot_permit_itself(lab, guard, build):
    """As an ordinary user: by the command line, by the socket, by a terminal of its own."""
    lab.start_web()
    guarded = guard(config=ASK)
    lab.host.start("setpriv", "--reuid", "65534", "--clear-groups", "curl", "-sS", "--max-time", "60",
                   f"http://{WEB4}/")
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]

    def as_nobody(*words):
        return subprocess.run(lab.host.command("setpriv", "--reuid", "65534", "--clear-groups", *map(str, words)),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)

    cli = (build / "portreeve", "--run", guarded.run_dir)
    for words in ((*cli, "answer", prompt["id"], "permit"), (*cli, "rule", "add", "+ *"),
                  (*cli, "profile", "set", "global", "default_action", "permit"),
                  ("curl", "-sS", "--fail-with-body", "--unix-socket", guarded.run_dir / "api.sock",
                   "http://localhost/v1/changes", "-d", '{"verb":"answer","id":"%s","answer":"permit"}' % prompt["id"]),
                  ("script", "-qec", f"{build}/portreeve --run {guarded.run_dir} answer {prompt['id']} permit",
                   "/dev/null")):
        done = as_nobody(*words)
        assert done.returncode != 0 and "root" in done.stdout, (words, done.stdout)
    assert len(prompts(guarded)) == 1
    assert guarded.rows("rule", "list") == [] or all("+ *" != row["rule"] for row in guarded.rows("rule", "list"))


def test_an_answer_for_a_zone_is_a_rule_that_outlives_a_restart(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=ASK)

    def curl(name):
        return lab.host.start("curl", "-4", "-sS", "--max-time", "60", "-o", "/dev/null", f"http://{name}/")
    client = curl("example.com")
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]
    said = guarded.portreeve("answer", str(prompt["id"]), "permit", "--scope", "zone").stdout
    assert "/usr/bin/curl: + .example.com" in said
    assert client.wait(60) == 0, client.log.read_text()
    assert ["+ .example.com", "/usr/bin/curl"] in [[row["rule"], row["profile"]] for row in guarded.rows("rule", "list")]
    # Another name of the zone, no prompt; and again when portreeved comes back.
    for _ in range(2):
        assert curl("www.example.com").wait(60) == 0
        assert prompts(guarded) == [], prompts(guarded)[0]
        assert guarded.stop() == 0
        guarded.start()
    # Taken away it is asked again.
    guarded.portreeve("rule", "remove", "--app", "/usr/bin/curl", "+ .example.com")
    curl("example.com")
    wait_for("the prompt", lambda: prompts(guarded))


def test_an_answer_for_a_time_is_a_rule_that_ends(lab, guard):
    lab.start_web()
    guarded = guard(config=ASK)
    code = f"import socket; s = socket.socket(); s.settimeout(60); s.connect(('{WEB4}', 80))"
    client = lab.host.start("/usr/bin/python3", "-c", code)
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]
    guarded.portreeve("answer", str(prompt["id"]), "permit", "--scope", "address", "--for", "3s")
    assert client.wait(60) == 0, client.log.read_text()
    assert f"+ {WEB4}" in [row["rule"] for row in guarded.rows("rule", "list")]
    assert lab.host.run("/usr/bin/python3", "-c", code).returncode == 0
    wait_for("its end", lambda: not guarded.rows("rule", "list"))
    lab.host.start("/usr/bin/python3", "-c", code)
    wait_for("the prompt", lambda: prompts(guarded))


def test_an_answer_that_no_rule_says_holds_while_portreeved_runs(lab, guard):
    """A name's absence is no entity of a rule: what has none is answered for as it was asked."""
    lab.start_web()
    guarded = guard(config=ASK)
    client = lab.host.start("curl", "-sS", "--max-time", "60", "-o", "/dev/null", f"http://{WEB4}/")
    prompt = wait_for("the prompt", lambda: prompts(guarded))[0]
    assert "until portreeve ends" in guarded.portreeve("answer", str(prompt["id"]), "permit").stdout
    assert client.wait(60) == 0
    assert guarded.rows("rule", "list") == []
