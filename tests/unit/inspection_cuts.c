/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * However a talk is cut, mixed and repeated on its way, the link shows the same; and no byte of the client's goes on before
 * an inspector has let it go. The servers' answers come as those of a server do that has read what it answers.
 */
#include "inspection_link.h"

#define ROUNDS	   400
#define PIECES_MAX 64
#define PREFACE	   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64"

struct text {
	const char *bytes;
	uint32_t len;
};

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

struct talk {
	struct text client;
	enum pr_speaks speaks;
	const char *name; /* NULL = none */
};

static const struct talk talks[] = {
	{ TEXT(REQUEST), PR_SPEAKS_HTTP, "a.example" },
	{ TEXT("CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\nUser-Agent: x\r\n\r\n"),
	  PR_SPEAKS_HTTP, "b.example" },
	{ TEXT("GET / HTTP/1.0\r\n\r\n"), PR_SPEAKS_HTTP, NULL },
	{ TEXT(PREFACE "\0\0\x14\1\5\0\0\0\1\x82\x86\x84\x41\x0fwww.example.com"), PR_SPEAKS_HTTP,
	  "www.example.com" },
	{ TEXT("\x00\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1"),
	  PR_SPEAKS_UNKNOWN, NULL }, /* a question, with a length that isn't its own */
	{ TEXT(UNKNOWN), PR_SPEAKS_UNKNOWN, NULL },
};

struct piece {
	uint32_t from, len;
};

static uint32_t next(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/* Pieces that may overlap and come twice, in some disorder. */
static unsigned int cut(uint32_t *random, uint32_t len, struct piece *pieces)
{
	uint32_t at = 0, size = 1 + next(random) % 40;
	unsigned int n = 0;

	while (at < len && n < PIECES_MAX - 2) {
		uint32_t back = next(random) % 8, step = 1 + next(random) % size;

		step = n >= PIECES_MAX - 4 || step > len - at ? len - at : step;
		back = back > at ? at : back;
		pieces[n++] = (struct piece){ at - back, back + step };
		if (next(random) % 4 == 0 && n < PIECES_MAX - 2) {
			pieces[n] = pieces[n - 1];
			n++;
		}
		at += step;
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int j = i + next(random) % 5;
		struct piece kept = pieces[i];

		j = j < n ? j : n - 1;
		pieces[i] = pieces[j];
		pieces[j] = kept;
	}
	return n;
}

static void is_as_whole(const struct fixture *fixture, const struct talk *talk)
{
	assert_int_equal(seen(fixture)->speaks, talk->speaks);
	assert_int_equal(seen(fixture)->settled, PR_FACTS_SEEN);
	assert_int_equal(seen(fixture)->flags, 0);
	assert_int_equal(seen(fixture)->n_names, talk->name != NULL);
	if (talk->name)
		assert_string_equal(seen(fixture)->names[0], talk->name);
}

static void check_once(const struct talk *talk, uint32_t *random, bool holds)
{
	struct piece pieces[PIECES_MAX];
	unsigned int n = cut(random, talk->client.len, pieces);
	bool finished = false;
	struct fixture fixture;

	connect_with(&fixture, holds);
	for (unsigned int i = 0; i < n; i++) {
		enum pr_inspection_says says =
			client(&fixture, pieces[i].from, talk->client.bytes + pieces[i].from,
			       pieces[i].len);

		if (finished)
			assert_int_equal(says, PR_INSPECTION_FINISHED);
		else if (holds && says == PR_INSPECTION_PASS)
			/* all is settled; or HTTP/2's beginning, which is about the connection alone */
			assert_true(seen(&fixture)->settled == PR_FACTS_SEEN ||
				    pieces[i].from + pieces[i].len < sizeof(PREFACE));
		else
			assert_true(says == PR_INSPECTION_FINISHED ||
				    says == (holds ? PR_INSPECTION_HOLD : PR_INSPECTION_PASS));
		finished |= says == PR_INSPECTION_FINISHED;
	}
	if (holds)
		acknowledged(&fixture, talk->client.len);
	assert_true(finished || holds);
	is_as_whole(&fixture, talk);
	assert_int_equal(counters_of(&fixture).contradictions, 0);
	assert_int_equal(counters_of(&fixture).dropped, 0);
	end(&fixture);
}

static void cut_and_mixed(void **state)
{
	uint32_t random = 0x2545f491;

	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(talks); i++)
		for (unsigned int round = 0; round < ROUNDS; round++)
			check_once(&talks[i], &random, round % 2);
}

/* In two, at each byte. */
static void cut_at_each_byte(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(talks); i++) {
		const struct text *text = &talks[i].client;

		for (uint32_t at = 1; at < text->len; at++) {
			struct fixture fixture;

			connect_with(&fixture, true);
			(void)client(&fixture, 0, text->bytes, at);
			assert_int_equal(client(&fixture, at, text->bytes + at, text->len - at),
					 PR_INSPECTION_PASS);
			is_as_whole(&fixture, &talks[i]);
			end(&fixture);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_and_mixed),
		cmocka_unit_test(cut_at_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
