/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tunnel's settings: what is refused and where, what goes into the policy, what goes around it. */
#include "config_setup.h"

#define UPSTREAM(text) "tunnel_upstream = (\n" text "\n);"
#define A	       "{ name = \"a\"; url = \"socks5://127.0.0.1:9050\"; }"
#define B	       "{ name = \"b\"; url = \"connect://proxy.example:443\"; }"
#define WG	       "{ name = \"wg\"; url = \"interface:wg0\"; }"

static const struct refused refused[] = {
	{ "portreeve.conf", UPSTREAM("{ url = \"socks5://127.0.0.1:9050\"; }"),
	  "portreeve.conf:2: tunnel_upstream: a name is missing" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a b\"; url = \"socks5://127.0.0.1:9050\"; }"),
	  ":2: tunnel_upstream: \"a b\" is no name" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a\"; url = \"socks4://127.0.0.1:9050\"; }"),
	  ":2: tunnel_upstream \"a\": \"socks4://127.0.0.1:9050\" leads nowhere: it must be" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1\"; }"),
	  "it needs a host and a port" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://anna:geheim@proxy.example:1080\"; }"),
	  ": \"socks5://…@proxy.example:1080\" leads nowhere: user and password are keys of" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a\"; }"), "write one of url, of and chain" },
	{ "portreeve.conf",
	  UPSTREAM(A ",\n" B ",\n{ name = \"c\"; of = [ \"a\" ]; chain = [ \"a\", \"b\" ]; }"),
	  ":4: tunnel_upstream \"c\": write one of url, of and chain" },
	{ "portreeve.conf", UPSTREAM(A ",\n" A),
	  ":3: tunnel_upstream \"a\": this is the name of line 2" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a\"; ulr = \"socks5://127.0.0.1:1\"; }"),
	  "do you mean \"url\"?" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; isolate = \"all\"; }"),
	  "isolate: write one of \"application\"" },
	{ "portreeve.conf", UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; udp = 1; }"),
	  "true or false" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; renew_s = -1; }"),
	  "renew_s: write a number from 0" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; user = \"u\"; }"),
	  "a user of socks5 has a password" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"connect://p.example:1\"; password = \"p\"; }"),
	  "a password has a user" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"connect://p.example:1\"; user = \"a:b\"; }"),
	  "holds no colon" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; ca = \"/x\"; }"),
	  "ca is of no use with socks5" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"connect://p.example:1\"; ca = \"x\"; }"),
	  "write a path that begins" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"connect://p.example:1\"; udp = true; }"),
	  "udp is of no use with connect" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"interface:wg0\"; isolate = \"link\"; }"),
	  "isolate is of no use with interface" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"socks5://127.0.0.1:1\"; nameservers = [ \"1.1.1.1\" ]; "
		   "}"),
	  "nameservers is of no use with socks5" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"interface:wg0\"; nameservers = [ \"ns.example\" ]; }"),
	  "\"ns.example\" is no nameserver" },
	{ "portreeve.conf",
	  UPSTREAM("{ name = \"a\"; url = \"interface:wg0\"; nameservers = \"192.0.2.1\"; }"),
	  "into a list in brackets" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; chain = [ \"a\" ]; }"),
	  ":3: tunnel_upstream \"c\": a chain has two hops at least" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; chain = [ \"a\", \"a\" ]; }"),
	  ":3: tunnel_upstream \"c\": it names \"a\" twice" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; of = [ ]; }"), "of names nobody" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; of = [ 1 ]; }"), "texts in quotes" },
	{ "portreeve.conf", UPSTREAM("{ name = \"c\"; of = [ \"a\" ]; },\n" A),
	  ":2: tunnel_upstream \"c\": it names \"a\", which stands behind it" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; of = [ \"x\" ]; }"),
	  ":3: tunnel_upstream \"c\": it names \"x\", and there is no such" },
	{ "portreeve.conf", UPSTREAM(A ",\n{ name = \"c\"; of = [ \"a\", \"c\" ]; }"),
	  "it names \"c\", which it is itself" },
	{ "portreeve.conf", UPSTREAM(A ",\n" WG ",\n{ name = \"c\"; chain = [ \"a\", \"wg\" ]; }"),
	  ":4: tunnel_upstream \"c\": it names \"wg\", which is an interface or may be one" },
	{ "portreeve.conf",
	  UPSTREAM(A ",\n" WG ",\n{ name = \"s\"; of = [ \"a\", \"wg\" ]; },\n"
		     "{ name = \"c\"; chain = [ \"a\", \"s\" ]; }"),
	  ":5: tunnel_upstream \"c\": it names \"s\", which is an interface or may be one" },
	{ "portreeve.conf",
	  UPSTREAM(A ",\n" B ",\n{ name = \"c\"; chain = [ \"a\", \"b\" ]; },\n"
		     "{ name = \"d\"; chain = [ \"c\", \"a\" ]; }"),
	  ":5: tunnel_upstream \"d\": it names \"c\", which is a chain or may be one" },
	{ "profiles/a.conf", "name = \"a\"; tunnel_upstream = ( );",
	  "stands in portreeve.conf only" },
	/* who names one */
	{ "portreeve.conf", UPSTREAM(A ",\n" B) "\ntunnel = \"c\";",
	  ":5: the setting tunnel names \"c\", and there is no such tunnel_upstream; there are: a, "
	  "b" },
	{ "portreeve.conf", "tunnel = \"c\";", "there are: none" },
	{ "profiles/a.conf", "name = \"x\";\ntunnel = \"c\";",
	  "profiles/a.conf:2: the setting tunnel of x names \"c\"" },
	{ "portreeve.conf", UPSTREAM(A) "\noutgoing = [\n\"+ *\",\n\">c .example\" ];",
	  ":6: the rule \">c .example\" names \"c\", and there is no such tunnel_upstream; there "
	  "are: a" },
	{ "portreeve.conf", "without_tunnel = \"permit\";", "write one of \"block\", \"direct\"" },
	/* the pool */
	{ "portreeve.conf", "tunnel_pool = \"10.0.0.0/8\";", "into a list in brackets" },
	{ "portreeve.conf", "tunnel_pool = [ \"198.18.0.1\" ];", "is no prefix" },
	{ "portreeve.conf", "tunnel_pool = [ \"198.18.0.0/25\" ];",
	  "is too small: write /8 to /24" },
	{ "portreeve.conf", "tunnel_pool = [ \"fd17::/97\" ];", "is too small: write /16 to /96" },
	{ "portreeve.conf", "tunnel_pool = [ \"64.0.0.0/7\" ];", "is too large" },
	{ "portreeve.conf", "tunnel_pool = [ \"10.0.0.0/8\", \"11.0.0.0/8\" ];",
	  "there is a prefix of IPv4 already" },
	{ "portreeve.conf", "tunnel_pool = [ \"127.0.0.0/16\" ];",
	  "holds addresses of 127.0.0.0/8" },
	{ "portreeve.conf", "tunnel_pool = [ \"fe80::/64\" ];", "holds addresses of fe80::/10" },
};

