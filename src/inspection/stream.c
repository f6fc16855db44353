/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All bytes stand in one buffer at their offsets, those ahead of a gap too: filling the gap copies nothing, and a
 * stream never takes more than its limit. A piece says which bytes behind the gap are there.
 *
 * What the receiver takes of bytes that come twice depends on its system and on what reached it. So the first that was
 * seen stands, and a segment that differs in a byte is kept out whole. Bytes that the receiver has
 * acknowledged can't be changed by any segment any more, so these aren't compared: keep-alives of some systems
 * carry one old byte with any value (RFC 9293, 3.8.4).
 */
#include "inspection/stream.h"

#include "inspection/limits.h"

#include <string.h>

#define SIZE_MIN 512u

/* A segment's place: offsets of what is here and of what was sent, cut to what is kept. */
struct place {
	const uint8_t *bytes; /* of `from` */
	uint32_t from, to;
	uint32_t wire_to;
};

bool pr_inspection_memory_take(struct pr_inspection_memory *memory, size_t bytes)
{
	if (bytes > memory->bytes_max - memory->bytes)
		return false;
	memory->bytes += bytes;
	if (memory->bytes > memory->bytes_peak)
		memory->bytes_peak = memory->bytes;
	return true;
}

static uint32_t behind_kept(const struct pr_assembly *assembly, uint32_t limit)
{
	uint32_t kept = assembly->lost && assembly->lost - 1 < limit ? assembly->lost - 1 : limit;

	return kept > assembly->len ? kept : assembly->len;
}

static bool is_end(const struct pr_assembly *assembly, uint32_t offset)
{
	return assembly->end && offset == assembly->end - 1;
}

bool pr_assembly_ended(const struct pr_assembly *assembly)
{
	return is_end(assembly, assembly->len);
}

bool pr_assembly_full(const struct pr_assembly *assembly, uint32_t limit)
{
	return assembly->len == behind_kept(assembly, limit);
}

int64_t pr_assembly_offset_behind(const struct pr_assembly *assembly,
				  const struct pr_segment *segment)
{
	return (int64_t)(int32_t)(segment->seq - assembly->first) + segment->wire_len;
}

bool pr_assembly_acknowledged(struct pr_assembly *assembly, uint32_t ack, uint32_t most)
{
	uint32_t offset = ack - assembly->first;

	/* the end of the stream takes a number of its own */
	if (offset > most && !(is_end(assembly, most) && offset == most + 1))
		return false;
	if (!assembly->acks || offset > assembly->acked)
		assembly->acked = offset;
	assembly->acks = true;
	return true;
}

void pr_assembly_clear(struct pr_assembly *assembly, struct pr_inspection_memory *memory)
{
	size_t bytes = assembly->size;

	if (assembly->pieces)
		bytes += PR_INSPECTION_PIECES_MAX * sizeof(*assembly->pieces);
	pr_inspection_memory_give(memory, bytes);
	free(assembly->bytes);
	free(assembly->pieces);
	assembly->bytes = NULL;
	assembly->pieces = NULL;
	assembly->size = assembly->n_pieces = assembly->len = 0;
}

/* Of what is kept and not acknowledged, does the segment say the same? */
static bool agrees_in(const struct pr_assembly *assembly, const struct place *place, uint32_t from,
		      uint32_t to)
{
	uint32_t start = place->from > from ? place->from : from;
	uint32_t stop = place->to < to ? place->to : to;

	if (assembly->acks && assembly->acked > start)
		start = assembly->acked;
	return start >= stop || memcmp(assembly->bytes + start,
				       place->bytes + (start - place->from), stop - start) == 0;
}

static bool agrees(const struct pr_assembly *assembly, const struct place *place)
{
	if (!agrees_in(assembly, place, 0, assembly->len))
		return false;
	for (uint32_t i = 0; i < assembly->n_pieces; i++)
		if (!agrees_in(assembly, place, assembly->pieces[i].from, assembly->pieces[i].to))
			return false;
	return true;
}

