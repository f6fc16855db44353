/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/quic_crypto.h"

#include <string.h>

void pr_quic_crypto_init(struct pr_quic_crypto *crypto, uint8_t *bytes, uint32_t size)
{
	crypto->bytes = bytes;
	crypto->size = size;
	crypto->n_pieces = 0;
	crypto->contradicts = crypto->limit = false;
}

uint32_t pr_quic_crypto_len(const struct pr_quic_crypto *crypto)
{
	return crypto->n_pieces && crypto->pieces[0].begin == 0 ? crypto->pieces[0].end : 0;
}

/* The pieces [first, last) that the new one overlaps or touches. */
static void touched(const struct pr_quic_crypto *crypto, uint32_t begin, uint32_t end,
		    unsigned int *ret_first, unsigned int *ret_last)
{
	unsigned int first = 0, last;

	while (first < crypto->n_pieces && crypto->pieces[first].end < begin)
		first++;
	last = first;
	while (last < crypto->n_pieces && crypto->pieces[last].begin <= end)
		last++;
	*ret_first = first;
	*ret_last = last;
}

/* Copies what lies in no piece, and compares what does. */
static void fill(struct pr_quic_crypto *crypto, uint32_t begin, uint32_t end, const uint8_t *bytes,
		 unsigned int first, unsigned int last)
{
	uint32_t at = begin;

	for (unsigned int i = first; i < last && at < end; i++) {
		uint32_t from = crypto->pieces[i].begin, to = crypto->pieces[i].end;

		if (from > end)
			from = end;
		if (to > end)
			to = end;
		if (at < from) {
			memcpy(crypto->bytes + at, bytes + (at - begin), from - at);
			at = from;
		}
		if (at < to && memcmp(crypto->bytes + at, bytes + (at - begin), to - at) != 0)
			crypto->contradicts = true;
		if (at < to)
			at = to;
	}
	if (at < end)
		memcpy(crypto->bytes + at, bytes + (at - begin), end - at);
}

void pr_quic_crypto_add(struct pr_quic_crypto *crypto, uint64_t offset, const uint8_t *bytes,
			size_t len)
{
	uint32_t begin, end;
	unsigned int first, last;

	if (len == 0)
		return;
	if (offset > crypto->size || len > crypto->size - offset) {
		crypto->limit = true;
		return;
	}
	begin = (uint32_t)offset;
	end = begin + (uint32_t)len;
	touched(crypto, begin, end, &first, &last);
	if (first == last && crypto->n_pieces == PR_QUIC_PIECES_MAX) {
		crypto->limit = true;
		return;
	}
	fill(crypto, begin, end, bytes, first, last);
	if (first < last) {
		if (crypto->pieces[first].begin < begin)
			begin = crypto->pieces[first].begin;
		if (crypto->pieces[last - 1].end > end)
			end = crypto->pieces[last - 1].end;
	}
	/* one piece stands where those touched did */
	memmove(crypto->pieces + first + 1, crypto->pieces + last,
		(crypto->n_pieces - last) * sizeof(crypto->pieces[0]));
	crypto->n_pieces = crypto->n_pieces - (last - first) + 1;
	crypto->pieces[first].begin = begin;
	crypto->pieces[first].end = end;
}
