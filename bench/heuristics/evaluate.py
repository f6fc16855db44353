# SPDX-License-Identifier: GPL-3.0-or-later
"""What the heuristics find, and what they flag wrongly. Everything goes through the C code (replay.c), whose answers
are only counted here."""
import collections
import itertools
import json
import random
import subprocess

import families
import real_names
import software

DOMAINS = 500	# of a family
ORDERS = 3	# in which real software asks
RANDOM_BITS = 1 # from here on letters look random (heuristics_generated.c)
GENERATED, TUNNEL = 1, 2


def _replay(build, text, *options):
    done = subprocess.run([build / "bench" / "heuristics-replay", *options], input=text, stdout=subprocess.PIPE, text=True,
                          check=True)
    return done.stdout.split()


def replay(build, questions):
    """`questions`: (seconds, application, type, rcode, bytes, name), in order; the suspicions of each."""
    return [int(word) for word in _replay(build, "".join(
        f"{s * 1e6:.0f} {app} {kind} {rcode} {size} {name}\n" for s, app, kind, rcode, size, name in questions))]


def look_random(build, domains):
    """The share of domains whose first label looks random by itself."""
    scores = _replay(build, "\n".join(domain.split(".")[0] for domain in domains), "--letters")
    return sum(float(score) > RANDOM_BITS for score in scores) / len(scores)


def family(build, generator, every_s=1.0):
    """One application asks for a family's domains, one after the other; one in fifty exists. (Share that looks random
    by itself; share of all questions, from the first on, that is suspected when asked; number of the first.)"""
    draw, domains = random.Random(generator.__name__), list(dict.fromkeys(generator(DOMAINS)))
    said = replay(build, [(i * every_s, 1, 1, 0 if draw.random() < 0.02 else 3, 120, name)
                          for i, name in enumerate(domains)])
    hits = [i for i, suspicions in enumerate(said, 1) if suspicions & GENERATED]
    return look_random(build, domains), len(hits) / len(said), hits[0] if hits else None


HARDER = {"slowly": "Ramnit, a question in ten minutes", "in_a_browser": "Ramnit, every other name a browser's own",
          "half_exists": "Ramnit, every second domain exists"}


def harder(build):
    """The share of Ramnit's domains that is suspected where it is harder to see."""
    domains, draw = list(families.ramnit(DOMAINS)), random.Random(1)
    pages = (q for q in software.browser(draw, real_names.evaluation_sites()[:400], []) if q.type == software.A)
    mixed = [(i / 2, 1, 1, rcode, 120, name) for i, (rcode, name) in enumerate(itertools.chain.from_iterable(
        ((3, bad), (3 if page.missing else 0, page.name)) for bad, page in zip(domains, pages)))]
    said = replay(build, mixed)
    half = replay(build, [(i, 1, 1, 3 * (i % 2), 120, name) for i, name in enumerate(domains)])
    return {"slowly": family(build, families.ramnit, 600)[1],
            "in_a_browser": sum(s & GENERATED for s in said[::2]) / len(said[::2]),
            "half_exists": sum(s & GENERATED for s in half) / len(half)}


def real_software(build, order):
    """(Pairs of an application and a registrable domain; those that were suspected, by what and of whom.)"""
    sites, third_parties = real_names.evaluation_sites(), real_names.evaluation_third_parties()
    pairs, wrong = set(), collections.defaultdict(set)
    for number, (name, asked) in enumerate(software.applications(sites, third_parties, order), 1):
        asked = sorted(asked, key=lambda question: question.s)
        said = replay(build, [(q.s, number, q.type, 3 if q.missing else 0, q.bytes, q.name) for q in asked])
        for question, suspicions in zip(asked, said):
            pair = name, real_names.registrable(question.name) or question.name
            pairs.add(pair)
            if suspicions:
                wrong[pair].add(suspicions)
    return pairs, wrong


HARD_SOFTWARE = {"blocked_upstream": "browsers whose nameserver says of every third party that it does not exist",
                 "one_for_all": "one application, all third parties in a row, one in ten is gone"}


def _flagged_pairs(build, questions):
    said = replay(build, questions)
    pairs = {(app, real_names.registrable(name)) for _, app, _, _, _, name in questions}
    return len({(q[1], real_names.registrable(q[5])) for q, suspicions in zip(questions, said) if suspicions}), len(pairs)


def hard_software(build):
    """(Suspected pairs, pairs) where it is hardest to be right: every third party counts like any other, though most
    are seldom met, and every fifth has a name of random letters."""
    sites, third_parties = real_names.evaluation_sites(), real_names.evaluation_third_parties()
    draw, blocked = random.Random(2), []
    sites, third_parties = draw.sample(sites, len(sites)), draw.sample(third_parties, len(third_parties))
    for app in range(20):
        questions = software.browser(draw, sites[app * 100:(app + 1) * 100], third_parties[app * 700:(app + 1) * 700])
        ads = set(third_parties[app * 700:(app + 1) * 700])
        blocked += [(q.s, app, q.type, 3 if q.missing or q.name in ads else 0, 120, q.name) for q in questions]
    row = [(i / 10, 1, 1, 3 if draw.random() < 0.1 else 0, 120, name) for i, name in enumerate(third_parties)]
    return {"blocked_upstream": _flagged_pairs(build, sorted(blocked)), "one_for_all": _flagged_pairs(build, row)}


def tunnel(build, lines):
    """At which question a recorded run (relay.py's lines) is suspected; None where it never is."""
    asked = sorted((int(us) / 1e6, kind, rcode, size, name) for us, kind, rcode, size, name in map(str.split, lines))
    said = replay(build, [(s, 1, kind, rcode, size, name) for s, kind, rcode, size, name in asked])
    return next((i for i, suspicions in enumerate(said, 1) if suspicions & TUNNEL), None)


def speed(build):
    """The questions of browsers, over and over: most are known by then."""
    sites, third_parties = real_names.evaluation_sites()[:1000], real_names.evaluation_third_parties()[:8000]
    text = ""
    for number, (name, asked) in enumerate(software.applications(sites, third_parties, 0), 1):
        if name.startswith("browser"):
            text += "".join(f"{q.s * 1e6:.0f} {number} {q.type} {3 if q.missing else 0} {q.bytes} {q.name}\n" for q in asked)
    return [json.loads(" ".join(_replay(build, text, "--speed")))]