static bool grow(struct pr_assembly *assembly, uint32_t needed, uint32_t limit,
		 struct pr_inspection_memory *memory)
{
	uint32_t size = assembly->size ? assembly->size : SIZE_MIN;

	if (needed <= assembly->size)
		return true;
	while (size < needed)
		size *= 2;
	if (size > limit && needed <= limit)
		size = limit;
	if (!pr_inspection_memory_take(memory, size - assembly->size))
		return false;
	assembly->bytes = pr_realloc(assembly->bytes, size, 1);
	assembly->size = size;
	return true;
}

/* The first piece that the place touches, or that stands behind it. */
static uint32_t find_piece(const struct pr_assembly *assembly, uint32_t from)
{
	uint32_t i = 0;

	while (i < assembly->n_pieces && assembly->pieces[i].to < from)
		i++;
	return i;
}

static enum pr_assembled add_piece(struct pr_assembly *assembly, const struct place *place,
				   uint32_t limit, struct pr_inspection_memory *memory)
{
	const size_t pieces_size = PR_INSPECTION_PIECES_MAX * sizeof(*assembly->pieces);
	struct pr_assembly_piece merged = { place->from, place->to };
	uint32_t at = find_piece(assembly, place->from), behind = at;

	while (behind < assembly->n_pieces && assembly->pieces[behind].from <= place->to) {
		const struct pr_assembly_piece *piece = &assembly->pieces[behind++];

		if (piece->from <= place->from && piece->to >= place->to)
			return PR_ASSEMBLED_OLD;
		merged.from = piece->from < merged.from ? piece->from : merged.from;
		merged.to = piece->to > merged.to ? piece->to : merged.to;
	}
	if (at == behind && assembly->n_pieces == PR_INSPECTION_PIECES_MAX)
		return PR_ASSEMBLED_CROWDED;
	if (!grow(assembly, place->to, limit, memory))
		return PR_ASSEMBLED_NO_MEMORY;
	if (!assembly->pieces) {
		if (!pr_inspection_memory_take(memory, pieces_size))
			return PR_ASSEMBLED_NO_MEMORY;
		assembly->pieces = pr_calloc(1, pieces_size);
	}
	memcpy(assembly->bytes + place->from, place->bytes, place->to - place->from);
	memmove(&assembly->pieces[at + 1], &assembly->pieces[behind],
		(assembly->n_pieces - behind) * sizeof(merged));
	assembly->pieces[at] = merged;
	assembly->n_pieces = assembly->n_pieces - (behind - at) + 1;
	return PR_ASSEMBLED_AHEAD;
}

/* What no gap is in front of any more. */
static void absorb_pieces(struct pr_assembly *assembly)
{
	uint32_t n = 0;

	while (n < assembly->n_pieces && assembly->pieces[n].from <= assembly->len) {
		if (assembly->pieces[n].to > assembly->len)
			assembly->len = assembly->pieces[n].to;
		n++;
	}
	assembly->n_pieces -= n;
	if (n)
		memmove(assembly->pieces, assembly->pieces + n,
			assembly->n_pieces * sizeof(*assembly->pieces));
}

static enum pr_assembled add_bytes(struct pr_assembly *assembly, const struct place *place,
				   uint32_t limit, struct pr_inspection_memory *memory)
{
	if (place->to <= assembly->len || place->to <= place->from)
		return PR_ASSEMBLED_OLD;
	if (place->from > assembly->len)
		return add_piece(assembly, place, limit, memory);
	if (!grow(assembly, place->to, limit, memory))
		return PR_ASSEMBLED_NO_MEMORY;
	memcpy(assembly->bytes + assembly->len, place->bytes + (assembly->len - place->from),
	       place->to - assembly->len);
	assembly->len = place->to;
	absorb_pieces(assembly);
	return PR_ASSEMBLED_MORE;
}

