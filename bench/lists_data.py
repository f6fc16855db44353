# SPDX-License-Identifier: GPL-3.0-or-later
"""A million domains on lists of all formats, the same every time (for bench-lists), and geographic data (for bench-geo).

Real domains come from Debian's webext-ublock-origin-firefox and, where npm is there, from @adguard/dnr-rulesets; the
rest are made up: a real domain with other labels, drawn letter by letter from what follows what in real labels.
Countries are those of Debian's tor-geoipdb, networks those of @ip-location-db/asn.
"""
import collections
import pathlib
import random
import re
import subprocess
import tarfile

N_DOMAINS = 1_000_000
N_ASKED = 400_000
RULESETS = "@adguard/dnr-rulesets@3.3.20260320140136"
NETWORKS = "@ip-location-db/asn@2.3.2026061719"
COUNTRIES = [pathlib.Path("/usr/share/tor/geoip"), pathlib.Path("/usr/share/tor/geoip6")]
UBLOCK = "/usr/share/mozilla/extensions"
DOMAIN = re.compile(r"(?<![a-z0-9_.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18}(?![a-z0-9_-])")
# What share of the domains stands on the list of each format, first of all, and how it writes one.
FORMATS = {
    "hosts": (15, lambda name, number: f"0.0.0.0 {name}"),
    "domains": (25, lambda name, number: name),
    "wildcards": (20, lambda name, number: name),
    "adblock": (25, lambda name, number: f"||{name}^" if number % 20 else f"||{name}^$important"),
    "rpz": (5, lambda name, number: f"{name} CNAME .\n*.{name} CNAME ."),
    "dnsmasq": (10, lambda name, number: f"address=/{name}/"),
}
ZONES = {"adblock", "rpz", "dnsmasq", "wildcards"}
HEADS = {
    "adblock": "[Adblock Plus]\n! Title: bench\n",
    "rpz": "$TTL 300\n@ SOA localhost. root.localhost. 1 3600 600 86400 300\n@ NS localhost.\n",
}


def domains_in(text, tops):
    return {name for name in DOMAIN.findall(text.lower()) if name.rsplit(".", 1)[1] in tops}


def from_ublock():
    """The domains, and the public suffixes of one label."""
    files = sorted(pathlib.Path(UBLOCK).glob("*/uBlock0*/assets/**/*"))
    suffixes = next((file for file in files if file.name == "effective_tld_names.dat"), None)
    if suffixes is None:
        raise RuntimeError("webext-ublock-origin-firefox isn't installed")
    tops = {line for line in suffixes.read_text().splitlines() if line and "." not in line and line[0] != "/"}
    return set().union(*(domains_in(file.read_text(), tops) for file in files if file.suffix == ".txt")), tops


