# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of packages that aren't installed for the tests' sake, because they would take another's place on the machine: they
are fetched and unpacked, once a build directory."""
import os
import pathlib
import shutil
import subprocess
import tempfile


def unpacked(build, name):
    """Where the package's files lie; None where it can't be fetched."""
    directory = pathlib.Path(build) / "packages" / name
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as place:
            package = fetched(name, pathlib.Path(place))
            if not package:
                return None
            tree = pathlib.Path(place) / "tree"
            subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
            tree.rename(directory)
    return directory


def fetched(name, place):
    # Old lists of packages name versions that are no longer there: fetched anew when the first try fails.
    for words in (["download", name], ["update"], ["download", name]):
        if shutil.which("apt-get"):
            subprocess.run(["apt-get", "-qq", *words], cwd=place, check=False, capture_output=True, timeout=300)
        package = next(place.glob("*.deb"), None)
        if package:
            return package
    return None


def find_in_path(build, command, package):
    """From now on the command is found in PATH, if it can be had at all."""
    if shutil.which(command):
        return
    root = unpacked(build, package)
    if root:
        os.environ["PATH"] += "".join(f":{root}/{place}" for place in ("usr/sbin", "usr/bin"))
