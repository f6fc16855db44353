/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/stream.h"

#include "inspection/limits.h"

#include "unit.h"

#include <string.h>

#define TEXT_LEN 4096u
#define ISN	 0xfffffff0u /* the numbers wrap around within the first bytes */

struct fixture {
	struct pr_inspection_memory memory;
	struct pr_assembly assembly;
	uint8_t text[TEXT_LEN];
};

static void begin(struct fixture *fixture)
{
	*fixture = (struct fixture){ .memory.bytes_max = 1 << 20 };
	fixture->assembly.first = ISN + 1;
	fixture->assembly.known = true;
	for (unsigned int i = 0; i < TEXT_LEN; i++)
		fixture->text[i] = (uint8_t)(i * 7 + i / 256);
}

static void end(struct fixture *fixture)
{
	pr_assembly_clear(&fixture->assembly, &fixture->memory);
	assert_int_equal(fixture->memory.bytes, 0);
}

static enum pr_assembled add_to(struct fixture *fixture, const uint8_t *bytes, uint32_t from,
				uint32_t len, uint32_t limit)
{
	const struct pr_segment segment = {
		.seq = ISN + 1 + from, .bytes = bytes, .len = len, .wire_len = len
	};

	return pr_assembly_add(&fixture->assembly, &segment, limit, &fixture->memory);
}

static enum pr_assembled add(struct fixture *fixture, uint32_t from, uint32_t len)
{
	return add_to(fixture, fixture->text + from, from, len, TEXT_LEN);
}

static enum pr_assembled add_fin(struct fixture *fixture, uint32_t at)
{
	const struct pr_segment segment = { .seq = ISN + 1 + at, .fin = true };

	return pr_assembly_add(&fixture->assembly, &segment, TEXT_LEN, &fixture->memory);
}

static void holds(struct fixture *fixture, uint32_t len)
{
	assert_int_equal(fixture->assembly.len, len);
	if (len)
		assert_memory_equal(fixture->assembly.bytes, fixture->text, len);
}

static void in_order(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(fixture.memory.bytes, 0);
	assert_int_equal(add(&fixture, 0, 10), PR_ASSEMBLED_MORE);
	assert_int_equal(add(&fixture, 10, 1000), PR_ASSEMBLED_MORE);
	holds(&fixture, 1010);
	assert_true(fixture.memory.bytes >= 1010);
	end(&fixture);
}

static void out_of_order(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(add(&fixture, 200, 100), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 50, 50), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 100, 60), PR_ASSEMBLED_AHEAD);
	assert_int_equal(fixture.assembly.n_pieces, 2);
	assert_int_equal(fixture.assembly.len, 0);
	assert_int_equal(add(&fixture, 0, 55), PR_ASSEMBLED_MORE);
	holds(&fixture, 160);
	assert_int_equal(add(&fixture, 150, 100), PR_ASSEMBLED_MORE);
	holds(&fixture, 300);
	assert_int_equal(fixture.assembly.n_pieces, 0);
	end(&fixture);
}

static void twice(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_OLD);
	assert_int_equal(add(&fixture, 20, 30), PR_ASSEMBLED_OLD);
	assert_int_equal(add(&fixture, 90, 20), PR_ASSEMBLED_MORE);
	holds(&fixture, 110);
	assert_int_equal(add(&fixture, 200, 50), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 210, 10), PR_ASSEMBLED_OLD);
	assert_int_equal(add(&fixture, 200, 50), PR_ASSEMBLED_OLD);
	assert_int_equal(add(&fixture, 190, 70), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 0, 300), PR_ASSEMBLED_MORE);
	holds(&fixture, 300);
	end(&fixture);
}

static void differs(void **state)
{
	uint8_t other[200];
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	memcpy(other, fixture.text, sizeof(other));
	other[50] ^= 1;
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_int_equal(add_to(&fixture, other, 0, 100, TEXT_LEN), PR_ASSEMBLED_CONTRADICTS);
	/* what is new in it isn't taken either */
	assert_int_equal(add_to(&fixture, other, 0, 200, TEXT_LEN), PR_ASSEMBLED_CONTRADICTS);
	holds(&fixture, 100);
	/* in a piece behind a gap */
	assert_int_equal(add(&fixture, 150, 50), PR_ASSEMBLED_AHEAD);
	memcpy(other, fixture.text, sizeof(other));
	other[199] ^= 1;
	assert_int_equal(add_to(&fixture, other + 140, 140, 60, TEXT_LEN),
			 PR_ASSEMBLED_CONTRADICTS);
	assert_int_equal(add(&fixture, 100, 50), PR_ASSEMBLED_MORE);
	holds(&fixture, 200);
	end(&fixture);
}

