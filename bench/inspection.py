# SPDX-License-Identifier: GPL-3.0-or-later
"""What inspection costs: bench/inspect.c with the first packets of a browser."""
import json
import pathlib
import subprocess
import tempfile

import hellos


def run(build):
    with tempfile.TemporaryDirectory() as directory:
        for way, pieces in hellos.made().items():
            for number, piece in enumerate(pieces):
                (pathlib.Path(directory) / f"{way}{number}").write_bytes(piece)
        done = subprocess.run([build / "bench" / "bench-inspect", directory], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=300)
    return [{"against": "", **json.loads(line)} for line in done.stdout.splitlines()]
