/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/tunnel_codec.h"

#include "base/name.h"

#include "unit.h"

#include <netinet/in.h>
#include <string.h>

static struct pr_tunnel_link a_link(void)
{
	struct pr_tunnel_link link = {
		.tuple = { .src_port = 40000, .dst_port = 443, .proto = IPPROTO_TCP },
		.upstream = "tor",
		.application = "profile:curl",
		.name = "hidden.example",
		.opening = 0x01020304
	};

	assert_int_equal(pr_address_parse("192.0.2.1", &link.tuple.src), 0);
	assert_int_equal(pr_address_parse("198.18.0.7", &link.tuple.dst), 0);
	return link;
}

static int over(const struct pr_tunnel_link *link)
{
	static uint8_t body[PR_TUNNEL_BODY_MAX];
	struct pr_tunnel_link read;
	size_t len = pr_tunnel_link_encode(link, body, sizeof(body));

	assert_true(len > 0);
	return pr_tunnel_link_decode(body, len, &read);
}

static void links_come_over(void **state)
{
	struct pr_tunnel_link link = a_link(), read;
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_link_encode(&link, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_tunnel_link_decode(body, len, &read), 0);
	assert_true(pr_tuple_equal(&read.tuple, &link.tuple));
	assert_string_equal(read.upstream, "tor");
	assert_string_equal(read.application, "profile:curl");
	assert_string_equal(read.name, "hidden.example");
	assert_int_equal(read.opening, 0x01020304);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_tunnel_link_decode(body, cut, &read), -EBADMSG);
	assert_int_equal(pr_tunnel_link_encode(&link, body, len - 1), 0);
	/* without a name */
	link.name = NULL;
	len = pr_tunnel_link_encode(&link, body, sizeof(body));
	assert_int_equal(pr_tunnel_link_decode(body, len, &read), 0);
	assert_string_equal(read.name, "");
}

static void links_that_lead_nowhere_do_not(void **state)
{
	char longest[PR_TUNNEL_APPLICATION_MAX + 2];
	struct pr_tunnel_link link;

	(void)state;
	link = a_link();
	assert_int_equal(over(&link), 0);
	link.name = "Hidden.example";
	assert_int_equal(over(&link), -EBADMSG);
	link = a_link();
	link.upstream = "";
	assert_int_equal(over(&link), -EBADMSG);
	link = a_link();
	link.tuple.proto = IPPROTO_ICMP;
	assert_int_equal(over(&link), -EBADMSG);
	link = a_link();
	link.tuple.dst_port = 0;
	assert_int_equal(over(&link), -EBADMSG);
	link = a_link();
	assert_int_equal(pr_address_parse("2001:db8::1", &link.tuple.dst), 0);
	assert_int_equal(over(&link), -EBADMSG);
	link = a_link();
	memset(longest, 'a', sizeof(longest));
	longest[PR_TUNNEL_APPLICATION_MAX] = '\0';
	link.application = longest;
	assert_int_equal(over(&link), 0);
	longest[PR_TUNNEL_APPLICATION_MAX] = 'a';
	longest[PR_TUNNEL_APPLICATION_MAX + 1] = '\0';
	assert_int_equal(over(&link), -EBADMSG);
}

static void the_longest_fits(void **state)
{
	char application[PR_TUNNEL_APPLICATION_MAX + 1], id[PR_TUNNEL_UPSTREAM_ID_MAX + 1];
	char name[PR_NAME_TEXT_SIZE];
	struct pr_tunnel_link link = a_link();

	(void)state;
	memset(application, 'a', sizeof(application));
	application[sizeof(application) - 1] = '\0';
	memset(id, 'i', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	/* every byte escaped: as long as a name's text gets */
	name[0] = '\0';
	for (unsigned int label = 0; label < 4; label++) {
		for (unsigned int byte = 0; byte < (label < 3 ? 63u : 60u); byte++)
			strcat(name, "\\200");
		strcat(name, label < 3 ? "." : "");
	}
	link.application = application;
	link.upstream = id;
	link.name = name;
	assert_true(pr_tunnel_link_encode(&link, (uint8_t[PR_TUNNEL_BODY_MAX]){ 0 },
					  PR_TUNNEL_BODY_MAX) > 0);
}

static void outcomes_come_over(void **state)
{
	struct pr_tunnel_opened opened = { PR_TUNNEL_REFUSED, "tor: the destination refused", 7 },
				read;
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_opened_encode(&opened, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_tunnel_opened_decode(body, len, &read), 0);
	assert_int_equal(read.outcome, PR_TUNNEL_REFUSED);
	assert_string_equal(read.why, opened.why);
	assert_int_equal(read.opening, 7);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_tunnel_opened_decode(body, cut, &read), -EBADMSG);
	body[0] = PR_TUNNEL_N_OUTCOMES;
	assert_int_equal(pr_tunnel_opened_decode(body, len, &read), -EBADMSG);
}

static void what_arrives_comes_over(void **state)
{
	struct pr_tunnel_link link = a_link();
	struct pr_tuple read;
	uint8_t body[PR_TUNNEL_BODY_MAX];
	size_t len = pr_tunnel_who_encode(&link.tuple, body, sizeof(body));

	(void)state;
	assert_int_equal(pr_tunnel_who_decode(body, len, &read), 0);
	assert_true(pr_tuple_equal(&read, &link.tuple));
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(pr_tunnel_who_decode(body, cut, &read), -EBADMSG);
	link.tuple.src_port = 0;
	len = pr_tunnel_who_encode(&link.tuple, body, sizeof(body));
	assert_int_equal(pr_tunnel_who_decode(body, len, &read), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_come_over),
		cmocka_unit_test(links_that_lead_nowhere_do_not),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(outcomes_come_over),
		cmocka_unit_test(what_arrives_comes_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
