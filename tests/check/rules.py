# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that the source tree keeps. Each takes the tree's root and returns its complaints."""
import os
import pathlib
import re
import subprocess

# A room may include its own headers and those of every room in a row above its own; rooms of one row don't know one another.
LAYERS = [
    ["base"],
    ["packet", "dns"],
    ["network"],
    ["profile", "intel", "inspection"],
    ["firewall"],
    ["interception", "process", "ipc", "fetch"],
    ["nameserver"],
    ["engine", "kernel", "resolver", "tunnel", "api"],
    ["daemon"],
]
# What stands beside the arrow: who may be included by the rooms that are no layer.
BESIDE = {
    "cli": {"base", "packet", "dns", "network", "profile", "inspection", "firewall", "interception", "process", "ipc", "api",
            "engine", "daemon"},
    "main": {"base", "cli", "daemon"},
    "bpf": {"bpf"},
}
# bpf/'s shared header (the records that kernel and user space exchange) belongs to these as well.
SHARES_BPF = {"process", "kernel"}
# Rooms that are pure: no clock, no I/O, no log.
PURE = {"packet", "dns", "network", "intel", "inspection", "firewall", "engine"}

BANNED = {
    "strcat": "build text with snprintf or a cursor", "strcpy": "use snprintf or memcpy with a length",
    "strncpy": "use snprintf or memcpy", "strncat": "use snprintf", "sprintf": "use snprintf",
    "vsprintf": "use vsnprintf", "gets": "use getline", "strtok": "use strsep or a cursor",
    "atoi": "parse with checks", "atol": "parse with checks", "alloca": "allocate with a limit",
    "system": "no shell", "popen": "no shell", "rand": "use getrandom", "usleep": "wait for an event",
    "gmtime": "use gmtime_r", "localtime": "use localtime_r", "ctime": "use strftime",
    "malloc": "use pr_calloc", "calloc": "use pr_calloc", "realloc": "use pr_realloc",
    "strdup": "use pr_strdup", "asprintf": "use pr_asprintf",
}
BANNED_IN_PURE = {
    "time": "time is an argument", "clock_gettime": "time is an argument", "gettimeofday": "time is an argument",
    "pr_clock_monotonic_us": "time is an argument", "pr_clock_real_us": "time is an argument",
    "pr_log": "pure rooms do not log", "open": "no I/O here", "fopen": "no I/O here", "socket": "no I/O here",
    "printf": "no I/O here", "fprintf": "no I/O here",
}
# base/ wraps the allocator: it alone may call it.
ALLOCATOR = {"malloc", "calloc", "realloc", "strdup", "asprintf"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def sources(root, *endings):
    for path in sorted((pathlib.Path(root) / "src").rglob("*")):
        if path.suffix in endings:
            yield path, path.relative_to(root)


def may_include(room, other):
    if room == other:
        return True
    if other == "bpf":
        return room in SHARES_BPF
    if room in BESIDE:
        return other in BESIDE[room]
    rows = {name: row for row, names in enumerate(LAYERS) for name in names}
    return room in rows and other in rows and rows[other] < rows[room]


def layers(root):
    for path, relative in sources(root, ".c", ".h"):
        room = relative.parts[1]
        if room == "bpf":
            continue
        for included in INCLUDE.findall(path.read_text()):
            other = included.split("/")[0]
            if "/" not in included or other.endswith(".h"):
                if not included.endswith(".skel.h"):
                    yield f"{relative}: {included} is included without its room"
            elif not may_include(room, other):
                yield f"{relative}: {room} may not include {included}"


def code_only(text):
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def banned_calls(root):
    for path, relative in sources(root, ".c", ".h"):
        room = relative.parts[1]
        words = dict(BANNED)
        if room in PURE:
            words.update(BANNED_IN_PURE)
        if room in ("base", "bpf"):
            words = {word: why for word, why in words.items() if word not in ALLOCATOR}
        pattern = re.compile(r"(?<![\w.>])(" + "|".join(words) + r")\s*\(")
        for number, line in enumerate(code_only(path.read_text()).splitlines(), 1):
            for match in pattern.finditer(line):
                yield f"{relative}:{number}: {match.group(1)}(): {words[match.group(1)]}"


def licences(root):
    for path, relative in sources(root, ".c", ".h"):
        if "SPDX-License-Identifier: GPL-" not in path.read_text()[:120]:
            yield f"{relative}: no SPDX licence line"


def _package_flags():
    names = ["libmnl", "libnftnl", "libnetfilter_queue", "libnetfilter_conntrack", "libbpf", "libevent", "jansson",
             "libconfig"]
    done = subprocess.run(["pkg-config", "--cflags", *names], stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def stand_alone_headers(root):
    headers = [relative for _, relative in sources(root, ".h") if relative.parts[1] != "bpf"]
    for header in headers:
        done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only", "-Isrc",
                               *_package_flags(), "-include", "/" .join(header.parts[1:]), "-x", "c", os.devnull],
                              cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            yield f"{header}: does not compile by itself: {done.stdout.splitlines()[0]}"


def formatted(root):
    files = [str(relative) for _, relative in sources(root, ".c", ".h")]
    tests = [path for place in ("tests", "fuzz", "bench") for path in (pathlib.Path(root) / place).rglob("*.[ch]")
             if "examples" not in path.parts]
    files += [str(path.relative_to(root)) for path in tests]
    done = subprocess.run(["clang-format", "--dry-run", "--style=file", *sorted(files)], cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in sorted({line.split(":")[0] for line in done.stdout.splitlines() if "warning:" in line}):
        yield f"{line}: not formatted by clang-format"


def small_files(root):
    """The repository holds nothing large."""
    root = pathlib.Path(root)
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, stdout=subprocess.PIPE, check=True, text=True).stdout
        names = filter(None, listed.split("\0"))
    except (FileNotFoundError, subprocess.CalledProcessError):  # an unpacked archive, or no git here
        names = (str(path.relative_to(root)) for path in root.rglob("*")
                 if not path.relative_to(root).parts[0].startswith("build"))
    for name in names:
        path = root / name
        if path.is_file() and path.stat().st_size > 1 << 20:
            yield f"{name}: larger than 1 MiB"


def documents(root):
    """What pages and comments point at is there: pages, limits."""
    root = pathlib.Path(root)
    code = {relative: path.read_text() for path, relative in sources(root, ".c", ".h")}
    names = {name for text in code.values() for name in re.findall(r"\bPR_\w+", text)}
    pages = sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])
    for page in pages:
        text, relative = page.read_text(), page.relative_to(root)
        for link in re.findall(r"\]\(([\w./-]+)\)", text):
            if not (page.parent / link).exists():
                yield f"{relative}: leads to {link}, which is not there"
        for name in re.findall(r"`(PR_[A-Z0-9_]+)`", text):
            if name not in names:
                yield f"{relative}: speaks of {name}, which is not there"
    for relative, text in [*code.items(), *((page.relative_to(root), page.read_text()) for page in pages)]:
        for page in re.findall(r"\b(?:docs|decisions)/[a-z/-]+\.md", text):
            if not (root / "docs" / page.removeprefix("docs/")).exists():
                yield f"{relative}: points at {page}, which is not there"


def described_routes(root):
    """docs/api.yaml and the table of routes name the same methods and paths."""
    root = pathlib.Path(root)
    table = (root / "src/api/routes.c").read_text()
    served = {(method.lower(), path) for method, path in
              re.findall(r'\{ EVHTTP_REQ_(\w+),\s+"([^"]+)"', table)}
    described, path = set(), None
    for line in (root / "docs/api.yaml").read_text().splitlines():
        if match := re.match(r"  (/\S+):$", line):
            path = match.group(1)
        elif match := re.match(r"    (get|post|put|delete|patch):$", line):
            described.add((match.group(1), path))
    for method, path in sorted(served ^ described):
        where = "docs/api.yaml" if (method, path) in served else "src/api/routes.c"
        yield f"{method} {path} is missing in {where}"
