/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/tunnel.h"

#include "unit.h"

#include <string.h>

/* The kind, host and port, or interface, of a URL; otherwise the sentence. */
static const char *parsed(const char *url)
{
	static char shown[PR_TUNNEL_URL_MAX + 64];
	PR_CLEANUP(pr_cleanup_free) char *text = pr_strdup(url);
	struct pr_tunnel_upstream upstream = { .host = "", .interface = "" };
	const char *why;

	if (pr_tunnel_url_parse(text, &upstream, &why) != 0)
		return why;
	snprintf(shown, sizeof(shown), "%s %s%s %u", pr_tunnel_kind_name(upstream.kind),
		 upstream.host, upstream.interface, upstream.port);
	return shown;
}

static void reads_urls(void **state)
{
	(void)state;
	assert_string_equal(parsed("socks5://127.0.0.1:9050"), "socks5 127.0.0.1 9050");
	assert_string_equal(parsed("SOCKS5://[::1]:9050"), "socks5 ::1 9050");
	assert_string_equal(parsed("connect://Proxy.Example.:443"), "connect proxy.example 443");
	assert_string_equal(parsed("http://10.0.0.1:3128"), "http 10.0.0.1 3128");
	assert_string_equal(parsed("http://localhost:65535"), "http localhost 65535");
	assert_string_equal(parsed("interface:wg0"), "interface wg0 0");
	assert_string_equal(parsed("interface:br-1.2@x_y12"), "interface br-1.2@x_y12 0");
}

