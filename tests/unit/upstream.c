/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resolver/upstream.h"

#include "dns/hosts.h"
#include "unit.h"

#include <string.h>

static void reads_upstreams(void **state)
{
	static const struct {
		const char *text, *formatted; /* NULL: refused */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1@53" },
		{ "192.0.2.1:5353", "192.0.2.1@5353" },
		{ "192.0.2.1@5353", "192.0.2.1@5353" },
		{ "2001:db8::1", "2001:db8::1@53" },
		{ "2001:db8::1@54", "2001:db8::1@54" },
		{ "[2001:db8::1]", "2001:db8::1@53" },
		{ "[2001:db8::1]:5353", "2001:db8::1@5353" },
		{ "fe80::1%eth0", "fe80::1%eth0@53" },
		{ "[fe80::1%eth0]:54", "fe80::1%eth0@54" },
		{ "::ffff:192.0.2.1", "192.0.2.1@53" },
		{ "", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:0", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1@x", NULL },
		{ "192.0.2", NULL },
		{ "[2001:db8::1", NULL },
		{ "[2001:db8::1]5353", NULL },
		{ "2001:db8::1%eth0", NULL },
		{ "fe80::1%", NULL },
		{ "fe80::1%an-interface-with-a-long-name", NULL },
		{ "dns.example", NULL },
	};
	struct pr_upstream upstream;
	char text[PR_UPSTREAM_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		assert_int_equal(pr_upstream_parse(cases[i].text, &upstream),
				 cases[i].formatted ? 0 : -EINVAL);
		if (cases[i].formatted)
			assert_string_equal(pr_upstream_format(&upstream, text),
					    cases[i].formatted);
	}
}

static void reads_resolv_conf(void **state)
{
	static const char conf[] = "# nameserver 192.0.2.9\n"
				   "search example\n"
				   "nameserver 192.0.2.1\r\n"
				   "\tnameserver\t2001:db8::1 # the second\n"
				   "nameserver\n"
				   "nameserver bogus\n"
				   "nameservers 192.0.2.8\n"
				   "options edns0\n"
				   "nameserver fe80::1%eth0";
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX];
	char text[PR_UPSTREAM_TEXT_SIZE];

	(void)state;
	assert_int_equal(pr_resolv_conf_parse(conf, strlen(conf), upstreams, PR_UPSTREAMS_MAX), 3);
	assert_string_equal(pr_upstream_format(&upstreams[0], text), "192.0.2.1@53");
	assert_string_equal(pr_upstream_format(&upstreams[1], text), "2001:db8::1@53");
	assert_string_equal(pr_upstream_format(&upstreams[2], text), "fe80::1%eth0@53");
	assert_int_equal(pr_resolv_conf_parse(conf, strlen(conf), upstreams, 1), 1);
	assert_int_equal(pr_resolv_conf_parse("", 0, upstreams, 1), 0);
	assert_int_equal(pr_resolv_conf_parse("nameserver 192.0.2.1\0x", 22, upstreams, 1), 0);
}

#define FILE_OF(path, text)                  \
	{                                    \
		path, text, sizeof(text) - 1 \
	}

static void looks_behind_the_stub(void **state)
{
	static const struct pr_upstream_file resolved[] = {
		FILE_OF("/run/systemd/resolve/resolv.conf",
			"nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n"),
		FILE_OF("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\n"),
	};
	static const struct pr_upstream_file plain[] = {
		FILE_OF("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 192.0.2.3\n"),
		FILE_OF("/run/NetworkManager/resolv.conf", "nameserver 192.0.2.1\n"),
	};
	static const struct pr_upstream_file alone[] = {
		FILE_OF("/etc/resolv.conf",
			"nameserver ::1\nnameserver 0.0.0.0\nnameserver 10.0.0.1\n"),
		{ "/run/NetworkManager/resolv.conf", NULL, 0 },
		FILE_OF("/run/elsewhere", "nameserver 192.0.2.1\n"),
	};
	struct pr_upstream upstreams[PR_UPSTREAMS_MAX];
	struct pr_address own;
	char text[PR_UPSTREAM_TEXT_SIZE];

	(void)state;
	assert_int_equal(pr_address_parse("10.0.0.1", &own), 0);
	assert_int_equal(pr_upstreams_of_system(resolved, 2, NULL, 0, upstreams), 2);
	assert_string_equal(pr_upstream_format(&upstreams[1], text), "192.0.2.2@53");
	assert_int_equal(pr_upstreams_of_system(plain, 2, NULL, 0, upstreams), 1);
	assert_string_equal(pr_upstream_format(&upstreams[0], text), "192.0.2.3@53");
	/* nothing but ourselves: then that is the system's nameserver */
	assert_int_equal(pr_upstreams_of_system(alone, 3, &own, 1, upstreams), 3);
	assert_string_equal(pr_upstream_format(&upstreams[0], text), "::1@53");
	assert_true(pr_upstream_is_own(&upstreams[2], &own, 1));
	assert_int_equal(pr_upstreams_of_system(alone, 3, NULL, 0, upstreams), 1);
}

static void knows_those_on_the_internet(void **state)
{
	struct pr_upstream upstreams[2];
	struct pr_address own;

	(void)state;
	assert_int_equal(pr_upstream_parse("9.9.9.9", &upstreams[0]), 0);
	assert_int_equal(pr_upstream_parse("2620:fe::fe@5353", &upstreams[1]), 0);
	own = upstreams[1].address;
	assert_true(pr_upstreams_are_public(upstreams, 2, NULL, 0));
	assert_false(pr_upstreams_are_public(upstreams, 0, NULL, 0));
	/* a nameserver of this host knows its names, whatever its address */
	assert_false(pr_upstreams_are_public(upstreams, 2, &own, 1));
	assert_true(pr_upstreams_are_public(upstreams, 1, &own, 1));
	assert_int_equal(pr_upstream_parse("192.168.1.1", &upstreams[1]), 0);
	assert_false(pr_upstreams_are_public(upstreams, 2, NULL, 0));
}

static void pair(void *context, const struct pr_address *address, const char *name)
{
	char text[PR_ADDRESS_TEXT_SIZE], *out = context;
	size_t len = strlen(out);

	snprintf(out + len, 512 - len, "%s=%s ", pr_address_format(address, text), name);
}

static void reads_hosts(void **state)
{
	static const char hosts[] = "127.0.0.1\tlocalhost # loopback\n"
				    "::1 localhost ip6-localhost\n"
				    "\n# nothing\n"
				    "bogus name\n"
				    "192.0.2.1 Web.Example. bad..name other\r\n"
				    "fe80::1%eth0 router";
	struct pr_hosts_counters counters;
	char out[512] = "";

	(void)state;
	pr_hosts_parse(hosts, strlen(hosts), pair, out, &counters);
	assert_string_equal(out, "127.0.0.1=localhost ::1=localhost ::1=ip6-localhost "
				 "192.0.2.1=web.example 192.0.2.1=other fe80::1=router ");
	assert_int_equal(counters.n_pairs, 6);
	assert_int_equal(counters.n_passed_over, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_upstreams),
		cmocka_unit_test(reads_resolv_conf),
		cmocka_unit_test(looks_behind_the_stub),
		cmocka_unit_test(knows_those_on_the_internet),
		cmocka_unit_test(reads_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
