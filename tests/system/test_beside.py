# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside others: rules of ufw, firewalld, Docker, wg-quick; resolvers of the host's own. What worked before
the daemon started works after."""
import pytest

from portreeve_lab import DNS4, HOST4, WEB4, WEB6, wait_for

OTHERS = {
    "ufw-like": """table inet filter {
        chain input { type filter hook input priority 0; policy drop;
            ct state established,related accept
            iif lo accept
            icmp type echo-request accept
            icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
            tcp dport 7000 accept
        }
        chain forward { type filter hook forward priority 0; policy drop;
            ct state established,related accept
            iifname "ct0" accept
        }
        chain output { type filter hook output priority 0; policy accept; }
    }""",
    "firewalld-like": """table inet firewalld {
        chain mangle_PREROUTING { type filter hook prerouting priority -140; policy accept;
            icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
            meta nfproto ipv6 fib saddr . mark . iif oif missing drop
        }
        chain filter_INPUT { type filter hook input priority 10; policy accept;
            ct state { established, related } accept
            ct status dnat accept
            iifname "lo" accept
            ct state invalid drop
        }
        chain filter_OUTPUT { type filter hook output priority 10; policy accept;
            ct state { established, related } accept
            oifname "lo" accept
        }
    }""",
    "docker-like": """table ip docker {
        chain prerouting { type nat hook prerouting priority -100;
            fib daddr type local tcp dport 8088 dnat to 172.29.0.2:7000
        }
        chain output { type nat hook output priority -100;
            ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8088 dnat to 172.29.0.2:7000
        }
        chain postrouting { type nat hook postrouting priority 100;
            ip saddr 172.29.0.0/24 oifname != "ct0" masquerade
        }
    }""",
}


def everything_works(lab):
    for namespace in (lab.host, lab.container):
        for address in (WEB4, f"[{WEB6}]"):
            assert "It works" in namespace.run("curl", "-sS", "--max-time", "20", f"http://{address}/").stdout
    assert "It works" in lab.host.run("curl", "-sS", "--max-time", "20", "http://example.com/").stdout
    lab.host.run("ping", "-c1", "-W20", WEB4)
    lab.lan.run("ping", "-c1", "-W20", HOST4)


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("who", sorted(OTHERS))
def test_rules_of_others_in_force(lab, guard, who, order):
    lab.start_dns()
    lab.start_web()
    lab.start_echo(lab.container, 7000)
    lab.start_echo(lab.host, 7000)
    if order == "before":
        lab.host.nft(OTHERS[who])
    everything_works(lab)
    guarded = guard()
    if order == "after":
        lab.host.nft(OTHERS[who])
    everything_works(lab)
    port = "8088" if who == "docker-like" else "7000"
    echoed = lab.lan.run("sh", "-c", f"echo hello | nc -N -w20 {HOST4} {port}").stdout
    assert echoed == "hello\n"
    assert guarded.stop() == 0
    everything_works(lab)


def test_zone_transfer_and_update(lab, guard):
    """AXFR goes through unharmed by a profile with own_dns, and by an explicit rule without."""
    lab.start_dns()
    guarded = guard(config=f'outgoing = [ "+ {DNS4} TCP/53" ];\n')
    done = lab.host.run("dig", "+tcp", "+time=3", "+tries=1", f"@{DNS4}", "example.com", "AXFR", check=False)
    assert "Transfer failed" in done.stdout or "XFR size" in done.stdout, done.stdout
    rows = guarded.rows("links", "--ip", DNS4)
    assert any(row["verdict"] == "accept" and row["entity"]["proto"] == "tcp" for row in rows), rows


def test_a_download_that_was_there_first_lives_on(lab, guard):
    lab.start_web()
    download = lab.host.start("curl", "-sS", "-o", "/dev/null", "--limit-rate", "20M", f"http://{WEB4}/big")
    served = lab.host.start("nc", "-lk", "7000", ready=lab.host.listens(7000))
    visitor = lab.lan.start("sh", "-c", f"(sleep 6) | nc {HOST4} 7000")
    wait_for("both links", lambda: lab.host.run("ss", "-Htn", "state", "established").stdout.count("\n") >= 2)
    guarded = guard(config='default_action = "block";\ndefault_incoming = "block";\n')
    rows = wait_for("the adopted links", lambda: [r for r in guarded.rows("links") if r.get("older_than_daemon")])
    assert any(row.get("grace") for row in rows), rows
    assert download.wait(120) == 0, download.log.read_text()
    assert served.poll() is None and visitor.poll() is None
    assert lab.host.run("curl", "-sS", "--max-time", "3", f"http://{WEB4}/", check=False).returncode == 7
    assert lab.lan.run("nc", "-z", "-w2", HOST4, "7000", check=False).returncode != 0

