# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists when processes die, the disk is full, or a file is none: what was in force stays, and it goes on afterwards."""
import os
import signal
import subprocess
import sys

from portreeve_lab import WEB4, run, wait_for
from test_intel_lists import ADS, BAD_PORT, BAD_SERVER, config, names, resolves, rows, update, wait_state


def begin_update(guarded):
    """`intel update` that goes on beside the test."""
    words = guarded.namespace.command(guarded.build / "portreeve", "--run", guarded.run_dir, "intel", "update")
    return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def said(process):
    text, _ = process.communicate(timeout=300)
    return process.returncode, text


def kept(guarded, name):
    """What lies in the state directory of a list."""
    return sorted(one.name for one in (guarded.state / "lists").glob(f"{name}*"))


def test_the_compiler_dies(lab, guard):
    lab.start_dns()
    path = lab.directory / "own.txt"
    path.write_text(ADS)
    guarded = guard(config=config(f'id = "own"; file = "{path}";', more='lists = [ "own" ];'))
    assert not resolves(lab, "ads.example")
    path.write_text(names(1000000))
    updating = begin_update(guarded)
    compiler = wait_for("the compiler", lambda: guarded.children().get("compiler"), every=0.005)
    os.kill(compiler, signal.SIGKILL)
    status, text = said(updating)
    assert status == 1 and "the compiler ended without an answer" in text, text
    assert not resolves(lab, "ads.example") and rows(guarded)["own"]["entries"] == 1
    assert "the compiler ended" in guarded.status()["lists"]["error"]
    assert kept(guarded, "own") == ["own", "own~refused"] and not (guarded.state / "intel.set~new").exists()
    # The next one lives.
    assert update(guarded)["own"]["outcome"] == "updated"
    assert resolves(lab, "ads.example") and "error" not in guarded.status()["lists"]


def test_the_supervisor_dies_while_a_set_is_made(lab, guard):
    lab.start_dns()
    path = lab.directory / "own.txt"
    path.write_text(ADS)
    guarded = guard(config=config(f'id = "own"; file = "{path}";', more='lists = [ "own" ];'))
    path.write_text(names(1000000) + ADS)
    updating = begin_update(guarded)
    wait_for("the compiler", lambda: guarded.children().get("compiler"), every=0.005)
    guarded.process.kill()
    guarded.process.wait()
    assert said(updating)[0] == 3
    guarded.start()
    assert not resolves(lab, "ads.example") and rows(guarded)["own"]["entries"] == 1000001
    assert kept(guarded, "own") == ["own", "own~refused"]


def test_front_dies_while_it_fetches(lab, guard):
    lab.start_dns([f"lists.example. 60 IN A {WEB4}"])
    lab.internet.start(sys.executable, BAD_SERVER, WEB4, BAD_PORT, ready=lab.internet.listens(BAD_PORT))
    good = config(f'id = "ads"; url = "http://lists.example:{BAD_PORT}/good";', more='lists = [ "ads" ];')
    guarded = guard(config=good)
    wait_state(guarded, "ads")
    guarded.configure(good.replace("/good", "/silent"))
    guarded.portreeve("reload")
    wait_state(guarded, "ads", "fetching")
    os.kill(guarded.children()["front"], signal.SIGKILL)
    row = wait_state(guarded, "ads", "failing")
    assert "process that fetches it ended" in row["error"] and not resolves(lab, "ads.example")
    guarded.configure(good)
    guarded.portreeve("reload")
    wait_state(guarded, "ads")


def test_a_full_disk(lab, guard):
    lab.start_dns([f"lists.example. 60 IN A {WEB4}"])
    lab.start_web(names=("lists.example",))
    www, path = lab.directory / "www", lab.directory / "own.txt"
    (www / "ads.txt").write_text(ADS + names(100))
    path.write_text("own.example\n")
    guarded = guard(config=config('id = "ads"; url = "http://lists.example/ads.txt";', f'id = "own"; file = "{path}";',
                                  more='lists = [ "ads", "own" ];'), start=False)
    guarded.state.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=512k", "prlists", guarded.state)
    try:
        guarded.start()
        wait_state(guarded, "ads")
        # One that does not fit as it is fetched, and one that does not fit as a set.
        (www / "ads.txt").write_text(names(40000))
        done = update(guarded, "ads", status=1)
        assert "No space left" in done["ads"]["error"], done
        path.write_text(names(20000))
        done = update(guarded, "own", status=1)
        assert "cannot be stored" in done["own"]["error"] or "No space left" in done["own"]["error"], done
        assert not resolves(lab, "ads.example") and not resolves(lab, "own.example")
        run("mount", "-o", "remount,size=16m", guarded.state)
        assert update(guarded, "ads")["ads"]["outcome"] == "updated"
        path.write_text(names(20000) + "more.example\n")
        assert update(guarded, "own")["own"]["outcome"] == "updated"
        assert resolves(lab, "ads.example") and not resolves(lab, "more.example")
        assert guarded.stop() == 0
    finally:
        lab.end(guarded.process)
        run("umount", guarded.state)


def test_files_that_are_none(lab, guard):
    lab.start_dns()
    directory, fifo, gone = lab.directory / "dir", lab.directory / "fifo", lab.directory / "gone"
    directory.mkdir()
    os.mkfifo(fifo)
    link = lab.directory / "link"
    (lab.directory / "real.txt").write_text(ADS)
    link.symlink_to(lab.directory / "real.txt")
    places = {"dir": directory, "fifo": fifo, "gone": gone, "zero": "/dev/zero", "link": link}
    guarded = guard(config=config(*[f'id = "{name}"; file = "{place}";' for name, place in places.items()],
                                  more='lists = [ "link" ];'))
    found = rows(guarded)
    for name in ("dir", "fifo", "zero"):
        assert found[name]["state"] == "missing" and "not a regular file" in found[name]["error"], found[name]
    assert "No such file" in found["gone"]["error"]
    # What a link leads to counts; and what was there before a link was turned stays when it leads to nothing.
    assert found["link"]["state"] == "fine" and not resolves(lab, "ads.example")
    link.unlink()
    link.symlink_to(gone)
    wait_state(guarded, "link", "failing")
    assert not resolves(lab, "ads.example")
    gone.write_text("other.example\n")
    wait_for("what the link leads to now", lambda: resolves(lab, "ads.example"))
