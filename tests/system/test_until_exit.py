# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that hold until a process ends: the application's, or the one that ran the command."""
import datetime
import os
import pathlib
import shutil
import signal
import time

from faults import connect_ms
from portreeve_lab import WEB4, wait_for

BLOCK = 'default_action = "block";'


def rules(guarded):
    return [row["rule"] for row in guarded.rows("rule", "list")]


def test_until_the_application_exits(lab, guard):
    lab.start_web()
    guarded = guard(config=BLOCK)
    program = lab.directory / "client"
    shutil.copy(pathlib.Path(shutil.which("nc")).resolve(), program)

    def connects():
        return lab.host.run(program, "-w", "20", "-z", WEB4, "80", check=False).returncode == 0
    refused = guarded.portreeve("rule", "add", "--until-exit", "--app", program, "+ *", check=False)
    assert refused.returncode == 1 and "no process" in refused.stdout
    oldest = lab.host.start(program, "-l", "-p", "9999")
    wait_for("it to run", lambda: pathlib.Path(f"/proc/{oldest.pid}/exe").resolve() == program)
    guarded.portreeve("rule", "add", "--until-exit", "--app", program, "+ *")
    assert connects() and rules(guarded) == ["+ *"]
    # It outlives portreeved, and its other rules.
    guarded.portreeve("rule", "add", "--app", program, "- 192.0.2.1")
    assert guarded.stop() == 0
    guarded.start()
    assert connects() and "+ *" in rules(guarded)
    lab.end(oldest)
    wait_for("its end", lambda: rules(guarded) == ["- 192.0.2.1"])
    assert not connects()


def test_one_that_ended_while_portreeved_did_not_run(lab, guard):
    # A program of our own: whoever else sleeps on this machine has nothing to do with it.
    app = lab.directory / "sleeper"
    shutil.copy(pathlib.Path(shutil.which("sleep")).resolve(), app)
    guarded = guard(config=BLOCK)
    sleeper = lab.host.start(str(app), "100")
    wait_for("it to run", lambda: os.readlink(f"/proc/{sleeper.pid}/exe") == str(app))
    guarded.portreeve("rule", "add", "--until-exit", "--app", str(app), "+ *")
    assert rules(guarded) == ["+ *"]
    assert guarded.stop() == 0
    os.kill(sleeper.pid, signal.SIGKILL)
    sleeper.wait()
    guarded.start()
    assert rules(guarded) == []


def test_until_the_caller_ends(lab, guard):
    lab.start_web()
    guarded = guard(config=BLOCK)
    command = f"{guarded.build}/portreeve --run {guarded.run_dir} rule add --until-exit '+ *'; read line"
    shell = lab.host.start("sh", "-c", command + "; true")
    wait_for("the rule or the shell's end", lambda: rules(guarded) or shell.poll() is not None)
    shell.wait(60)
    wait_for("its end", lambda: rules(guarded) == [])
    assert connect_ms(lab.host, WEB4, 80, 1) is None
    shell = lab.host.start("sh", "-c", command.replace("read line", "sleep 3"))
    wait_for("the rule", lambda: rules(guarded) == ["+ *"])
    assert connect_ms(lab.host, WEB4, 80, 2) is not None
    shell.wait(60)
    wait_for("its end", lambda: rules(guarded) == [])


def test_the_list_says_when_a_rule_ends(lab, guard):
    guarded = guard(config=BLOCK)
    app = lab.directory / "sleeper"
    shutil.copy(pathlib.Path(shutil.which("sleep")).resolve(), app)
    sleeper = lab.host.start(app, "100")
    wait_for("it to run", lambda: os.readlink(f"/proc/{sleeper.pid}/exe") == str(app))
    for words in (["--for", "1h", "+ a.example"], ["--until-reboot", "+ b.example"], ["+ d.example"],
                  ["--until-exit", "--app", app, "+ c.example"]):
        guarded.portreeve("rule", "add", *words)
    rows = {row["rule"][2]: row for row in guarded.rows("rule", "list")}
    left = datetime.datetime.fromisoformat(rows["a"]["expires"].replace("Z", "+00:00")).timestamp() - time.time()
    assert 3500 < left <= 3601
    assert rows["b"]["until"] == "reboot"
    assert rows["c"]["until"] == "exit" and rows["c"]["pid"] == sleeper.pid
    assert not {"expires", "until", "pid"} & set(rows["d"])
    shown = {line.split("+ ")[1][0]: line for line in guarded.portreeve("rule", "list").stdout.splitlines()}
    assert f"until {rows['a']['expires'][:19]}Z" in shown["a"]
    assert shown["b"].endswith("until reboot")
    assert shown["c"].endswith(f"until process {rows['c']['pid']} exits")
    assert "until" not in shown["d"]
