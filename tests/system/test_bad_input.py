# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: clear errors that say where, and nothing lost."""
import pytest

from portreeve_lab import ADS4, WEB4, wait_for

BAD = {
    "a rule's column": ('outgoing = [ "+ example.com",\n "- exa mple.com TCP" ];\n', "portreeve.conf:2", "column"),
    "an unknown setting": ('default_acton = "permit";\n', "portreeve.conf:1", "default_action"),
    "a wrong value": ('\n\ndefault_action = "maybe";\n', "portreeve.conf:3", "permit"),
    "broken syntax": ('outgoing = [ "+ *"\n', "portreeve.conf:", "syntax"),
}


def test_a_misspelt_directory_is_no_empty_configuration(lab, build, tmp_path):
    for mode in (["--check"], []):
        done = lab.host.run(build / "portreeved", "--config", tmp_path / "mispselt", "--state", tmp_path / "state",
                            "--run", tmp_path / "run", *mode, check=False, timeout=180)
        assert done.returncode == 2 and "mispselt: there is no such directory" in done.stdout, done.stdout


def test_a_word_that_names_nothing_is_refused(lab, guard):
    guarded = guard()
    for words, said in ((["explain", "--app", "nobody", WEB4], "no such profile"),
                        (["explain", "https://example.com/"], "write the name in it alone"),
                        (["explain", "192.0.2.0/24"], "write one of its addresses"),
                        (["links", "--verdict", "deny"], "--verdict is one of accept"),
                        (["cut", "x"], "wants numbers")):
        done = guarded.portreeve(*words, check=False)
        assert done.returncode and said in done.stdout, done.stdout


@pytest.mark.parametrize("case", sorted(BAD))
def test_check_says_where(lab, build, tmp_path, case):
    text, place, hint = BAD[case]
    (tmp_path / "portreeve.conf").write_text(text)
    done = lab.host.run(build / "portreeved", "--config", tmp_path, "--state", tmp_path / "state", "--check",
                        check=False)
    assert done.returncode == 2, done.stdout
    assert place in done.stdout and hint in done.stdout, done.stdout


def test_a_bad_reload_leaves_the_old_policy_in_force(lab, guard):
    lab.start_web()
    guarded = guard(config=f'outgoing = [ "- {ADS4}" ];\n')
    guarded.configure('outgoing = [ "+ *", "nonsense" ];\n')
    refused = guarded.portreeve("reload", check=False)
    assert refused.returncode == 1 and "portreeve.conf:1" in refused.stdout, refused.stdout
    guarded.reload()
    wait_for("the refusal in the log", lambda: "portreeve.conf:1" in guarded.log())
    assert lab.host.run("curl", "-sS", "--max-time", "20", f"http://{ADS4}/", check=False).returncode == 7
    lab.host.run("curl", "-sS", "--max-time", "20", f"http://{WEB4}/")


def test_a_change_tells_what_is_doubtful_about_itself(lab, guard):
    guarded = guard(config='lists = [ "elsewhere" ];\n')
    assert 'no list has the id or category "elsewhere"' in guarded.portreeve("status").stdout
    said = guarded.portreeve("rule", "add", "- L:nowhere").stdout
    assert 'portreeve: warning: run-time: no list has the id or category "nowhere"' in said, said
    assert "elsewhere" not in said, said
    assert guarded.portreeve("rule", "add", "- example.com").stdout == "in force\n"
    reloaded = guarded.portreeve("reload").stdout.splitlines()
    assert len([line for line in reloaded if line.startswith("portreeve: warning: ")]) == 2, reloaded


def test_a_second_daemon_is_refused(lab, guard, build):
    guarded = guard()
    second = lab.host.run(build / "portreeved", "--config", guarded.config, "--state", lab.directory / "s2",
                          "--run", lab.directory / "r2", check=False, timeout=180)
    assert second.returncode == 1 and "guards this network namespace" in second.stdout, second.stdout
    lab.start_web()
    lab.host.run("curl", "-sS", "--max-time", "20", f"http://{WEB4}/")
    assert guarded.process.poll() is None


def test_two_daemons_in_two_namespaces_do_not_disturb_each_other(lab, guard, build):
    import guard as module
    lab.start_web()
    first = guard(config=f'outgoing = [ "- {ADS4}" ];\n')
    second = module.Guard(lab, build, namespace=lab.lan, name="second", config=f'outgoing = [ "- {WEB4}" ];\n')
    for namespace, open_, closed in ((lab.host, WEB4, ADS4), (lab.lan, ADS4, WEB4)):
        namespace.run("curl", "-sS", "--max-time", "20", f"http://{open_}/")
        assert namespace.run("curl", "-sS", "--max-time", "20", f"http://{closed}/", check=False).returncode == 7
    assert second.stop() == 0
    lab.host.run("curl", "-sS", "--max-time", "20", f"http://{WEB4}/")
    assert first.rows("links", "--app", "/usr/bin/curl")


def test_a_missing_capability_is_one_sentence(lab, build):
    done = lab.host.run("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", build / "portreeved",
                        "--run", lab.directory / "run", "--state", lab.directory / "state", "--config",
                        lab.directory, check=False, timeout=180)
    assert done.returncode == 1 and "CAP_NET_ADMIN" in done.stdout, done.stdout


def test_bad_usage(lab, build):
    for words in (["portreeved", "--nope"], ["portreeve", "nope"], ["portreeve", "rule", "add"],
                  ["portreeve", "explain"]):
        assert lab.host.run(build / words[0], *words[1:], check=False).returncode == 2, words
    done = lab.host.run(build / "portreeve", "--run", lab.directory / "nowhere", "status", check=False)
    assert done.returncode == 3 and "running" in done.stdout


def test_malformed_questions_are_counted_and_the_next_is_answered(lab, guard):
    lab.start_dns()
    guarded = guard()
    lab.host.python("import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                    "for junk in (b'', b'x', b'\\xff'*12, b'\\0'*12, b'\\0\\1\\1\\0\\0\\1'+b'\\0'*6+b'\\xc0\\x0c'):\n"
                    "  s.sendto(junk, ('%s',53))" % "45.90.28.53")
    assert WEB4 in lab.host.run("dig", "+short", "example.com").stdout
    wait_for("the counter", lambda: guarded.counter("questions_malformed") >= 1)
