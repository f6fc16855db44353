# SPDX-License-Identifier: GPL-3.0-or-later
"""What every system test uses: the lab, the built programs, and a clean-up that always runs."""
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))
sys.path.insert(0, str(ROOT / "tests" / "system"))

import guard as portreeve_guard  # noqa: E402  (the path is set just above)
import portreeve_lab  # noqa: E402
import portreeve_tor  # noqa: E402

BUILD = pathlib.Path(os.environ.get("PORTREEVE_BUILD", ROOT / "build"))


@pytest.fixture
def lab():
    """A lab of the test's own, with all four namespaces."""
    with portreeve_lab.Lab() as made:
        yield made


@pytest.fixture(scope="session")
def build():
    return BUILD


@pytest.fixture
def guard(lab, build):
    """Starts portreeved on the lab's host: guard(config="…", profiles={…}) → Guard."""
    def start(*arguments, **options):
        return portreeve_guard.Guard(lab, build, *arguments, **options)
    return start


@pytest.fixture(scope="session")
def tor_network():
    """A Tor network for all tests that want one: it takes its time to come up."""
    with portreeve_tor.TorNetwork() as made:
        yield made


def pytest_configure(config):
    config.addinivalue_line("markers", "long: a further case of what another shows, for PORTREEVE_LONG=1")


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if item.get_closest_marker("long") and not os.environ.get("PORTREEVE_LONG")]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root: it makes network namespaces"))