static void refuses_urls(void **state)
{
	static const struct {
		const char *url, *why;
	} cases[] = {
		{ "", "it must be" },
		{ "socks4://127.0.0.1:9050", "it must be" },
		{ "https://proxy.example:443", "it must be" },
		{ "socks5:127.0.0.1:9050", "it must be" },
		{ "socks5://127.0.0.1", "it needs a host and a port" },
		{ "socks5://[::1]", "it needs a host and a port" },
		{ "socks5://[::1", "it needs a host and a port" },
		{ "socks5://[127.0.0.1]:80", "it needs a host and a port" },
		{ "socks5://::1:9050", "its port" },
		{ "socks5://127.0.0.1:0", "its port" },
		{ "socks5://127.0.0.1:", "its port" },
		{ "socks5://127.0.0.1:65536", "its port" },
		{ "socks5://127.0.0.1:+80", "its port" },
		{ "socks5://:80", "it names no host" },
		{ "socks5://a..b:80", "it names no host" },
		{ "socks5://a!b:80", "it names no host" },
		{ "socks5://192.0.2.256:80", "it names no host" },
		{ "socks5://[1:2]:80", "it names no host" },
		{ "socks5://u:p@proxy.example:80", "user and password" },
		{ "connect://proxy.example:443/", "nothing may follow" },
		{ "connect://proxy.example:443?x", "nothing may follow" },
		{ "connect://b\xc3\xbc.example:443", "it holds a blank" },
		{ "connect://a b:443", "it holds a blank" },
		{ "connect://a:443\n", "it holds a blank" },
		{ "interface:", "it names no interface" },
		{ "interface:..", "it names no interface" },
		{ "interface:a/b", "it names no interface" },
		{ "interface:a:1", "it names no interface" },
		{ "interface:abcdefghijklmnop", "it names no interface" },
	};
	char text[PR_TUNNEL_URL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		const char *why = parsed(cases[i].url);

		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("\"%s\": %s", cases[i].url, why);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(parsed(text), "it has more than 512 bytes");
}

static void leaves_what_it_refuses(void **state)
{
	struct pr_tunnel_upstream upstream = { .kind = PR_TUNNEL_SET, .host = "before", .port = 1 };
	const char *why;

	(void)state;
	assert_int_equal(pr_tunnel_url_parse((char[]){ "http://a!:80" }, &upstream, &why), -EINVAL);
	assert_int_equal(upstream.kind, PR_TUNNEL_SET);
	assert_string_equal(upstream.host, "before");
	assert_int_equal(upstream.port, 1);
}

static void is_text_and_back(void **state)
{
	struct pr_tunnel_upstream proxy = { .id = "office",
					    .kind = PR_TUNNEL_CONNECT,
					    .isolate = PR_TUNNEL_PER_DOMAIN,
					    .renew_s = 600,
					    .host = "2001:db8::1",
					    .port = 443,
					    .user = "me",
					    .password = "a=b \\ \"c\"",
					    .ca = "/etc/ssl/own.pem" };
	struct pr_tunnel_upstream back;
	PR_CLEANUP(pr_cleanup_free) char *text = pr_tunnel_upstream_write(&proxy);
	PR_CLEANUP(pr_cleanup_free) char *pieces = pr_strdup(text);
	PR_CLEANUP(pr_cleanup_free) char *again = NULL;

	(void)state;
	assert_int_equal(pr_tunnel_upstream_read(pieces, &back), 0);
	assert_string_equal(back.id, "office");
	assert_int_equal(back.kind, PR_TUNNEL_CONNECT);
	assert_int_equal(back.isolate, PR_TUNNEL_PER_DOMAIN);
	assert_int_equal(back.renew_s, 600);
	assert_string_equal(back.host, "2001:db8::1");
	assert_int_equal(back.port, 443);
	assert_string_equal(back.user, "me");
	assert_string_equal(back.password, "a=b \\ \"c\"");
	assert_string_equal(back.ca, "/etc/ssl/own.pem");
	assert_string_equal(back.interface, "");
	assert_false(back.udp);
	again = pr_tunnel_upstream_write(&back);
	assert_string_equal(again, text);
}

static void is_text_and_back_with_members(void **state)
{
	struct pr_tunnel_upstream set = { .id = "any",
					  .kind = PR_TUNNEL_SET,
					  .choose = PR_TUNNEL_AT_RANDOM,
					  .udp = true,
					  .members = { "a", "b" },
					  .n_members = 2 };
	struct pr_tunnel_upstream vpn = { .id = "vpn",
					  .kind = PR_TUNNEL_INTERFACE,
					  .interface = "wg0",
					  .nameservers = { pr_address_v4("\x0a\x40\0\1") },
					  .n_nameservers = 1 };
	struct pr_tunnel_upstream back;
	PR_CLEANUP(pr_cleanup_free) char *text = pr_tunnel_upstream_write(&set);
	PR_CLEANUP(pr_cleanup_free) char *of_vpn = pr_tunnel_upstream_write(&vpn);

	(void)state;
	assert_int_equal(pr_tunnel_upstream_read(text, &back), 0);
	assert_int_equal(back.n_members, 2);
	assert_string_equal(back.members[1], "b");
	assert_int_equal(back.choose, PR_TUNNEL_AT_RANDOM);
	assert_true(back.udp);
	assert_int_equal(pr_tunnel_upstream_read(of_vpn, &back), 0);
	assert_string_equal(back.interface, "wg0");
	assert_int_equal(back.n_nameservers, 1);
	assert_true(pr_address_equal(&back.nameservers[0], &vpn.nameservers[0]));
}

static void refuses_what_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"id=a\n",			 /* no kind */
		"kind=socks5\nhost=a\nport=1\n", /* no id */
		"id=a b\nkind=socks5\nhost=a\nport=1\n",
		"id=a\nkind=socks4\nhost=a\nport=1\n",
		"id=a\nkind=socks5\nhost=a\n",
		"id=a\nkind=socks5\nport=1\n",
		"id=a\nkind=socks5\nhost=A\nport=1\n",
		"id=a\nkind=socks5\nhost=a\nport=65536\n",
		"id=a\nkind=socks5\nhost=a\nport=-1\n",
		"id=a\nkind=socks5\nhost=a\nport=1\nudp=2\n",
		"id=a\nkind=socks5\nhost=a\nport=1\nwhat=1\n",
		"id=a\nkind=socks5\nhost=a\nport=1", /* a line without its end */
		"id=a\nkind=socks5\nhost=a\nport=1\n\n",
		"id=a\nkind=interface\ninterface=a/b\n",
		"id=a\nkind=interface\ninterface=wg0\nnameserver=x\n",
		"id=a\nkind=interface\ninterface=wg0\nisolate=all\n",
		"id=a\nkind=chain\nmember=b\n",
		"id=a\nkind=set\n",
		"id=a\nkind=set\nmember=\n",
		("id=a\nkind=chain\nmember=a\nmember=a\nmember=a\nmember=a\nmember=a\nmember=a\n"
		 "member=a\nmember=a\nmember=a\n"),
	};

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(cases); i++) {
		struct pr_tunnel_upstream back = { .id = "before" };
		PR_CLEANUP(pr_cleanup_free) char *text = pr_strdup(cases[i]);

		if (pr_tunnel_upstream_read(text, &back) != -EBADMSG)
			fail_msg("case %zu is taken", i);
		assert_string_equal(back.id, "before");
	}
}

static void names_everything(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PR_TUNNEL_N_OUTCOMES; i++)
		assert_string_not_equal(pr_tunnel_outcome_name(i), "unknown");
	assert_string_equal(pr_tunnel_kind_name(PR_TUNNEL_N_KINDS), "unknown");
	assert_string_equal(pr_tunnel_isolate_name(PR_TUNNEL_SHARED), "none");
	assert_true(pr_tunnel_id_valid("a-Z_9"));
	assert_false(pr_tunnel_id_valid("a.b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_urls),
		cmocka_unit_test(refuses_urls),
		cmocka_unit_test(leaves_what_it_refuses),
		cmocka_unit_test(is_text_and_back),
		cmocka_unit_test(is_text_and_back_with_members),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
