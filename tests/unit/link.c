/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/link.h"

#include "unit.h"

#include <netinet/in.h>

#define S UINT64_C(1000000)

static unsigned int n_forgotten;
static uint64_t last_forgotten;

static void forgotten(void *context, struct pr_link *link)
{
	(void)context;
	n_forgotten++;
	last_forgotten = link->id;
}

static struct pr_links *setup(uint32_t n_max)
{
	n_forgotten = 0;
	return pr_links_new(n_max, forgotten, NULL);
}

static struct pr_tuple tuple(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	struct pr_tuple made = { .src_port = src_port, .dst_port = dst_port, .proto = IPPROTO_TCP };

	assert_int_equal(pr_address_parse(src, &made.src), 0);
	assert_int_equal(pr_address_parse(dst, &made.dst), 0);
	return made;
}

static struct pr_link *add(struct pr_links *links, const struct pr_tuple *of, uint64_t now_us)
{
	struct pr_link *link = NULL;

	assert_int_equal(pr_links_add(links, of, PR_DIRECTION_OUT, now_us, &link), PR_LINKS_DONE);
	return link;
}

static void is_found_from_both_ends(void **state)
{
	struct pr_tuple out = tuple("192.0.2.1", 40000, "198.51.100.7", 443);
	struct pr_tuple back = pr_tuple_reversed(&out);
	struct pr_tuple other = tuple("192.0.2.1", 40001, "198.51.100.7", 443);
	struct pr_links *links = setup(0);
	struct pr_link *link = add(links, &out, 0), *ignored;
	bool reply = true;

	(void)state;
	assert_ptr_equal(pr_links_find(links, &out, &reply), link);
	assert_false(reply);
	assert_ptr_equal(pr_links_find(links, &back, &reply), link);
	assert_true(reply);
	assert_null(pr_links_find(links, &other, &reply));
	other = out;
	other.proto = IPPROTO_UDP;
	assert_null(pr_links_find(links, &other, NULL));
	assert_int_equal(pr_links_add(links, &out, PR_DIRECTION_OUT, 0, &ignored), PR_LINKS_EXISTS);
	assert_int_equal(pr_links_add(links, &back, PR_DIRECTION_IN, 0, &ignored), PR_LINKS_EXISTS);
	assert_ptr_equal(pr_links_by_id(links, link->id), link);
	pr_links_free(links);
	assert_int_equal(n_forgotten, 1);
}

static void is_found_behind_nat(void **state)
{
	/* A question to 192.0.2.53 that was rerouted to 127.0.0.1. */
	struct pr_tuple out = tuple("192.0.2.1", 40000, "192.0.2.53", 53);
	struct pr_tuple answer = tuple("127.0.0.1", 53, "192.0.2.1", 40000);
	struct pr_tuple seen = pr_tuple_reversed(&answer);
	struct pr_links *links = setup(0);
	struct pr_link *link = add(links, &out, 0);
	bool reply;

	(void)state;
	assert_null(pr_links_find(links, &answer, NULL));
	pr_links_confirm(links, link, &out, &answer, 0);
	assert_ptr_equal(pr_links_find(links, &answer, &reply), link);
	assert_true(reply);
	assert_ptr_equal(pr_links_find(links, &seen, &reply), link);
	assert_false(reply);
	assert_null(pr_links_find_unaliased(links, &seen, NULL));
	assert_ptr_equal(pr_links_find_conntrack(links, &out, &answer), link);
	pr_links_end(links, link, 0);
	assert_null(pr_links_find(links, &answer, NULL));
	assert_null(pr_links_find(links, &out, NULL));
	pr_links_free(links);
}

static void a_conntrack_entry_finds_what_forward_saw_first(void **state)
{
	/* A published port of a container, with masquerading on the way: what forward sees is the
	 * client's source and the container's address. */
	struct pr_tuple original = tuple("203.0.113.9", 50000, "192.0.2.1", 8080);
	struct pr_tuple forwarded = tuple("203.0.113.9", 50000, "172.17.0.2", 80);
	struct pr_tuple reply = tuple("172.17.0.2", 80, "172.17.0.1", 61000);
	struct pr_links *links = setup(0);
	struct pr_link *link = add(links, &forwarded, 0);

	(void)state;
	assert_ptr_equal(pr_links_find_conntrack(links, &original, &reply), link);
	pr_links_confirm(links, link, &original, &reply, 0);
	assert_ptr_equal(pr_links_find_conntrack(links, &original, &reply), link);
	assert_int_equal(link->state, PR_LINK_CONFIRMED);
	pr_links_free(links);
}

static void an_alias_never_takes_another_links_packets(void **state)
{
	struct pr_tuple direct = tuple("192.0.2.1", 40000, "127.0.0.1", 53);
	struct pr_tuple rerouted = tuple("192.0.2.1", 40000, "192.0.2.53", 53);
	struct pr_tuple third = tuple("192.0.2.1", 40000, "127.0.0.1", 54);
	struct pr_links *links = setup(0);
	struct pr_link *one = add(links, &direct, 0), *two = add(links, &rerouted, 0);

	(void)state;
	assert_false(pr_links_alias(links, two, &direct));
	assert_ptr_equal(pr_links_find(links, &direct, NULL), one);
	assert_true(pr_links_alias(links, two, &third));
	assert_ptr_equal(pr_links_find(links, &third, NULL), two);
	/* A link of its own comes first. */
	assert_ptr_not_equal(add(links, &third, 0), two);
	assert_ptr_not_equal(pr_links_find(links, &third, NULL), two);
	pr_links_free(links);
}

static struct pr_tuple numbered(uint32_t i)
{
	struct pr_tuple made = tuple("192.0.2.1", 40000, "10.0.0.0", 443);

