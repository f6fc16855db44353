# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process can't make itself: another one's identity."""
import json
import shutil
import subprocess

import pytest

import portreeve_lab
from who_lab import PYTHON, Place, is_client, python_path

SEND = """
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))
    s.sendto(b"x", ("127.0.0.1", 5555)); say(port=s.getsockname()[1]); wait()"""


@pytest.fixture
def place(build):
    with Place(build) as made:
        yield made


def sent(tool, client):
    return tool.out("udp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 5555)


# Without BPF a process that has gone has no identity at all.
@pytest.mark.parametrize("options, gone", [([], False), ([], True), (["--no-bpf"], False)])
def test_a_mount_namespace_of_its_own(place, options, gone):
    """An unprivileged program that binds itself over /usr/bin/curl shows itself as that."""
    tool = place.who(*options)
    if gone and not tool.opened["bpf"]:
        pytest.skip("no BPF here: " + tool.opened["why"])
    forger = place.directory / "forge.sh"
    # As nobody: a user and a mount namespace, our interpreter over another program's name.
    forger.write_text('mount --bind "$1" "$2" && shift 2 && exec "$@"\n')
    place.directory.chmod(0o755)
    client = place.client(SEND if not gone else SEND.replace("wait()", ""), prefix=[
        "setpriv", "--reuid=65534", "--clear-groups", "unshare", "-Urm", "sh", forger, python_path(), "/usr/bin/env"],
        python="/usr/bin/env")
    port = client.hear()["port"]
    if gone:
        client.end()
    answer = tool.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    process = answer["process"]
    assert process["path"] == "/usr/bin/env", answer
    assert process["proven"] is False
    assert process["uid"] == 65534 and process["package"] is None and process["script"] is None


@pytest.mark.parametrize("options", [[], ["--no-bpf"]])
def test_a_reused_pid(place, options):
    """In a PID namespace of the test's own, so that the number can be chosen; the tool is in it as well."""
    inner = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    first = place.directory / "first"
    second = place.directory / "second"
    for program in (first, second):
        shutil.copy(python_path(), program)
    code = """
import os, subprocess, sys, json
who, cgroup, first, second, options = sys.argv[1:6]
send = 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", int(__import__("sys").argv[1]))); s.sendto(b"x", ("127.0.0.1", 5555)); print("sent", flush=True); input()'
tool = subprocess.Popen([who, "--cgroup=" + cgroup, *options.split()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
opened = json.loads(tool.stdout.readline())
def ask(line):
    tool.stdin.write(line + "\\n"); tool.stdin.flush(); return json.loads(tool.stdout.readline())
def start(program, port):
    while True:
        with open("/proc/sys/kernel/ns_last_pid", "w") as file: file.write("499")
        p = subprocess.Popen([program, "-c", send, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if p.pid == 500: break
        p.kill(); p.wait()
    assert p.stdout.readline() == b"sent\\n"
    return p
open(cgroup + "/cgroup.procs", "w").write("0")
one = start(first, 7001)
before = ask("find out udp 127.0.0.1 7001 127.0.0.1 5555")
one.communicate(b"\\n")
two = start(second, 7002)
late = ask("find out udp 127.0.0.1 7001 127.0.0.1 5555")
after = ask("find out udp 127.0.0.1 7002 127.0.0.1 5555")
print(json.dumps([opened, before, late, after]))
two.communicate(b"\\n")
"""
    done = subprocess.run([*place.enter(), *inner, PYTHON, "-c", code, str(place.build / "tests/tools/who"),
                           str(place.cgroup), str(first), str(second), " ".join(options)],
                          stdout=subprocess.PIPE, text=True, timeout=180, check=True)
    opened, before, late, after = json.loads(done.stdout)
    assert before["process"]["path"] == str(first) and before["process"]["pid"] == 500
    assert after["process"]["path"] == str(second) and after["process"]["pid"] == 500
    if opened["bpf"]:
        # The first one's packet, looked at when the second already has its number.
        assert late["process"]["path"] == str(first) and late["process"]["pid"] == 500
        assert late["start"] < after["start"]
    else:
        assert late["owner"] == "nobody"


def test_an_executable_that_was_replaced(place):
    """An upgrade under a running program leaves it its identity, if it was seen before; otherwise not."""
    program = place.directory / "server"
    shutil.copy(python_path(), program)
    tool = place.who()
    client = place.client(SEND, python=program)
    port = client.hear()["port"]
    tool.ask("adopt")
    late = place.who("--no-bpf")
    program.unlink()
    shutil.copy("/bin/sleep", program)
    answer = tool.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert answer["process"]["pid"] == client.pid
    assert answer["process"]["path"] == str(program) and answer["process"]["proven"]
    answer = late.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert answer["process"]["path"] == str(program) and not answer["process"]["proven"]


def test_an_exec_that_was_reported_proves_it_too(place):
    program = place.directory / "server"
    shutil.copy(python_path(), program)
    tool = place.who()
    if not tool.opened["bpf"]:
        pytest.skip("no BPF here: " + tool.opened["why"])
    client = place.client(SEND, python=program)
    port = client.hear()["port"]
    tool.ask("look")
    program.unlink()
    answer = tool.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert answer["process"]["path"] == str(program) and answer["process"]["proven"]


@pytest.mark.parametrize("gone", [False, True])
def test_a_script_is_known_by_its_name(place, gone):
    tool = place.who()
    script = place.directory / "app.py"
    client = place.client(SEND if not gone else SEND.replace("wait()", ""), script=script)
    port = client.hear()["port"]
    if gone:
        client.end()
    answer = tool.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    if gone and not tool.opened["bpf"]:
        pytest.skip("no BPF here: " + tool.opened["why"])
    assert is_client(answer, client)
    assert answer["process"]["script"] == str(script)


def test_user_package_and_control_group(place):
    tool = place.who()
    client = place.client(SEND, prefix=["setpriv", "--reuid=65534", "--clear-groups"])
    answer = sent(tool, client)
    assert is_client(answer, client)
    process = answer["process"]
    assert (process["uid"], process["user"]) == (65534, "nobody")
    if shutil.which("dpkg"):
        owner = subprocess.run(["dpkg", "-S", python_path()], stdout=subprocess.PIPE, text=True).stdout.split(":")[0]
        assert process["package"] == owner
    assert process["cgroup"].endswith(place.name)


def test_a_container_is_known_by_its_control_group(place):
    tool = place.who()
    identifier = "5a" * 32
    inner = place.cgroup / f"docker-{identifier}.scope"
    inner.mkdir()
    try:
        client = place.client(SEND, prefix=["sh", "-c", f'echo $$ > {inner}/cgroup.procs; exec "$@"', "sh"])
        answer = sent(tool, client)
        assert answer["process"]["container"] == identifier
        client.end()
    finally:
        portreeve_lab.wait_for("the group to be empty", lambda: not (inner / "cgroup.procs").read_text())
        inner.rmdir()
