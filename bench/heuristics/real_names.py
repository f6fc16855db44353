# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the Internet as it is, out of Debian packages: what the letters of real names look like, and what real
software asks for.

sites         what people visit: the pages that EasyList, EasyPrivacy and uBlock's filters have rules for
              (webext-ublock-origin-firefox), those that Privacy Badger visited (webext-privacy-badger), and the home
              pages of Debian's packages (apt)
third_parties what such pages fetch from: what the rules block, and whom Privacy Badger saw there. Advertisers register
              names of random letters as well: these are the hardest of all real names

Lists of malware (URLhaus, "badware") are left out: they are what is to be found. Half of the sites train the model
(`training`), by a hash of the name; the other half and every third party are for the evaluation only.
"""
import functools
import hashlib
import json
import pathlib
import re
import subprocess

UBLOCK = pathlib.Path("/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net/assets")
LISTS = ["thirdparties/easylist/easylist.txt", "thirdparties/easylist/easyprivacy.txt", "ublock/filters.min.txt",
         "ublock/privacy.min.txt", "ublock/unbreak.min.txt", "ublock/quick-fixes.min.txt"]
BADGER = pathlib.Path("/usr/share/webext/privacy-badger/data/seed.json")
PUBLIC_SUFFIXES = pathlib.Path("/usr/share/publicsuffix/public_suffix_list.dat")

NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


@functools.lru_cache(None)
def _suffixes():
    rules, lines = set(), PUBLIC_SUFFIXES.read_text().splitlines()
    for line in lines:
        if line and not line.startswith("//"):
            rules.add(line.strip().encode("idna").decode() if not line.isascii() and "*" not in line else line.strip())
    return rules


@functools.lru_cache(None)
def registrable(name):
    """The public suffix and one label more (publicsuffix.org, "Algorithm"); None where there is none."""
    labels, rules = name.split("."), _suffixes()
    for i in range(len(labels)):
        rest = ".".join(labels[i:])
        if "!" + rest in rules:
            return rest
        if rest in rules or "*." + ".".join(labels[i + 1:]) in rules and i + 1 < len(labels):
            return ".".join(labels[i - 1:]) if i else None
    return None  # not below any suffix that is registered


def _lists():
    sites, others = set(), set()
    for path in LISTS:
        if not (UBLOCK / path).exists():
            continue
        for line in (UBLOCK / path).read_text().lower().splitlines():
            if line.startswith("||"):
                if match := NAME.match(line, 2):
                    others.add(match.group())
            if line.startswith("!"):
                continue
            where = re.split(r"#[@?$%]*#", line, 1)
            if len(where) == 2:
                sites.update(name for name in where[0].split(",") if NAME.fullmatch(name))
            for option in re.findall(r"domain=([^,\s]+)", line):
                sites.update(name for name in option.split("|") if NAME.fullmatch(name))
    return sites, others


def _badger():
    seed = json.loads(BADGER.read_text())
    sites = {site for visited in seed["snitch_map"].values() for site in visited}
    return {name for name in sites if NAME.fullmatch(name)}, {name for name in seed["action_map"] if NAME.fullmatch(name)}


def _home_pages():
    text = subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace")
    found = re.findall(r"^Homepage: https?://([^/:\s]+)", text.lower(), re.M)
    return {name.rstrip(".") for name in found if NAME.fullmatch(name.rstrip("."))}


@functools.lru_cache(None)
def names():
    """(sites, third parties): full names, each in one of the two."""
    sites, others = _lists()
    badger_sites, badger_others = _badger()
    sites |= badger_sites | _home_pages()
    others = (others | badger_others) - sites
    return (sorted(name for name in sites if registrable(name)), sorted(name for name in others if registrable(name)))


def is_training(domain):
    """By the registrable domain, so that a name and what is below it stay together."""
    return hashlib.sha256(domain.encode()).digest()[0] & 1 == 0


def training():
    return sorted({domain for domain in map(registrable, names()[0]) if is_training(domain)})


def evaluation_sites():
    return [name for name in names()[0] if not is_training(registrable(name))]


def evaluation_third_parties():
    """Less those of which the model knows the domain."""
    known = set(training())
    return [name for name in names()[1] if registrable(name) not in known]