/* The end stands behind all that was seen, and where it was; nothing stands behind it. */
static bool end_agrees(const struct pr_assembly *assembly, uint32_t wire_to, bool fin)
{
	if (assembly->end && (wire_to > assembly->end - 1 || (fin && !is_end(assembly, wire_to))))
		return false;
	return !fin || wire_to >= assembly->high;
}

/* What is known once the segment was taken. */
static enum pr_assembled note(struct pr_assembly *assembly, const struct pr_segment *segment,
			      const struct place *place, enum pr_assembled added)
{
	if (place->wire_to > assembly->high)
		assembly->high = place->wire_to;
	if (segment->fin && !assembly->end) {
		assembly->end = place->wire_to + 1;
		if (pr_assembly_ended(assembly))
			return PR_ASSEMBLED_MORE;
		if (added == PR_ASSEMBLED_OLD)
			added = PR_ASSEMBLED_AHEAD;
	}
	if (segment->len < segment->wire_len && place->wire_to > assembly->len &&
	    (!assembly->lost || place->to < assembly->lost - 1)) {
		assembly->lost = place->to + 1;
		if (place->to <= assembly->len)
			return PR_ASSEMBLED_MORE;
	}
	return added;
}

enum pr_assembled pr_assembly_add(struct pr_assembly *assembly, const struct pr_segment *segment,
				  uint32_t limit, struct pr_inspection_memory *memory)
{
	int64_t from = (int32_t)(segment->seq - assembly->first), behind = from + segment->wire_len;
	uint32_t skipped = from < 0 ? (uint32_t)-from : 0, kept = behind_kept(assembly, limit);
	struct place place;
	enum pr_assembled added;

	if (from < 0 && assembly->guessed)
		return PR_ASSEMBLED_OUTSIDE;
	if (behind < 0 || (behind == 0 && segment->wire_len > 0))
		return assembly->acks ? PR_ASSEMBLED_OLD : PR_ASSEMBLED_OUTSIDE;
	if (behind > INT32_MAX)
		return PR_ASSEMBLED_BEYOND;
	if (skipped > segment->len)
		skipped = segment->len;
	place.bytes = segment->bytes + skipped;
	place.from = from < 0 ? 0 : (uint32_t)from;
	place.to = place.from + (segment->len - skipped);
	place.wire_to = (uint32_t)behind;
	if (!end_agrees(assembly, place.wire_to, segment->fin))
		return PR_ASSEMBLED_CONTRADICTS;
	if (segment->wire_len && place.from >= kept && place.to > assembly->len)
		return PR_ASSEMBLED_BEYOND;
	if (place.to > kept)
		place.to = kept;
	if (!agrees(assembly, &place))
		return segment->wire_len == 1 && place.wire_to == assembly->high
			       ? PR_ASSEMBLED_PROBE
			       : PR_ASSEMBLED_CONTRADICTS;
	added = add_bytes(assembly, &place, limit, memory);
	if (added == PR_ASSEMBLED_CROWDED || added == PR_ASSEMBLED_NO_MEMORY)
		return added;
	return note(assembly, segment, &place, added);
}

bool pr_assembly_agrees(const struct pr_assembly *assembly, const struct pr_segment *segment)
{
	int64_t from = (int32_t)(segment->seq - assembly->first), to = from + segment->len;
	struct place place = { .bytes = segment->bytes };

	if (to <= 0)
		return true;
	if (from < 0)
		place.bytes += -from;
	place.from = from < 0 ? 0 : (uint32_t)from;
	place.to = (uint32_t)to;
	return agrees(assembly, &place);
}

void pr_assembly_note(struct pr_assembly *assembly, const struct pr_segment *segment)
{
	int64_t behind = pr_assembly_offset_behind(assembly, segment);

	if (behind > assembly->high && behind <= INT32_MAX)
		assembly->high = (uint32_t)behind;
}
