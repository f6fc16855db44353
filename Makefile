# SPDX-License-Identifier: GPL-3.0-or-later
# A thin front to meson. `make` and `make install` need no root, no network and no package manager.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all install run test bench heuristics inspection fuzz lab tidy clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null && command -v ninja >/dev/null || \
		{ echo "meson or ninja is missing: sudo packaging/install-dependencies build" >&2; exit 1; }
	meson setup $(BUILD) --prefix $(PREFIX)

install: all
	meson install -C $(BUILD) --no-rebuild

# Guards this machine with the shipped starting policy and shows the live view; Ctrl-C leaves nothing behind.
run:
	packaging/install-dependencies build
	$(MAKE) --no-print-directory all
	packaging/run $(BUILD)

# Every ring of tests; needs root for the system ring, which makes network namespaces of its own.
test:
	packaging/install-dependencies build test
	packaging/own-root tests/run

bench:
	packaging/install-dependencies build test bench
	$(MAKE) --no-print-directory all
	packaging/own-root /usr/bin/python3 bench/run.py --build $(BUILD)

# What the heuristics find and flag wrongly; a part of bench (docs/heuristics.md).
heuristics:
	packaging/install-dependencies build test bench
	$(MAKE) --no-print-directory all
	packaging/own-root /usr/bin/python3 bench/heuristics/run.py --build $(BUILD)

# Captures of real clients and servers, and what the inspectors say of each flow and its variants; a part of test (docs/testing.md).
inspection:
	packaging/install-dependencies build test
	$(MAKE) --no-print-directory all
	packaging/own-root /usr/bin/python3 tests/captures/run.py --build $(BUILD)

# Each fuzz target for five minutes; SECONDS_EACH changes that. Then what of all that takes longest.
fuzz:
	packaging/install-dependencies build test
	fuzz/run $(or $(SECONDS_EACH),300)
	$(MAKE) --no-print-directory all
	BUILD=$(BUILD) fuzz/times

lab:
	packaging/install-dependencies build test
	$(MAKE) --no-print-directory all
	packaging/own-root $(BUILD)/portreeve lab

# Static analysis by .clang-tidy; some minutes.
tidy:
	packaging/install-dependencies build test tidy
	[ -e build-clang/build.ninja ] || CC=clang meson setup build-clang
	ninja -C build-clang
	clang-tidy -p build-clang --quiet $(wildcard src/*/*.c)

clean:
	rm -rf $(BUILD) build-sanitized build-clang build-fuzz