static void refuses_and_says_where(void **state)
{
	(void)state;
	assert_refused(refused, PR_ARRAY_SIZE(refused));
}

static void accounts_go_around_the_policy(void **state)
{
	struct setup setup = { 0 };
	struct pr_tunnel_upstream upstream;
	uint32_t number;

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "tunnel_upstream = (\n"
	    "{ name = \"tor\"; url = \"socks5://127.0.0.1:9050\"; isolate = \"domain\"; },\n"
	    "{ name = \"office\"; url = \"connect://Proxy.Example:443\"; user = \"anna\";\n"
	    "  password = \"hunter2\"; ca = \"/etc/ca.pem\"; renew_s = 5; },\n"
	    "{ name = \"wg\"; url = \"interface:wg0\"; nameservers = [ \"10.64.0.1\" ]; },\n"
	    "{ name = \"any\"; of = [ \"tor\", \"office\" ]; choose = \"latency\"; },\n"
	    "{ name = \"three\"; chain = [ \"wg\", \"office\", \"any\" ]; isolate = \"none\"; } "
	    ");\n"
	    "tunnel = \"tor\"; without_tunnel = \"direct\"; outgoing = [ \">any .example\", \"> "
	    "*\" ];");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 0);
	assert_int_equal(pr_policy_n_tunnels(setup.policy), 5);
	assert_string_equal(pr_policy_tunnel(setup.policy, 1).id, "office");
	assert_int_equal(pr_policy_tunnel(setup.policy, 1).kind, PR_TUNNEL_CONNECT);
	assert_true(pr_policy_tunnel_find(setup.policy, "three", &number));
	assert_int_equal(number, 4);
	assert_int_equal(pr_policy_tunnel(setup.policy, 4).kind, PR_TUNNEL_CHAIN);
	assert_int_equal(pr_policy_tunnel(setup.policy, 1).port, 443);
	assert_int_equal(pr_policy_tunnel(setup.policy, 2).port, 0);
	assert_int_equal(pr_policy_tunnel(setup.policy, 1).leads_by, 0x02);
	assert_int_equal(pr_policy_tunnel(setup.policy, 3).leads_by, 0x0b);
	assert_int_equal(pr_policy_tunnel(setup.policy, 4).leads_by, 0x1f);
	assert_false(pr_policy_tunnel_find(setup.policy, "four", &number));
	assert_string_equal(pr_policy_settings(setup.policy, 0)->tunnel, "tor");
	assert_int_equal(pr_policy_settings(setup.policy, 1)->without_tunnel,
			 PR_WITHOUT_TUNNEL_DIRECT);
	assert_null(memmem(setup.blob.bytes, setup.blob.len, "hunter2", 7));
	assert_null(memmem(setup.blob.bytes, setup.blob.len, "anna", 4));
	assert_null(memmem(setup.blob.bytes, setup.blob.len, "proxy", 5));
	assert_int_equal(setup.blob.n_tunnels, 5);
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[0], &upstream), 0);
	assert_int_equal(upstream.kind, PR_TUNNEL_SOCKS5);
	assert_int_equal(upstream.isolate, PR_TUNNEL_PER_DOMAIN);
	assert_int_equal(upstream.renew_s, PR_TUNNEL_RENEW_S);
	assert_true(upstream.udp);
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[1], &upstream), 0);
	assert_string_equal(upstream.host, "proxy.example");
	assert_string_equal(upstream.password, "hunter2");
	assert_string_equal(upstream.ca, "/etc/ca.pem");
	assert_int_equal(upstream.renew_s, 5);
	assert_false(upstream.udp);
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[2], &upstream), 0);
	assert_string_equal(upstream.interface, "wg0");
	assert_int_equal(upstream.n_nameservers, 1);
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[3], &upstream), 0);
	assert_int_equal(upstream.kind, PR_TUNNEL_SET);
	assert_int_equal(upstream.choose, PR_TUNNEL_BY_LATENCY);
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[4], &upstream), 0);
	assert_int_equal(upstream.n_members, 3);
	assert_int_equal(upstream.isolate, PR_TUNNEL_SHARED);
	done(&setup);
}

