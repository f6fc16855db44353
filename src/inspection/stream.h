/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One direction of a TCP link, put together from segments in any order. Bytes are kept from the first one on, up to a
 * limit that the caller gives; what came once stands. Offsets count from the stream's first byte.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all of them may take together. */
struct pr_inspection_memory {
	size_t bytes, bytes_max, bytes_peak;
};

struct pr_assembly_piece {
	uint32_t from, to; /* offsets; `to` is behind the last byte */
};

/* Zeroed is empty. */
struct pr_assembly {
	uint8_t *bytes;			  /* `size`; those of pieces stand at their offsets */
	struct pr_assembly_piece *pieces; /* ahead of a gap; sorted, apart from each other */
	uint32_t size, n_pieces;
	uint32_t first; /* sequence number of the first byte */
	uint32_t len;	/* without a gap, from the first byte on */
	uint32_t high;	/* behind the last byte that was sent, as far as it was seen */
	uint32_t acked; /* bytes that the other end says it has */
	uint32_t lost;	/* from here on bytes can't come any more + 1, 0 = none known */
	uint32_t end;	/* the stream's length + 1, 0 = not known */
	bool known;	/* `first` is … */
	bool guessed;	/* … taken from the first segment that was seen, whichever it was */
	bool acks;	/* `acked` is */
};

struct pr_segment {
	uint32_t seq; /* of the first byte */
	const uint8_t *bytes;
	uint32_t len;	   /* of what is here */
	uint32_t wire_len; /* of what was sent, ≥ len */
	bool fin;
};

enum pr_assembled {
	PR_ASSEMBLED_MORE,  /* the stream without gaps is longer, or its end is known */
	PR_ASSEMBLED_AHEAD, /* something new, behind a gap */
	PR_ASSEMBLED_OLD,   /* nothing new */
	PR_ASSEMBLED_PROBE, /* one old byte that differs: some stacks' keep-alive */
	PR_ASSEMBLED_CONTRADICTS, /* differs from what came before, or stands behind the end; nothing kept */
	PR_ASSEMBLED_OUTSIDE,	/* before the first byte, and nobody says that it has that */
	PR_ASSEMBLED_BEYOND,	/* behind the limit; nothing kept */
	PR_ASSEMBLED_CROWDED,	/* too many pieces (PR_INSPECTION_PIECES_MAX); nothing kept */
	PR_ASSEMBLED_NO_MEMORY, /* nothing kept; the same again once there is room */
};

/* Not before `first` and `known` are set. */
enum pr_assembled pr_assembly_add(struct pr_assembly *assembly, const struct pr_segment *segment,
				  uint32_t limit, struct pr_inspection_memory *memory);
/* Does it say the same of what is kept and not acknowledged? */
bool pr_assembly_agrees(const struct pr_assembly *assembly, const struct pr_segment *segment);
/* Nothing of it is kept; but it was sent. */
void pr_assembly_note(struct pr_assembly *assembly, const struct pr_segment *segment);
/* The other end says that it has all before this sequence number; it can have the first `most` bytes. False: more than these, which
 * changes nothing. */
bool pr_assembly_acknowledged(struct pr_assembly *assembly, uint32_t ack, uint32_t most);
/* Behind the segment's last byte that was sent; negative = before the first byte. */
int64_t pr_assembly_offset_behind(const struct pr_assembly *assembly,
				  const struct pr_segment *segment);
bool pr_assembly_ended(const struct pr_assembly *assembly);
bool pr_assembly_full(const struct pr_assembly *assembly, uint32_t limit);
/* Gives its memory back; what it knows of sequence numbers stays. */
void pr_assembly_clear(struct pr_assembly *assembly, struct pr_inspection_memory *memory);

/* Memory of the pool; false, and nothing changed, where it would be too much. */
bool pr_inspection_memory_take(struct pr_inspection_memory *memory, size_t bytes);
static inline void pr_inspection_memory_give(struct pr_inspection_memory *memory, size_t bytes)
{
	pr_assert(bytes <= memory->bytes);
	memory->bytes -= bytes;
}
