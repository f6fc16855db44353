#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""decision_flow_current.py PROGRAM DOCS: fails when docs/decision-flow.* are not drawn from the table of checks.

The drawing itself depends on graphviz' version, so the graph is compared, and the names of the rows and
what they ask are looked for in the svg.
"""
import html
import pathlib
import re
import subprocess
import sys


def stale(graph, dot, svg, pdf):
    """What is stale, a sentence each."""
    if graph != dot:
        yield "decision-flow.dot is not what the table of checks gives"
    drawn = html.unescape(svg).replace("\u00a0", " ")
    for name, question in re.findall(r"<b>(.*?)</b>.*?<br align=\"left\"/>(.*?)<br", graph):
        for text in (name, question):
            if html.unescape(text) not in drawn:
                yield f"decision-flow.svg lacks “{html.unescape(text)}”"
    if not pdf.startswith(b"%PDF-"):
        yield "decision-flow.pdf is no PDF"


def main(program, docs):
    graph = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    docs = pathlib.Path(docs)
    dot, svg = ((docs / f"decision-flow.{kind}").read_text() for kind in ("dot", "svg"))
    pdf = (docs / "decision-flow.pdf").read_bytes()
    found = list(stale(graph, dot, svg, pdf))
    for sentence in found:
        print(f"{sentence}: run docs/draw-decision-flow")
    # The check itself: a row that was renamed must be noticed, in both.
    if len(list(stale(graph.replace("explicit rules", "other rules"), dot, svg, pdf))) < 2:
        print("a renamed row went unnoticed")
        return 1
    return 1 if found else 0


sys.exit(main(*sys.argv[1:]))