/* The administrator's takes the place of the shipped one, where it stands. */
static void layers_come_together(void **state)
{
	struct setup setup = { 0 };
	struct pr_tunnel_upstream upstream;

	(void)state;
	add(&setup, PR_LAYER_SHIPPED, "portreeve.conf",
	    UPSTREAM("{ name = \"tor\"; url = \"socks5://127.0.0.1:9050\"; },\n" B));
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    UPSTREAM(A ",\n{ name = \"tor\"; url = \"socks5://127.0.0.1:9150\"; }"));
	compile(&setup);
	assert_int_equal(pr_policy_n_tunnels(setup.policy), 3);
	assert_string_equal(pr_policy_tunnel(setup.policy, 0).id, "b");
	assert_string_equal(pr_policy_tunnel(setup.policy, 2).id, "tor");
	assert_int_equal(pr_tunnel_upstream_read(setup.blob.tunnels[2], &upstream), 0);
	assert_int_equal(upstream.port, 9150);
	done(&setup);
}

static void warns_of(const char *text, const char *state_text, const char *warning)
{
	struct setup setup = { 0 };

	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf", text);
	if (state_text)
		add(&setup, PR_LAYER_STATE, "portreeve.conf", state_text);
	compile(&setup);
	if (!warning)
		assert_int_equal(setup.blob.n_warnings, 0);
	else if (setup.blob.n_warnings != 1 || !strstr(setup.blob.warnings[0], warning))
		fail_msg("%zu warnings, the first: %s", setup.blob.n_warnings,
			 setup.blob.n_warnings ? setup.blob.warnings[0] : "");
	done(&setup);
}