static void keep_alives(void **state)
{
	const uint8_t garbage = 0xee;
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_int_equal(add_to(&fixture, &garbage, 99, 1, TEXT_LEN), PR_ASSEMBLED_PROBE);
	assert_int_equal(add_to(&fixture, &garbage, 98, 1, TEXT_LEN), PR_ASSEMBLED_CONTRADICTS);
	/* before the first byte: sound only where the other end has that */
	assert_int_equal(add_to(&fixture, &garbage, UINT32_MAX, 1, TEXT_LEN), PR_ASSEMBLED_OUTSIDE);
	assert_true(
		pr_assembly_acknowledged(&fixture.assembly, ISN + 1 + 100, fixture.assembly.high));
	assert_int_equal(add_to(&fixture, &garbage, 99, 1, TEXT_LEN), PR_ASSEMBLED_OLD);
	assert_int_equal(add_to(&fixture, &garbage, UINT32_MAX, 1, TEXT_LEN), PR_ASSEMBLED_OLD);
	/* what was acknowledged can't be changed, whatever a segment carries; what follows it is taken */
	assert_false(
		pr_assembly_acknowledged(&fixture.assembly, ISN + 1 + 101, fixture.assembly.high));
	assert_false(pr_assembly_acknowledged(&fixture.assembly, ISN, fixture.assembly.high));
	holds(&fixture, 100);
	end(&fixture);
}

/* A segment that begins before the first byte: its end counts. */
static void before_the_first(void **state)
{
	uint8_t bytes[20] = { 0 };
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	memcpy(bytes + 5, fixture.text, 15);
	assert_int_equal(add_to(&fixture, bytes, (uint32_t)-5, 20, TEXT_LEN), PR_ASSEMBLED_MORE);
	holds(&fixture, 15);
	end(&fixture);
}

static void too_many_pieces(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	for (uint32_t i = 0; i < PR_INSPECTION_PIECES_MAX; i++)
		assert_int_equal(add(&fixture, 10 + 20 * i, 10), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 2000, 10), PR_ASSEMBLED_CROWDED);
	/* one that stands beside another needs no room */
	assert_int_equal(add(&fixture, 20, 10), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 2000, 10), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add(&fixture, 0, 400), PR_ASSEMBLED_MORE);
	holds(&fixture, 400);
	end(&fixture);
}

static void limits(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(add_to(&fixture, fixture.text + 600, 600, 100, 500), PR_ASSEMBLED_BEYOND);
	assert_int_equal(add_to(&fixture, fixture.text, 0, 400, 500), PR_ASSEMBLED_MORE);
	assert_false(pr_assembly_full(&fixture.assembly, 500));
	assert_int_equal(add_to(&fixture, fixture.text + 400, 400, 400, 500), PR_ASSEMBLED_MORE);
	holds(&fixture, 500);
	assert_true(pr_assembly_full(&fixture.assembly, 500));
	assert_int_equal(add_to(&fixture, fixture.text + 500, 500, 1, 500), PR_ASSEMBLED_BEYOND);
	assert_int_equal(add_to(&fixture, fixture.text + 499, 499, 10, 500), PR_ASSEMBLED_OLD);
	assert_int_equal(fixture.assembly.size, 500);
	/* a lower limit takes nothing away */
	assert_int_equal(add_to(&fixture, fixture.text, 0, 400, 100), PR_ASSEMBLED_OLD);
	assert_true(pr_assembly_full(&fixture.assembly, 100));
	holds(&fixture, 500);
	end(&fixture);
}

static void what_was_cut_off(void **state)
{
	struct pr_segment cut = { .seq = ISN + 1, .len = 60, .wire_len = 100 };
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	cut.bytes = fixture.text;
	assert_int_equal(pr_assembly_add(&fixture.assembly, &cut, TEXT_LEN, &fixture.memory),
			 PR_ASSEMBLED_MORE);
	holds(&fixture, 60);
	assert_true(pr_assembly_full(&fixture.assembly, TEXT_LEN));
	assert_int_equal(add(&fixture, 100, 50), PR_ASSEMBLED_BEYOND);
	holds(&fixture, 60);
	end(&fixture);

	/* of what was here already nothing is missed */
	begin(&fixture);
	cut.bytes = fixture.text;
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_int_equal(pr_assembly_add(&fixture.assembly, &cut, TEXT_LEN, &fixture.memory),
			 PR_ASSEMBLED_OLD);
	assert_false(pr_assembly_full(&fixture.assembly, TEXT_LEN));
	end(&fixture);
}

