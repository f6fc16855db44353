/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small MMDBs, made by hand: a tree of prefixes, records, and the metadata behind. */
#pragma once

#include "base/address.h"

#include "unit.h"

#define MMDB_BUILD_NODES_MAX 2048

struct mmdb_build {
	uint32_t sides[MMDB_BUILD_NODES_MAX][2]; /* see mmdb_build.c */
	unsigned int n_nodes, ip_version, record_bits;
	uint8_t data[4096];
	size_t data_len;
	uint8_t file[65536];
	size_t file_len;
};

void mmdb_build_init(struct mmdb_build *build, unsigned int ip_version, unsigned int record_bits);
/* Each writes a value and returns where it begins. */
uint32_t mmdb_build_map(struct mmdb_build *build, unsigned int n_pairs);
uint32_t mmdb_build_text(struct mmdb_build *build, const char *text);
uint32_t mmdb_build_number(struct mmdb_build *build, uint32_t number);
uint32_t mmdb_build_pointer(struct mmdb_build *build, uint32_t offset);
/* "192.0.2.0/24" gets the record at `offset`; IPv4 in a tree of IPv6 stands in ::/96. */
void mmdb_build_insert(struct mmdb_build *build, const char *prefix, uint32_t offset);
/* ::ffff:0:0/96 leads to where ::/96 leads. */
void mmdb_build_alias(struct mmdb_build *build);
/* Fills in `file`. */
void mmdb_build_finish(struct mmdb_build *build);
