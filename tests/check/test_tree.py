# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the tree to the rules of rules.py, and each rule to an example that must fail."""
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rules  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
EXAMPLES = {
    "layers": ("src/base/upward.c", SPDX + '#include "firewall/decide.h"\n', "base may not include"),
    "banned_calls": ("src/packet/late.c", SPDX + "long late(void)\n{\n\treturn time(0);\n}\n", "time is an argument"),
    "licences": ("src/base/bare.c", "int bare;\n", "no SPDX"),
    "stand_alone_headers": ("src/base/leaning.h", SPDX + "#pragma once\nuint8_t leaning(void);\n", "by itself"),
    "documents": ("docs/lost.md", "[there](nowhere.md)\n", "is not there"),
    "formatted": ("src/base/askew.c", SPDX + "int  askew( void ){return 0;}\n", "not formatted"),
}


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_the_tree_keeps(rule):
    assert list(getattr(rules, rule)(ROOT)) == []


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_an_example_breaks(rule, tmp_path):
    name, text, complaint = EXAMPLES[rule]
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    shutil.copy(ROOT / ".clang-format", tmp_path)
    assert any(complaint in said for said in getattr(rules, rule)(tmp_path))


def test_nothing_large_is_in_the_repository(tmp_path):
    assert list(rules.small_files(ROOT)) == []
    (tmp_path / "large.bin").write_bytes(bytes((1 << 20) + 1))
    assert len(list(rules.small_files(tmp_path))) == 1


def test_the_api_is_described_as_it_is_served(tmp_path):
    assert list(rules.described_routes(ROOT)) == []
    (tmp_path / "src/api").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "src/api/routes.c").write_text('\t{ EVHTTP_REQ_GET, "/v1/secret", READ_BY_ALL, 0, f },\n')
    (tmp_path / "docs/api.yaml").write_text("paths:\n  /v1/gone:\n    get:\n")
    assert len(list(rules.described_routes(tmp_path))) == 2


def test_the_manual_has_every_option_of_the_daemon():
    options = re.findall(r'\{ "([a-z-]+)", (?:required|no)_argument', (ROOT / "src/daemon/options.c").read_text())
    page = (ROOT / "packaging/portreeved.8").read_text().replace("\\-", "-")
    assert "config" in options
    assert [option for option in options if option != "role" and f"--{option}" not in page] == []
