/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MaxMind DB (the format's specification, version 2.0): a binary tree over the addresses' bits, whose leaves are
 * offsets of records. libmaxminddb reads nodes and records. Its MMDB_open() takes a path, but whoever compiles may open
 * nothing; so the structure that it would fill in is filled in here, from the bytes, as the library itself does for a
 * file's metadata. docs/decisions/libraries.md tells more.
 *
 * The walk is in the order of the addresses. Each node is entered once: a well-made tree leads twice only to the IPv4
 * part (from ::/96, and from ::ffff:0:0/96, 2002::/16 and others as aliases of it), and a malicious one is bounded so.
 * What lies in ::/96 is IPv4. Neighbours with the same record are one range.
 */
#include "intel/geo_mmdb.h"

#include <string.h>

#define MARK		 "\xab\xcd\xefMaxMind.com"
#define METADATA_MAX	 (128u << 10) /* the specification's: from the mark to the end */
#define SEPARATOR_BYTES	 16u	      /* between tree and data */
#define NODES_MAX	 (1u << 25) /* a larger tree is refused whole; the largest databases have 2^23 */
#define N_RECORDS_CACHED (1u << 12)

typedef unsigned __int128 number_t;

struct cached {
	uint64_t key; /* the record's offset + 1 */
	const char *why;
	struct pr_geo_record record;
};

struct walk {
	struct pr_geo_reader *reader;
	const MMDB_s *mmdb;
	uint8_t *entered;	/* a bit a node */
	struct cached *records; /* by offset */
	number_t bits;		/* the path to the node, from the highest bit of an address */
	/* the range so far: the same record from `first` to `last` */
	number_t first, last;
	uint32_t offset, node; /* node: where it began */
	bool open, v4;
};

/* Where the metadata begins; NULL where there is no mark. */
static const uint8_t *find_metadata(const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len, *from = len > METADATA_MAX ? end - METADATA_MAX : bytes;
	const uint8_t *found = NULL, *at;

	while ((at = memmem(from, (size_t)(end - from), MARK, strlen(MARK)))) {
		found = at;
		from = at + 1;
	}
	return found ? found + strlen(MARK) : NULL;
}

bool pr_geo_is_mmdb(const uint8_t *bytes, size_t len)
{
	return len && find_metadata(bytes, len);
}

static bool read_setting(const MMDB_s *metadata, const char *key, uint64_t max,
			 uint64_t *ret_number)
{
	MMDB_entry_data_s value;

	return pr_geo_value(metadata, 0, key, &value) && pr_geo_number(&value, ret_number) &&
	       *ret_number <= max;
}

/* What MMDB_open() does, as far as nodes and records need it; the metadata counts as data, as there. */
static int open_bytes(const uint8_t *bytes, size_t len, MMDB_s *ret_mmdb)
{
	const uint8_t *metadata = find_metadata(bytes, len);
	MMDB_s mmdb = { .file_content = bytes, .file_size = (ssize_t)len };
	uint64_t n_nodes, bits, version, format, tree_len, before;

	if (!metadata)
		return -EBADMSG;
	before = (uint64_t)(metadata - bytes) - strlen(MARK);
	mmdb.data_section = metadata;
	mmdb.data_section_size = (uint32_t)(len - (size_t)(metadata - bytes));
	if (!read_setting(&mmdb, "binary_format_major_version", 2, &format) || format != 2 ||
	    !read_setting(&mmdb, "node_count", NODES_MAX, &n_nodes) || !n_nodes ||
	    !read_setting(&mmdb, "record_size", 32, &bits) ||
	    (bits != 24 && bits != 28 && bits != 32) ||
	    !read_setting(&mmdb, "ip_version", 6, &version) || (version != 4 && version != 6))
		return -EBADMSG;
	tree_len = n_nodes * (bits * 2 / 8);
	if (tree_len + SEPARATOR_BYTES > before)
		return -EBADMSG;
	mmdb.data_section = bytes + tree_len + SEPARATOR_BYTES;
	mmdb.data_section_size = (uint32_t)(len - tree_len - SEPARATOR_BYTES);
	mmdb.metadata.node_count = (uint32_t)n_nodes;
	mmdb.metadata.record_size = (uint16_t)bits;
	mmdb.metadata.ip_version = (uint16_t)version;
	mmdb.full_record_byte_size = (uint16_t)(bits * 2 / 8);
	mmdb.depth = version == 4 ? 32 : 128;
	*ret_mmdb = mmdb;
	return 0;
}

static struct pr_address address_of(number_t bits, bool v4)
{
	struct pr_address address = { .family = v4 ? 4 : 6 };

	for (int i = v4 ? 3 : 15; i >= 0; i--) {
		address.bytes[i] = (uint8_t)bits;
		bits >>= 8;
	}
	return address;
}

static const struct cached *find_record(struct walk *walk, uint32_t offset)
{
	struct cached *cached = &walk->records[(offset * 2654435761u) >> 20];

	if (cached->key != (uint64_t)offset + 1) {
		cached->record = (struct pr_geo_record){ .organisation = { "", 0 } };
		cached->why = pr_geo_read_record(walk->mmdb, offset, &cached->record);
		cached->key = (uint64_t)offset + 1;
	}
	return cached;
}

/* Ends the range so far. */
static void finish_range(struct walk *walk)
{
	struct pr_geo_reader *reader = walk->reader;
	struct pr_geo_range range = { .organisation = reader->organisation };
	const struct cached *cached;

	if (!walk->open)
		return;
	walk->open = false;
	cached = find_record(walk, walk->offset);
	if (cached->why) {
		pr_geo_refuse(reader, walk->node, (struct pr_list_text){ "", 0 }, cached->why);
		return;
	}
	range.first = address_of(walk->first, walk->v4);
	range.last = address_of(walk->last, walk->v4);
	range.asn = cached->record.asn;
	memcpy(range.country, cached->record.country, sizeof(range.country));
	pr_geo_organisation(cached->record.organisation, reader->organisation);
	pr_geo_give(reader, &range);
}

/* A leaf: all addresses that begin with the `depth` bits of the path. */
static void take_leaf(struct walk *walk, uint32_t node, unsigned int depth, uint32_t offset)
{
	unsigned int below = walk->mmdb->depth - depth;
	number_t last = walk->bits | (below < 128 ? ((number_t)1 << below) - 1 : ~(number_t)0);
	number_t upper = walk->bits >> 32;
	bool v4 = walk->mmdb->depth == 32 || (below <= 32 && (upper == 0 || upper == 0xffff));

	if (walk->open && walk->offset == offset && walk->v4 == v4 &&
	    walk->last + 1 == walk->bits) {
		walk->last = last;
		return;
	}
	finish_range(walk);
	walk->first = walk->bits;
	walk->last = last;
	walk->offset = offset;
	walk->node = node;
	walk->v4 = v4;
	walk->open = true;
}

static void enter(struct walk *walk, uint32_t node, unsigned int depth);

/* One side of a node; `depth` bits lead to it. */
static void take_side(struct walk *walk, uint32_t node, unsigned int depth, uint64_t side,
		      uint8_t type)
{
	uint64_t n_nodes = walk->mmdb->metadata.node_count;

	if (type == MMDB_RECORD_TYPE_SEARCH_NODE && depth < walk->mmdb->depth)
		enter(walk, (uint32_t)side, depth);
	else if (type == MMDB_RECORD_TYPE_DATA && side >= n_nodes + SEPARATOR_BYTES)
		take_leaf(walk, node, depth, (uint32_t)(side - n_nodes - SEPARATOR_BYTES));
	else if (type != MMDB_RECORD_TYPE_EMPTY)
		pr_geo_refuse(walk->reader, node, (struct pr_list_text){ "", 0 },
			      "the node leads nowhere");
}

/* As deep as an address is long. */
static void enter(struct walk *walk, uint32_t node, unsigned int depth)
{
	number_t bit = (number_t)1 << (walk->mmdb->depth - depth - 1);
	uint8_t *entered = &walk->entered[node / 8], mask = (uint8_t)(1u << node % 8);
	MMDB_search_node_s sides;

	if (*entered & mask)
		return;
	*entered |= mask;
	if (MMDB_read_node(walk->mmdb, node, &sides) != MMDB_SUCCESS) {
		pr_geo_refuse(walk->reader, node, (struct pr_list_text){ "", 0 },
			      "the node can't be read");
		return;
	}
	take_side(walk, node, depth + 1, sides.left_record, sides.left_record_type);
	walk->bits |= bit;
	take_side(walk, node, depth + 1, sides.right_record, sides.right_record_type);
	walk->bits &= ~bit;
}

int pr_geo_read_mmdb(struct pr_geo_reader *reader, const uint8_t *bytes, size_t len)
{
	struct walk walk = { .reader = reader };
	MMDB_s mmdb;
	int r;

	r = len ? open_bytes(bytes, len, &mmdb) : -EBADMSG;
	if (r < 0)
		return r;
	walk.mmdb = &mmdb;
	walk.entered = pr_calloc(mmdb.metadata.node_count / 8 + 1, 1);
	walk.records = pr_calloc(N_RECORDS_CACHED, sizeof(*walk.records));
	enter(&walk, 0, 0);
	finish_range(&walk);
	free(walk.entered);
	free(walk.records);
	return 0;
}