static void warns_where_there_is_no_way(void **state)
{
	(void)state;
	warns_of("outgoing = [ \"> .example\" ];", NULL,
		 "portreeve.conf:1: no tunnel is set up: what the rule \"> .example\"");
	warns_of(UPSTREAM(A) "outgoing = [ \"> .example\" ];", NULL,
		 "names no upstream, and the setting tunnel doesn't either");
	warns_of(UPSTREAM(A) "outgoing = [ \"> .example\" ]; tunnel = \"a\";", NULL, NULL);
	warns_of(UPSTREAM(A) "outgoing = [ \">a .example\" ];", NULL, NULL);
	warns_of(UPSTREAM(A) "incoming = [ \">a LAN\" ];", NULL,
		 "what comes in can't go through a tunnel: what \">a LAN\"");
	warns_of("require_tunnel = true;", NULL, "no tunnel is set up: what require_tunnel");
	warns_of(UPSTREAM(A) "require_tunnel = true; tunnel = \"a\";", NULL, NULL);
	warns_of(UPSTREAM("{ name = \"a\"; url = \"http://p.example:1\"; user = \"u\"; password = "
			  "\"p\"; }"),
		 NULL, "without encryption");
	warns_of(UPSTREAM("{ name = \"a\"; url = \"http://127.0.0.1:1\"; user = \"u\"; }"), NULL,
		 NULL);
	/* What was right when it was written at run time keeps nothing from starting. */
	warns_of(UPSTREAM(A), "runtime = ( { rule = \">gone .example\"; direction = \"out\"; } );",
		 "names a tunnel_upstream that is gone, \"gone\"");
	warns_of(UPSTREAM(A), "tunnel = \"gone\";", "that is gone, \"gone\"");
}

static void has_a_pool(void **state)
{
	struct setup setup = { 0 };
	struct pr_pool_ranges pool, defaults = pr_pool_ranges_default();

	(void)state;
	compile(&setup);
	assert_int_equal(pr_policy_n_tunnels(setup.policy), 0);
	pool = pr_policy_pool_ranges(setup.policy);
	assert_true(pr_address_equal(&pool.base4, &defaults.base4));
	assert_true(pr_address_equal(&pool.base6, &defaults.base6));
	assert_int_equal(pool.len4, 15);
	assert_int_equal(pool.len6, 64);
	done(&setup);
	setup = (struct setup){ 0 };
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "tunnel_pool = [ \"10.99.1.2/16\" ];");
	compile(&setup);
	pool = pr_policy_pool_ranges(setup.policy);
	assert_memory_equal(pool.base4.bytes, "\x0a\x63\0\0", 4);
	assert_int_equal(pool.len4, 16);
	assert_int_equal(pool.base6.family, 0);
	done(&setup);
	setup = (struct setup){ 0 };
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf", "tunnel_pool = [ ];");
	compile(&setup);
	pool = pr_policy_pool_ranges(setup.policy);
	assert_int_equal(pool.base4.family, 0);
	assert_int_equal(pool.base6.family, 0);
	done(&setup);
}

static int change(struct pr_config_change change, struct pr_config_error *error)
{
	struct setup setup = { 0 };
	struct pr_config_edit edit = { 0 };
	int r;

	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf", UPSTREAM(A) "tunnel = \"a\";");
	r = pr_config_apply(&setup.input, &change, &edit, error);
	pr_config_edit_done(&edit);
	return r;
}

static void changes_name_what_there_is(void **state)
{
	struct pr_config_error error = { "" };

	(void)state;
	assert_int_equal(
		change((struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE, .rule = "> .onion" },
		       &error),
		0);
	assert_int_equal(
		change((struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE, .rule = ">a .onion" },
		       &error),
		0);
	assert_int_equal(
		change((struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE, .rule = ">b .onion" },
		       &error),
		-EINVAL);
	assert_non_null(strstr(error.text, "there is no tunnel_upstream \"b\"; there are: a"));
	assert_int_equal(change((struct pr_config_change){ .kind = PR_CHANGE_SET,
							   .setting = "tunnel",
							   .value = "a" },
				&error),
			 0);
	assert_int_equal(change((struct pr_config_change){ .kind = PR_CHANGE_SET,
							   .setting = "tunnel",
							   .value = "b" },
				&error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "there is no tunnel_upstream \"b\"; there are: a"));
	assert_int_equal(change((struct pr_config_change){ .kind = PR_CHANGE_SET,
							   .setting = "tunnel_upstream",
							   .value = "( )" },
				&error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "can't be set at run time"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_and_says_where),
		cmocka_unit_test(accounts_go_around_the_policy),
		cmocka_unit_test(layers_come_together),
		cmocka_unit_test(warns_where_there_is_no_way),
		cmocka_unit_test(has_a_pool),
		cmocka_unit_test(changes_name_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