static void ends(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(add_fin(&fixture, 100), PR_ASSEMBLED_AHEAD);
	assert_int_equal(add_fin(&fixture, 100), PR_ASSEMBLED_OLD);
	assert_int_equal(add_fin(&fixture, 90), PR_ASSEMBLED_CONTRADICTS);
	assert_int_equal(add(&fixture, 90, 20), PR_ASSEMBLED_CONTRADICTS);
	assert_false(pr_assembly_ended(&fixture.assembly));
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_true(pr_assembly_ended(&fixture.assembly));
	assert_true(
		pr_assembly_acknowledged(&fixture.assembly, ISN + 1 + 101, fixture.assembly.high));
	end(&fixture);

	begin(&fixture);
	assert_int_equal(add(&fixture, 0, 100), PR_ASSEMBLED_MORE);
	assert_int_equal(add_fin(&fixture, 50), PR_ASSEMBLED_CONTRADICTS);
	assert_int_equal(add_fin(&fixture, 100), PR_ASSEMBLED_MORE);
	assert_true(pr_assembly_ended(&fixture.assembly));
	end(&fixture);

	/* without a byte */
	begin(&fixture);
	assert_int_equal(add_fin(&fixture, 0), PR_ASSEMBLED_MORE);
	assert_true(pr_assembly_ended(&fixture.assembly));
	end(&fixture);
}

static void no_memory(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	fixture.memory.bytes_max = 512;
	assert_int_equal(add(&fixture, 0, 500), PR_ASSEMBLED_MORE);
	assert_int_equal(add(&fixture, 500, 100), PR_ASSEMBLED_NO_MEMORY);
	holds(&fixture, 500);
	fixture.memory.bytes_max = 1024;
	assert_int_equal(add(&fixture, 500, 100), PR_ASSEMBLED_MORE);
	holds(&fixture, 600);
	assert_int_equal(add(&fixture, 700, 100), PR_ASSEMBLED_NO_MEMORY);
	end(&fixture);
}

/* ---- property: however it is cut, mixed and repeated, the same bytes come out ---- */

static uint32_t next(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

static uint32_t cut(uint32_t *random, uint32_t *ret_cuts, uint32_t most, uint32_t len)
{
	uint32_t n = 0, at = 0;

	while (at < len && n < most - 1) {
		ret_cuts[n++] = at;
		at += 1 + next(random) % (2 * len / most + 1);
	}
	ret_cuts[n] = len;
	return n;
}

static void same_bytes(void **state)
{
	uint32_t random = 0x9e3779b9, cuts[64], order[256];

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		uint32_t len = 1 + next(&random) % TEXT_LEN, n, n_sent = 0;
		struct fixture fixture;

		begin(&fixture);
		n = cut(&random, cuts, 2 + next(&random) % 30, len);
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t times = 1 + next(&random) % 3; times; times--)
				order[n_sent++] = i;
		/* near by in most rounds, anywhere in others */
		for (uint32_t i = 0; i < n_sent; i++) {
			uint32_t reach = round % 3 ? 4 : n_sent, j = i + next(&random) % reach;
			uint32_t kept = order[i];

			j = j < n_sent ? j : n_sent - 1;
			order[i] = order[j];
			order[j] = kept;
		}
		/* what had no room is sent again, in order, as its sender would */
		for (uint32_t i = 0; i < n_sent + n; i++) {
			uint32_t piece = i < n_sent ? order[i] : i - n_sent, from = cuts[piece];
			uint32_t to = cuts[piece + 1], more = next(&random) % 50;
			enum pr_assembled assembled;

			to = to + more < len ? to + more : len;
			from = from > more ? from - more : 0;
			assembled = add(&fixture, from, to - from);
			assert_true(assembled == PR_ASSEMBLED_MORE ||
				    assembled == PR_ASSEMBLED_AHEAD ||
				    assembled == PR_ASSEMBLED_OLD ||
				    (assembled == PR_ASSEMBLED_CROWDED && i < n_sent));
			holds(&fixture, fixture.assembly.len);
		}
		holds(&fixture, len);
		assert_int_equal(fixture.assembly.n_pieces, 0);
		end(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(twice),
		cmocka_unit_test(differs),
		cmocka_unit_test(keep_alives),
		cmocka_unit_test(before_the_first),
		cmocka_unit_test(too_many_pieces),
		cmocka_unit_test(limits),
		cmocka_unit_test(what_was_cut_off),
		cmocka_unit_test(ends),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