	made.dst.bytes[1] = (uint8_t)(i >> 16);
	made.dst.bytes[2] = (uint8_t)(i >> 8);
	made.dst.bytes[3] = (uint8_t)i;
	return made;
}

static struct pr_link *add_numbered(struct pr_links *links, uint32_t i, uint64_t now_us)
{
	struct pr_tuple of = numbered(i);

	return add(links, &of, now_us);
}

static void when_full_the_ended_goes_then_the_idle_and_never_the_confirmed(void **state)
{
	struct pr_links *links = setup(3);
	struct pr_link *confirmed = add_numbered(links, 0, 0), *idle, *ended, *refused;
	uint64_t idle_id, ended_id, busy_id;
	struct pr_links_counters counters;
	struct pr_tuple more;

	(void)state;
	pr_links_confirm(links, confirmed, NULL, NULL, 0);
	idle = add_numbered(links, 1, 1 * S);
	ended = add_numbered(links, 2, 0);
	idle_id = idle->id;
	ended_id = ended->id;
	pr_links_end(links, ended, 2 * S);
	busy_id = add_numbered(links, 3, 3 * S)->id;
	assert_int_equal(last_forgotten, ended_id);
	pr_links_touch(links, idle, 4 * S);
	confirmed = pr_links_by_id(links, confirmed->id);
	pr_links_confirm(links, add_numbered(links, 4, 5 * S), NULL, NULL, 5 * S);
	assert_int_equal(last_forgotten, busy_id); /* idle was touched since */
	pr_links_confirm(links, idle, NULL, NULL, 5 * S);
	assert_non_null(pr_links_by_id(links, idle_id));
	more = numbered(5);
	assert_int_equal(pr_links_add(links, &more, PR_DIRECTION_OUT, 0, &refused), PR_LINKS_FULL);
	pr_links_counters(links, &counters);
	assert_int_equal(counters.n_confirmed, 3);
	assert_int_equal(counters.refused, 1);
	assert_int_equal(counters.evicted, 1);
	pr_links_free(links);
}

static void a_link_whose_packet_is_held_is_not_evicted(void **state)
{
	struct pr_links *links = setup(2);
	struct pr_link *held = add_numbered(links, 0, 0), *refused;
	uint64_t held_id = held->id;
	struct pr_tuple more = numbered(3);

	(void)state;
	held->ends[PR_LINK_OUT].held = true;
	(void)add_numbered(links, 1, 1 * S);
	held = add_numbered(links, 2, 2 * S);
	assert_non_null(pr_links_by_id(links, held_id));
	held->ends[PR_LINK_IN].held = true;
	assert_int_equal(pr_links_add(links, &more, PR_DIRECTION_OUT, 0, &refused), PR_LINKS_FULL);
	pr_links_free(links);
}

static void count_ended(void *context, struct pr_link *link)
{
	assert_int_equal(link->state, PR_LINK_ENDED);
	++*(unsigned int *)context;
}

static void idle_unconfirmed_links_end(void **state)
{
	const uint64_t idle = PR_LINK_UNCONFIRMED_IDLE_S * S, keep = PR_LINK_ENDED_KEEP_S * S;
	struct pr_links *links = setup(0);
	struct pr_links_counters counters;
	unsigned int n_ended = 0;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		(void)add_numbered(links, i, i);
	pr_links_confirm(links, add_numbered(links, 10, 10), NULL, NULL, 10);
	assert_int_equal(pr_links_expire(links, idle + 4, 0, count_ended, &n_ended), 5);
	assert_int_equal(n_ended, 5);
	assert_int_equal(n_forgotten, 0);
	assert_int_equal(pr_links_expire(links, idle + 9, 2, count_ended, &n_ended), 2);
	assert_int_equal(n_ended, 7);
	assert_int_equal(pr_links_expire(links, idle + 4 + keep, 0, count_ended, &n_ended), 8);
	assert_int_equal(n_forgotten, 5);
	assert_int_equal(n_ended, 10);
	pr_links_counters(links, &counters);
	assert_int_equal(counters.n_confirmed, 1);
	pr_links_free(links);
}

static void many_links_come_and_go(void **state)
{
	struct pr_links *links = setup(5000);
	struct pr_link *link;
	size_t bytes;

	(void)state;
	for (unsigned int round = 0; round < 4; round++) {
		uint32_t cursor = 0;
		unsigned int n = 0;

		for (uint32_t i = 0; i < 5000; i++) {
			link = add_numbered(links, i, i);
			link->packets_sent = i;
			pr_links_confirm(links, link, NULL, NULL, i);
		}
		bytes = pr_links_bytes(links);
		for (uint32_t i = 0; i < 5000; i++) {
			struct pr_tuple of = numbered(i);

			link = pr_links_find(links, &of, NULL);
			assert_int_equal(link->packets_sent, i);
		}
		while ((link = pr_links_next(links, &cursor))) {
			pr_links_end(links, link, 0);
			n++;
		}
		assert_int_equal(n, 5000);
		/* Nothing more is taken once it has been that full. */
		if (round)
			assert_int_equal(pr_links_bytes(links), bytes);
	}
	pr_links_free(links);
	assert_int_equal(n_forgotten, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_found_from_both_ends),
		cmocka_unit_test(is_found_behind_nat),
		cmocka_unit_test(a_conntrack_entry_finds_what_forward_saw_first),
		cmocka_unit_test(an_alias_never_takes_another_links_packets),
		cmocka_unit_test(when_full_the_ended_goes_then_the_idle_and_never_the_confirmed),
		cmocka_unit_test(a_link_whose_packet_is_held_is_not_evicted),
		cmocka_unit_test(idle_unconfirmed_links_end),
		cmocka_unit_test(many_links_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
