/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions and answers of any names at any times, from few applications so that states grow. What a question was
 * suspected of, a look at the same moment says too; the reasons fit; a look changes nothing.
 *
 * A step: what (1 byte), seconds that passed (2), type (2), length of the name (1), the name.
 */
#include "intel/heuristics.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "base/name.h"

#include "../target.h"

#include <string.h>

#define SECOND_US UINT64_C(1000000)

static void check_reasons(struct pr_heuristics *heuristics, uint64_t now_us, uint64_t application,
			  const char *name)
{
	char text[PR_HEURISTICS_TEXT_SIZE];

	pr_heuristics_explain(heuristics, now_us, application, name, PR_SUSPICION_GENERATED, text);
	pr_assert(strlen(text) < sizeof(text) - 1 && text[0]);
	pr_heuristics_explain(heuristics, now_us, application, name, PR_SUSPICION_TUNNEL, text);
	pr_assert(strlen(text) < sizeof(text) - 1);
}

static void step(struct pr_heuristics *heuristics, uint64_t now_us, uint8_t what, uint16_t type,
		 const char *name)
{
	uint64_t application = what & 3u;
	unsigned int suspicions, seen;

	if (what & 4u) {
		pr_heuristics_answered(heuristics, now_us, application, name, what >> 4, type);
		return;
	}
	suspicions = pr_heuristics_asked(heuristics, now_us, application, name, type);
	seen = pr_heuristics_look(heuristics, now_us, application, name);
	pr_assert((suspicions & ~seen) == 0);
	pr_assert(pr_heuristics_look(heuristics, now_us, application, name) == seen);
	check_reasons(heuristics, now_us, application, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct pr_heuristics *heuristics; /* reading the list of suffixes takes long */
	struct pr_reader reader = pr_reader(bytes, len);
	uint64_t now_us = 0;

	pr_hash_seed(1);
	if (!heuristics)
		heuristics = pr_heuristics_new();
	pr_heuristics_forget(heuristics);
	while (pr_reader_left(&reader)) {
		uint8_t what = pr_read_u8(&reader);
		uint16_t seconds = pr_read_u16(&reader), type = pr_read_u16(&reader);
		uint8_t name_len = pr_read_u8(&reader);
		const uint8_t *text = pr_read_bytes(&reader, name_len);
		char name[PR_NAME_TEXT_SIZE], raw[256];

		if (!text)
			break;
		memcpy(raw, text, name_len);
		raw[name_len] = '\0';
		now_us += seconds * SECOND_US;
		if (pr_name_canonical(raw, name) == 0)
			step(heuristics, now_us, what, type, name);
	}
	return 0;
}