def npm_package(directory, package):
    """The archive of a package of npm, fetched once; None where it can't be had."""
    archive = directory / (re.sub(r"\W+", "-", package).strip("-") + ".tgz")
    if not archive.exists():
        try:
            packed = subprocess.run(["npm", "pack", "--silent", package], cwd=directory, stdout=subprocess.PIPE,
                                    check=True, text=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            return None
        (directory / packed.stdout.split()[-1]).rename(archive)
    return archive


def from_rulesets(directory, tops):
    """The domains of the package's rules; none where it can't be had."""
    archive = npm_package(directory, RULESETS)
    if archive is None:
        return set()
    domains = set()
    with tarfile.open(archive) as package:
        for member in package:
            if member.name.endswith(".json") and "/declarative/" in member.name:
                text = package.extractfile(member).read().decode()
                for names in re.findall(r'"[a-zA-Z]*Domains":\[([^\]]*)\]', text):
                    domains |= domains_in(names.replace('"', " "), tops)
                domains |= domains_in(" ".join(re.findall(r'"urlFilter":"\|\|([a-z0-9.-]+)\^', text)), tops)
    return domains


class Labels:
    """Labels as real ones are: each letter after the two before it."""

    def __init__(self, names, chance):
        self.chance, follows = chance, collections.defaultdict(list)
        for name in names:
            for label in name.split(".")[:-1]:
                for at in range(len(label) + 1):
                    follows[("^^" + label)[at:at + 2]].append(label[at] if at < len(label) else "$")
        self.follows = dict(follows)

    def draw(self):
        label = ""
        while len(label) < 40:
            letter = self.chance.choice(self.follows[("^^" + label)[-2:]])
            if letter == "$":
                break
            label += letter
        return label.strip("-") or "x"


def made_up(real, labels, chance):
    """Names without end: the shape and the suffix of a real one, other labels."""
    while True:
        parts = chance.choice(real).split(".")
        kept = 2 if len(parts) > 2 and len(parts[-2]) <= 3 else 1
        yield ".".join([labels.draw() for _ in parts[:-kept]] + parts[-kept:])


def is_listed(name, exact, zones):
    return name in exact or any(name.split(".", at)[-1] in zones for at in range(name.count(".") + 1))


def asked(lists, names, chance):
    """Half of them on a list: as they are, or something below a zone. The others on none, nor below."""
    exact = set().union(*lists.values())
    zones = set().union(*(lists[name] for name in ZONES))
    known, below = sorted(exact), sorted(zones)
    for number in range(N_ASKED // 2):
        if number % 2:
            yield "+" + chance.choice(["www.", "a.", "static.cdn."]) + chance.choice(below)
        else:
            yield "+" + chance.choice(known)
    n_missing = 0
    while n_missing < N_ASKED // 2:
        name = chance.choice(["", "", "www.", "static.cdn."]) + next(names)
        if not is_listed(name, exact, zones):
            n_missing += 1
            yield "-" + name


def spread(domains, n_real, chance):
    """Which domains stand on which list: each on one, half of the real ones and a tenth of the others on a second."""
    names, weights = list(FORMATS), [share for share, _ in FORMATS.values()]
    lists = {name: set() for name in names}
    for number, domain in enumerate(domains):
        first, second = chance.choices(names, weights, k=2)
        lists[first].add(domain)
        if chance.random() < (0.5 if number < n_real else 0.1):
            lists[second].add(domain)
    return lists


def write_lists(directory, lists, chance):
    for name, (_, line) in FORMATS.items():
        text = [line(domain, number) for number, domain in enumerate(sorted(lists[name]))]
        if name == "adblock":
            text += [f"@@||allowed.{domain}^" for domain in chance.sample(sorted(lists[name]), 3000)]
        (directory / f"{name}.txt").write_text(HEADS.get(name, "# bench\n") + "\n".join(text) + "\n")
    prefixes = {f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
                f"/{chance.choice([16, 24, 24, 32, 32, 32, 32])}" for _ in range(30_000)}
    (directory / "addresses.txt").write_text("\n".join(sorted(prefixes)) + "\n")
    (directory / "asns.txt").write_text("".join(f"AS{chance.randrange(1, 400_000)}\n" for _ in range(200)))
    (directory / "countries.txt").write_text("KP\nIR\n")


def make(directory):
    """Writes FORMAT.txt for every format and asked.txt into the directory. How many domains are real."""
    done = directory / "n_real"
    if done.exists():
        return int(done.read_text())
    directory.mkdir(parents=True, exist_ok=True)
    domains, tops = from_ublock()
    real = sorted(domains | from_rulesets(directory, tops))[:N_DOMAINS]
    chance = random.Random("portreeve")
    names = made_up(real, Labels(real, chance), chance)
    every = dict.fromkeys(real)
    while len(every) < N_DOMAINS:
        every[next(names)] = None
    lists = spread(every, len(real), chance)
    write_lists(directory, lists, chance)
    questions = list(asked(lists, names, chance))
    chance.shuffle(questions)
    (directory / "asked.txt").write_text("\n".join(questions) + "\n")
    done.write_text(str(len(real)))
    return len(real)


def geographic(directory):
    """Formats and files by turns: those that are there."""
    directory.mkdir(parents=True, exist_ok=True)
    named = [("tor", file) for file in COUNTRIES if file.exists()]
    archive = npm_package(directory, NETWORKS)
    if archive is not None:
        with tarfile.open(archive) as package:
            for name in ("asn-ipv4.csv", "asn-ipv6.csv"):
                (directory / name).write_bytes(package.extractfile(f"package/{name}").read())
                named.append(("csv-asn", directory / name))
    return [str(word) for pair in named for word in pair]
