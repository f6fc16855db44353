# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel by its settings: when its process runs, what the kernel knows of its pool meanwhile, who learns of accounts,
what is refused."""
import pathlib
import re
import subprocess
import textwrap

import pytest

import portreeve_lab
from portreeve_lab import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]

TOR = 'tunnel_upstream = ( { name = "tor"; url = "socks5://127.0.0.1:9050"; user = "anna"; password = "geheim-7q"; } );\n'
SETTINGS = TOR + 'tunnel = "tor";\n'


def routes(namespace):
    return namespace.run("ip", "route", "show", "table", "all", "type", "local").stdout


def reload(guarded):
    guarded.portreeve("reload")


def test_its_process_runs_where_the_policy_has_upstreams(lab, guard):
    guarded = guard("")
    assert "tunnel" not in guarded.children()
    assert "198.18.0.0/15" not in routes(lab.host)
    assert "tunnel" not in guarded.status()
    guarded.configure(SETTINGS)
    reload(guarded)
    assert "198.18.0.0/15" in routes(lab.host)
    first = guarded.children()["tunnel"]
    wait_for("the tunnel", lambda: guarded.status()["tunnel"]["state"] == "runs")
    assert guarded.status()["tunnel"]["upstreams"] == 1
    row, = guarded.rows("tunnels")
    assert (row["upstream"], row["kind"]) == ("tor", "socks5") and row["state"] in ("unknown", "down")
    assert "tor" in guarded.portreeve("tunnels").stdout
    assert "1 upstreams, 0 up" in guarded.portreeve("status").stdout
    # another upstream, the same process
    guarded.configure(SETTINGS.replace("9050", "9150"))
    reload(guarded)
    assert guarded.children()["tunnel"] == first
    guarded.configure("")
    reload(guarded)
    wait_for("its end", lambda: "tunnel" not in guarded.children())
    wait_for("its routes' end", lambda: "198.18.0.0/15" not in routes(lab.host))
    assert "tunnel" not in guarded.status()
    assert guarded.rows("tunnels") == []
    assert "no tunnel_upstream" in guarded.portreeve("tunnels").stdout
    assert guarded.stop() == 0


def test_it_is_there_from_the_start_and_leaves_no_trace(lab, guard):
    before = routes(lab.host)
    guarded = guard(SETTINGS)
    assert "tunnel" in guarded.children()
    assert "198.18.0.0/15" in routes(lab.host)
    assert guarded.stop() == 0
    assert routes(lab.host) == before


def memory_of(pid):
    """What is readable and writable of a process, as bytes."""
    found = b""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            low, high = (int(part, 16) for part in span.split("-"))
            if high - low > 256 << 20:
                continue
            try:
                memory.seek(low)
                found += memory.read(high - low)
            except OSError:
                continue
    return found


def test_front_and_engine_never_learn_of_accounts(lab, guard):
    guarded = guard(SETTINGS)
    wait_for("the tunnel", lambda: guarded.status()["tunnel"]["state"] == "runs")
    children = guarded.children()
    needle = b"geheim" + b"-7q"
    assert needle in memory_of(guarded.process.pid)  # the look itself finds what is there
    for role in ("engine", "front", "resolver"):
        assert needle not in memory_of(children[role]), role
    assert guarded.stop() == 0


@pytest.mark.parametrize("how", ["KILL", "STOP"])
def test_a_tunnel_that_dies_or_hangs_comes_back_and_it_is_told(lab, guard, how):
    guarded = guard(SETTINGS)
    wait_for("the tunnel", lambda: guarded.status()["tunnel"]["state"] == "runs")
    first = guarded.children()["tunnel"]
    portreeve_lab.run("kill", f"-{how}", first)
    wait_for("another", lambda: guarded.children().get("tunnel", first) != first)
    wait_for("it to run", lambda: guarded.status()["tunnel"]["state"] == "runs")
    assert guarded.status()["tunnel"]["deaths"] == 1
    assert guarded.status()["tunnel"]["hung"] == (how == "STOP")
    assert guarded.rows("tunnels")[0]["upstream"] == "tor"
    assert "tunnel" in guarded.portreeve("status").stdout
    assert guarded.stop() == 0


def test_what_is_wrong_is_refused_with_its_place(lab, guard, build):
    guarded = guard(SETTINGS)
    guarded.configure(TOR + 'outgoing = [\n"+ *",\n">tro .onion" ];')
    asked = guarded.portreeve("reload", check=False)
    assert asked.returncode == 1
    assert "portreeve.conf:4: the rule \">tro .onion\" names \"tro\"" in asked.stdout
    assert "there are: tor" in asked.stdout
    checked = lab.host.run(build / "portreeved", "--check", "--config", guarded.config, check=False)
    assert checked.returncode == 2 and "portreeve.conf:4:" in checked.stdout
    guarded.configure(SETTINGS)
    # at run time
    assert "in force" in guarded.portreeve("rule", "add", ">tor .onion").stdout
    assert "in force" in guarded.portreeve("rule", "add", "> .example").stdout
    asked = guarded.portreeve("rule", "add", ">tro .onion", check=False)
    assert asked.returncode == 1 and "there are: tor" in asked.stdout
    # what it names goes: it is told, and starts all the same
    guarded.configure("")
    asked = guarded.portreeve("reload")
    assert "names a tunnel_upstream that is gone, \"tor\"" in asked.stdout
    assert guarded.stop() == 0
    guarded.start()
    assert "tor" in guarded.status()["policy"]["warnings"]
    assert guarded.stop() == 0


def test_a_pool_that_is_in_use_is_told(lab, guard):
    guarded = guard(SETTINGS)
    assert guarded.status()["tunnel"]["pool_problem"] == ""
    address = lab.host.run("ip", "-4", "-o", "address", "show", "scope", "global").stdout.split()[3].split("/")[0]
    guarded.configure(SETTINGS + f'tunnel_pool = [ "{address}/24" ];')
    reload(guarded)
    assert "route of this machine lies in it" in guarded.status()["tunnel"]["pool_problem"]
    assert "route of this machine lies in it" in guarded.portreeve("status").stdout
    assert guarded.stop() == 0


def test_the_page_s_examples_are_configurations(build, tmp_path):
    """docs/tunnel.md: the indented parts that are one, in the order in which they stand."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", (ROOT / "docs" / "tunnel.md").read_text(), re.M)
    texts = [textwrap.dedent(block) for block in blocks]
    # what a command prints, and commands (test_tunnel_health.py)
    texts = [text for text in texts if text.split()[0] not in ("through", "portreeve")]
    assert [block.split()[0] for block in texts] == ["tunnel_upstream", "tunnel", "name"], texts
    rules, browser = texts[1].split("\n\n")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "portreeve.conf").write_text(texts[0] + rules)
    (tmp_path / "profiles" / "browser.conf").write_text(browser)
    (tmp_path / "profiles" / "tor.conf").write_text(texts[2])
    checked = subprocess.run([build / "portreeved", "--check", "--config", tmp_path, "--share", ROOT / "data"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert checked.returncode == 0 and "is denied" not in checked.stdout, checked.stdout
