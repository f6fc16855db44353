/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration: what is refused and where, how layers come together, changes at run time. */
#include "config_setup.h"

#include "intel/geo.h"
#include "intel/list.h"
#include "profile/setting.h"

static const struct refused refused[] = {
	{ "portreeve.conf", "\n\ndefault_action = \"maybe\";", ":3: default_action: write one of" },
	{ "portreeve.conf", "default_acton = \"ask\";", "do you mean \"default_action\"?" },
	{ "portreeve.conf", "xyzzy = 1;", "portreeve.conf:1: there is no setting \"xyzzy\"" },
	{ "portreeve.conf", "own_dns = \"yes\";", "true or false" },
	{ "portreeve.conf", "own_dns = 1;", "true or false" },
	{ "portreeve.conf", "ask_hold_ms = 10001;", "0 to 10000" },
	{ "portreeve.conf", "ask_hold_ms = -1;", "0 to 10000" },
	{ "portreeve.conf", "ask_hold_ms = 5.0;", "0 to 10000" },
	{ "portreeve.conf", "mark_mask = 0xf0f00000;", "eight bits" },
	{ "portreeve.conf", "mark_mask = 0x1ff00000;", "eight bits" },
	{ "portreeve.conf", "mark_mask = 0;", "0xff to 0xff000000" },
	{ "portreeve.conf", "outgoing = \"+ *\";", "in brackets" },
	{ "portreeve.conf", "outgoing = [ 5 ];", "in quotes" },
	{ "portreeve.conf", "outgoing = [\n\"+ *\",\n\"+ exa*mple.com\" ];",
	  "/etc/portreeve/portreeve.conf:3: column 6 of the rule \"+ exa*mple.com\": a wildcard" },
	{ "portreeve.conf", "outgoing = [ \"+ a.com\" \"+ b.com\" ];", "column" },
	{ "portreeve.conf", "scopes = [ \"lan\", \"moon\" ];", "write a list of some of" },
	{ "portreeve.conf", "bypass_prevention = [ \"dot\", \"vpn\" ];",
	  "write a list of some of" },
	{ "portreeve.conf", "generated_domains = \"block\";", "write one of \"ignore\"" },
	{ "portreeve.conf", "rebinding_exceptions = [ \"*.example\" ];", "is no domain" },
	{ "portreeve.conf", "rebinding_exceptions = [ \"192.0.2.1\" ];", "is no domain" },
	{ "portreeve.conf", "rebinding_exceptions = [ \"a.example TCP\" ];", "is no domain" },
	{ "profiles/a.conf", "name = \"a\"; rebinding_protection = false;",
	  "stands in portreeve.conf only" },
	{ "portreeve.conf", "lists = [ \"a b\" ];", "no list's id" },
	{ "portreeve.conf", "upstreams = [ \"dns.example\" ];", "no nameserver" },
	{ "portreeve.conf", "upstreams = [ \"192.0.2.1@\" ];", "no nameserver" },
	{ "portreeve.conf", "upstreams = [ \"192.0.2.1@53x\" ];", "no nameserver" },
	{ "portreeve.conf", "upstreams = [ \"[2001:db8::1]5353\" ];", "no nameserver" },
	{ "portreeve.conf", "upstreams = [ \"2001:db8::1%eth0\" ];", "no nameserver" },
	{ "portreeve.conf", "upstreams = [ \"fe80::1%\" ];", "no nameserver" },
	{ "portreeve.conf", "name = \"x\";", "profile's file only" },
	{ "portreeve.conf", "runtime = ( );", "written at run time only" },
	{ "portreeve.conf", "list = ( { id = \"a\"; } );", "either url or file" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; colour = \"red\"; } );",
	  "there is no \"colour\" here" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; url = \"http://a\"; } );",
	  "either url or file" },
	{ "portreeve.conf", "list = ( { id = \"a\"; fiel = \"/f\"; } );", "do you mean \"file\"?" },
	{ "portreeve.conf", "list = (\n{ id = \"a\"; file = \"f\"; } );",
	  ":2: file: write a path that begins" },
	{ "portreeve.conf", "list = (\n{ file = \"/f\"; } );", ":2: an id is missing" },
	{ "portreeve.conf", "list = ( { id = \"..\"; file = \"/f\"; } );", "with a dot" },
	{ "portreeve.conf", "list = ( { id = \"a/b\"; file = \"/f\"; } );", "no list's id" },
	{ "portreeve.conf", "list = ( { id = \"a\"; url = \"ftp://a/b\"; } );",
	  "no address to fetch from: it must begin" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; format = \"host\"; } );",
	  "format: write one of \"auto\", \"hosts\"" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; category = \"a,b\"; } );",
	  "no list's id" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; interval = 5; } );",
	  "interval: write a number from 60" },
	{ "portreeve.conf", "list = ( { id = \"a\"; file = \"/f\"; max_bytes = 268435457; } );",
	  "1 to 268435456 (bytes)" },
	{ "portreeve.conf",
	  "list = ( { id = \"a\"; file = \"/f\"; },\n{ id = \"a\"; file = \"/g\"; } );",
	  ":2: \"a\" is the id of line 1 already" },
	{ "portreeve.conf", "geo = ( { id = \"a\"; file = \"/f\"; category = \"x\"; } );",
	  "there is no \"category\" here" },
	{ "portreeve.conf", "geo = ( { id = \"a\"; file = \"/f\"; format = \"hosts\"; } );",
	  "format: write one of \"auto\", \"mmdb\"" },
	{ "portreeve.conf",
	  "list = ( { id = \"a\"; file = \"/f\"; } );\ngeo = ( { id = \"a\"; file = \"/g\"; } );",
	  ":2: \"a\" is a list's id already" },
	{ "profiles/a.conf", "name = \"a\"; list = ( );", "stands in portreeve.conf only" },
	{ "portreeve.conf", "provider = ( { id = \"a\"; type = \"dns\"; } );", "has a zone" },
	{ "portreeve.conf", "provider = (\n{ type = \"dns\"; zone = \"a.example\"; } );",
	  ":2: a provider has an id and a type" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a.b\"; type = \"dns\"; zone = \"a.example\"; } );",
	  "no provider's id" },
	{ "portreeve.conf", "provider = ( { id = \"a\"; type = \"dns\"; zone = \"*.a\"; } );",
	  "is no domain" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"smtp\"; zone = \"a.example\"; } );",
	  "type: write one of \"dns\", \"http\"" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; sever = \"192.0.2.1\"; "
	  "} );",
	  "do you mean \"server\"?" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; server = "
	  "\"ns.example\"; } );",
	  "no nameserver" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; ca = \"/ca\"; } );",
	  "ca is of no use with type dns" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; deadline_ms = 5000; } "
	  ");",
	  "10 to 2000 (milliseconds)" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; test_points = 1; } );",
	  "true or false" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; cache_least_s = 9; "
	  "cache_most_s = 8; } );",
	  "more than cache_most_s" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\";\ncodes = (\n{ address "
	  "= \"192.0.2.1\"; category = \"x\"; } ); } );",
	  ":3: a code" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; codes = ( { address = "
	  "\"127.0.0.2\"; category = \"x.y\"; } ); } );",
	  "a code's category" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"https://a.example/\"; } );",
	  "write {entity} where" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"https://{entity}.a.example/\"; } );",
	  "stands in the path" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"https://u:p@a.example/{entity}\"; } "
	  ");",
	  "belong into `header`" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"ftp://a.example/{entity}\"; } );",
	  "must begin with https://" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"https://a.example/{entity}\"; "
	  "header = \"Key\"; } );",
	  "NAME: VALUE" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"http\"; url = \"http://a.example/{entity}\"; header "
	  "= \"Key: x\"; } );",
	  "over https only" },
	{ "portreeve.conf",
	  "provider = ( { id = \"a\"; type = \"dns\"; zone = \"a.example\"; },\n{ id = \"a\"; type "
	  "= \"dns\"; zone = \"b.example\"; } );",
	  ":2: \"a\" is the id of line 1 already" },
	{ "portreeve.conf",
	  "list = ( { id = \"a\"; file = \"/f\"; } ); provider = ( { id = \"a\"; type = \"dns\"; "
	  "zone = \"a.example\"; } );",
	  "is a list's id or category already" },
	{ "profiles/a.conf", "name = \"a\"; provider = ( );", "stands in portreeve.conf only" },
	{ "portreeve.conf", "own_dns = true;\nown_dns = true;", ":2: duplicate" },
	{ "portreeve.conf", "own_dns = ;", ":1: syntax error here or just before" },
	{ "portreeve.conf", "own_dns = true;\n  @include \"/etc/shadow\"\n", ":2: @include" },
	{ "profiles/a.conf", "own_dns = true;", "no name" },
	{ "profiles/a.conf", "name = \"\";", "needs a name" },
	{ "profiles/a.conf", "name = \"global\";", "needs a name" },
	{ "profiles/a.conf", "name = \"a\"; workers = 1;", "stands in portreeve.conf only" },
	{ "profiles/a.conf", "name = \"a\"; match = { path = \"/x\"; };", "in parentheses" },
	{ "profiles/a.conf", "name = \"a\"; match = ( { } );", "at least one key" },
	{ "profiles/a.conf", "name = \"a\";\nmatch = (\n { path = \"x\"; } );",
	  ":3: write a path that begins" },
	{ "profiles/a.conf", "name = \"a\"; match = ( { paht = \"/x\"; } );", "no \"paht\" here" },
};

static void refuses_and_says_where(void **state)
{
	(void)state;
	assert_refused(refused, PR_ARRAY_SIZE(refused));
}

static void providers_go_two_ways(void **state)
{
	struct setup setup = { 0 };
	struct pr_provider provider;

	(void)state;
	add(&setup, PR_LAYER_SHIPPED, "portreeve.conf",
	    "provider = ( { id = \"dbl\"; type = \"dns\"; zone = \"old.example\"; } );");
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "lists = [ \"dbl.spam\", \"rep\", \"nobody\" ];\n"
	    "provider = ( { id = \"dbl\"; type = \"dns\"; zone = \".DBL.example.\"; asks = "
	    "\"both\";\n"
	    "  codes = ( { address = \"127.0.0.2\"; category = \"spam\"; } ); },\n"
	    "  { id = \"rep\"; type = \"http\"; url = \"https://rep.example/{entity}\";\n"
	    "    header = \"X-Key: secret\"; deadline_ms = 100; } );");
	compile(&setup);
	assert_int_equal(pr_policy_n_providers(setup.policy), 2);
	provider = pr_policy_provider(setup.policy, 0);
	assert_string_equal(provider.id, "dbl");
	assert_string_equal(provider.zone, "dbl.example");
	assert_int_equal(provider.asks, PR_PROVIDER_ASKS_DOMAINS | PR_PROVIDER_ASKS_ADDRESSES);
	assert_int_equal(provider.deadline_ms, PR_PROVIDER_DEADLINE_MS);
	/* the key is for the resolver alone */
	provider = pr_policy_provider(setup.policy, 1);
	assert_int_equal(provider.type, PR_PROVIDER_HTTP);
	assert_int_equal(provider.asks, PR_PROVIDER_ASKS_DOMAINS);
	assert_int_equal(provider.deadline_ms, 100);
	assert_string_equal(provider.header, "X-Key");
	assert_null(memmem(setup.blob.bytes, setup.blob.len, "secret", 6));
	assert_int_equal(setup.blob.n_providers, 2);
	assert_int_equal(pr_provider_read(setup.blob.providers[0], &provider), 0);
	assert_true(provider.test_points);
	assert_string_equal(provider.codes[0].category, "spam");
	assert_int_equal(pr_provider_read(setup.blob.providers[1], &provider), 0);
	assert_string_equal(provider.header, "X-Key: secret");
	/* a provider's lists are known, others are warned of */
	assert_int_equal(setup.blob.n_warnings, 1);
	assert_non_null(strstr(setup.blob.warnings[0], "nobody"));
	done(&setup);
	setup = (struct setup){ 0 };
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "provider = ( { id = \"rep\"; type = \"http\"; url = \"http://rep.example/{entity}\"; "
	    "} );");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 2);
	assert_non_null(strstr(setup.blob.warnings[0], "it is never asked"));
	assert_non_null(strstr(setup.blob.warnings[1], "without encryption"));
	done(&setup);
}

static void has_the_contract_s_defaults(void **state)
{
	struct setup setup = { 0 };
	const struct pr_global_settings *global;
	const struct pr_settings *settings;

	(void)state;
	compile(&setup);
	assert_int_equal(pr_policy_n_profiles(setup.policy), 3);
	global = pr_policy_global(setup.policy);
	assert_int_equal(global->mark_mask, 0xff000000u);
	assert_int_equal(global->failure, PR_FAILURE_CLOSED);
	assert_true(global->start_grace);
	assert_true(global->rebinding_protection);
	assert_int_equal(global->attacks, PR_SUSPICION_REPORT);
	assert_int_equal(global->block_attackers_s, 0);
	for (uint32_t i = 0; i < 3; i++) {
		settings = pr_policy_settings(setup.policy, i);
		assert_int_equal(settings->default_action, PR_ACTION_PERMIT);
		assert_int_equal(settings->default_incoming, PR_ACTION_PERMIT);
		assert_int_equal(settings->deny_outgoing, PR_DENY_BLOCK);
		assert_int_equal(settings->deny_incoming, PR_DENY_DROP);
		assert_int_equal(settings->on_missing_data, PR_MISSING_SKIP);
		assert_int_equal(settings->scopes, 15);
		assert_int_equal(settings->incoming_scopes, 15);
		assert_int_equal(settings->ask_hold_ms, 500);
		assert_int_equal(settings->ask_question_hold_ms, 2000);
		assert_int_equal(settings->ask_timeout_s, 120);
		assert_int_equal(settings->ask_again_s, 600);
		assert_true(settings->permanent_verdicts);
		assert_false(settings->own_dns);
		assert_int_equal(settings->bypass_prevention,
				 PR_BYPASS_CANARY | PR_BYPASS_DISCOVERY);
		assert_int_equal(settings->generated_domains, PR_SUSPICION_REPORT);
		assert_int_equal(settings->dns_tunnels, PR_SUSPICION_REPORT);
		assert_int_equal(settings->foreign_names, PR_SUSPICION_REPORT);
		assert_int_equal(settings->encryption_scopes,
				 PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_INTERNET);
		assert_int_equal(settings->deny_tls, 0);
		assert_false(settings->require_encryption);
		assert_true(settings->inspect);
		assert_string_equal(settings->tunnel, "");
	}
	done(&setup);
}

static void rebinding_exceptions_are_zones(void **state)
{
	struct setup setup = { 0 };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "rebinding_exceptions = [ \"Corp.Example.\", \".bücher.example\" ];");
	compile(&setup);
	assert_true(pr_policy_excepts_rebinding(setup.policy, "corp.example"));
	assert_true(pr_policy_excepts_rebinding(setup.policy, "a.corp.example"));
	assert_true(pr_policy_excepts_rebinding(setup.policy, "x.xn--bcher-kva.example"));
	assert_false(pr_policy_excepts_rebinding(setup.policy, "example"));
	assert_false(pr_policy_excepts_rebinding(setup.policy, "notcorp.example"));
	done(&setup);
}

/* What is shipped is told where it lies. */
static void paths_of_what_is_shipped_are_relative(void **state)
{
	static const char text[] = "list = ( { id = \"a\"; file = \"lists/a.txt\"; } );";
	struct setup setup = { 0 };

	(void)state;
	add(&setup, PR_LAYER_SHIPPED, "portreeve.conf", text);
	setup.files[0].directory = "/usr/share/portreeve";
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "list = ( { id = \"b\"; file = \"/etc/b.txt\"; } );");
	compile(&setup);
	for (uint32_t i = 0; i < 2; i++) {
		struct pr_source source = pr_policy_list(setup.policy, i);

		assert_string_equal(source.file, strcmp(source.id, "a") == 0
							 ? "/usr/share/portreeve/lists/a.txt"
							 : "/etc/b.txt");
	}
	done(&setup);
}

static void compares_rules(const struct setup *setup, const char *profile, bool incoming,
			   enum pr_ruleset ruleset, const char *wanted)
{
	char text[1024] = "";
	uint32_t number, first, n;

	assert_true(pr_policy_profile_find(setup->policy, profile, &number));
	n = pr_policy_ruleset(setup->policy, number, incoming, ruleset, &first);
	for (uint32_t i = 0; i < n; i++) {
		strcat(strcat(text, pr_policy_rule_text(setup->policy, first + i)), " @");
		strcat(strcat(text, pr_policy_rule_place(setup->policy, first + i)), "|");
	}
	assert_string_equal(text, wanted);
}

static void layers_come_together(void **state)
{
	struct setup setup = { .input = { .now_s = 1000, .boot_id = "b2" } };
	const struct pr_settings *settings;
	uint32_t profile;

	(void)state;
	add(&setup, PR_LAYER_SHIPPED, "profiles/ff.conf",
	    "name = \"Firefox\"; match = ( { path = \"/usr/bin/firefox\"; } );\n"
	    "outgoing = [ \"+ .mozilla.org\" ]; own_dns = true; dns_blocked = \"zero\";");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/firefox.conf",
	    "name = \"Firefox\";\noutgoing = [ \"- .ads.example\",\n \"+ * TCP/443\" ];\n"
	    "enforced = [ \"- L:malware\" ]; incoming = [ \"- *\" ]; dns_blocked = \"refused\";");
	add(&setup, PR_LAYER_STATE, "profiles/s.conf",
	    "name = \"Firefox\"; default_action = \"ask\";\n"
	    "runtime = ( { rule = \"+ new.example\"; },\n"
	    " { rule = \"+ old.example\"; expires = 2000L; },\n"
	    " { rule = \"+ gone.example\"; expires = 1000L; },\n"
	    " { rule = \"+ boot.example\"; until_reboot = true; boot_id = \"b1\"; },\n"
	    " { rule = \"- 10.0.0.0/8\"; direction = \"in\"; } );");
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "outgoing = [ \"- *\" ]; enforced = [ \"- AS77\" ]; require_tunnel = true;\n"
	    "lists = [ \"ads\" ]; upstreams = [ \"192.0.2.1\", \"2001:db8::1@5353\",\n"
	    " \"[2001:db8::2]:54\", \"192.0.2.2:54\", \"fe80::1%eth0\" ];");
	compile(&setup);
	compares_rules(
		&setup, "Firefox", false, PR_RULESET_PROFILE,
		"+ new.example @run-time|+ old.example @run-time|"
		"- .ads.example @profiles/firefox.conf:2|+ * TCP/443 @profiles/firefox.conf:3|"
		"+ .mozilla.org @shipped profiles/ff.conf:2|");
	compares_rules(&setup, "Firefox", true, PR_RULESET_PROFILE,
		       "- 10.0.0.0/8 @run-time|- * @profiles/firefox.conf:4|");
	compares_rules(&setup, "Firefox", false, PR_RULESET_ENFORCED,
		       "- L:malware @profiles/firefox.conf:4|");
	compares_rules(&setup, "Firefox", false, PR_RULESET_ENFORCED_GLOBAL,
		       "- AS77 @portreeve.conf:1|");
	compares_rules(&setup, "unknown", false, PR_RULESET_GLOBAL, "- * @portreeve.conf:1|");
	compares_rules(&setup, "global", false, PR_RULESET_PROFILE, "");
	assert_int_equal(pr_policy_next_expiry_s(setup.policy), 2000);
	assert_int_equal(pr_policy_n_upstreams(setup.policy), 5);
	assert_string_equal(pr_policy_upstream(setup.policy, 1), "2001:db8::1@5353");
	assert_string_equal(pr_policy_upstream(setup.policy, 4), "fe80::1%eth0");

	assert_true(pr_policy_profile_find(setup.policy, "Firefox", &profile));
	settings = pr_policy_settings(setup.policy, profile);
	assert_int_equal(settings->default_action, PR_ACTION_ASK);
	assert_int_equal(settings->dns_blocked, PR_DNS_REFUSED);
	assert_true(settings->own_dns);
	assert_true(settings->require_tunnel);
	assert_int_equal(pr_policy_n_lists(setup.policy), 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(settings->lists[0] >> i & 1,
				 strcmp(pr_policy_list(setup.policy, i).id, "ads") == 0);
	done(&setup);
}

static void runtime_rules_say_when_they_end(void **state)
{
	static const struct pr_rule_end wanted[] = {
		{ .expires_s = 2000 }, { .reboot = true }, { .pid = 77 }, { 0 }
	};
	struct setup setup = { .input = { .now_s = 1000, .boot_id = "b2" } };
	uint32_t first;

	(void)state;
	add(&setup, PR_LAYER_STATE, "portreeve.conf",
	    "runtime = ( { rule = \"+ a.example\"; expires = 2000L; },\n"
	    " { rule = \"+ b.example\"; until_reboot = true; boot_id = \"b2\"; },\n"
	    " { rule = \"+ c.example\"; pid = 77; start_time = 5L; },\n"
	    " { rule = \"+ d.example\"; } );");
	compile(&setup);
	assert_int_equal(pr_policy_ruleset(setup.policy, PR_PROFILE_GLOBAL, false,
					   PR_RULESET_GLOBAL, &first),
			 PR_ARRAY_SIZE(wanted));
	for (uint32_t i = 0; i < PR_ARRAY_SIZE(wanted); i++) {
		struct pr_rule_end end = pr_policy_rule_end(setup.policy, first + i);

		assert_int_equal(end.expires_s, wanted[i].expires_s);
		assert_int_equal(end.reboot, wanted[i].reboot);
		assert_int_equal(end.pid, wanted[i].pid);
	}
	done(&setup);
}

static void refuses_one_name_twice_in_a_layer(void **state)
{
	struct setup setup = { 0 };
	struct pr_config_error error;

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/a.conf", "name = \"x\";");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/b.conf", "name = \"x\";");
	assert_int_equal(pr_settings_compile(&setup.input, &setup.blob, &error), -EINVAL);
	assert_non_null(strstr(error.text, "stands in profiles/"));
}

static void warns_of_what_there_are_no_means_for(void **state)
{
	struct setup setup = { 0 };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "outgoing = [ \"- AT\", \"- L:ads\", \"> a.example\", \"- b.example\" ];");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 3);
	assert_non_null(
		strstr(setup.blob.warnings[0], "portreeve.conf:1: there is no data on countries"));
	assert_non_null(strstr(setup.blob.warnings[1], "no list has the id or category \"ads\""));
	assert_non_null(strstr(setup.blob.warnings[2], "no tunnel is set up"));
	done(&setup);
}

static struct pr_source list_of(const struct setup *setup, const char *id)
{
	for (uint32_t i = 0; i < pr_policy_n_lists(setup->policy); i++)
		if (strcmp(pr_policy_list(setup->policy, i).id, id) == 0)
			return pr_policy_list(setup->policy, i);
	fail_msg("no list is called %s", id);
	return (struct pr_source){ 0 };
}

static void knows_where_lists_come_from(void **state)
{
	struct setup setup = { 0 };
	struct pr_source source;

	(void)state;
	add(&setup, PR_LAYER_SHIPPED, "portreeve.conf",
	    "list = ( { id = \"ads\"; url = \"https://shipped.example/\"; },"
	    "         { id = \"more\"; file = \"/more\"; } );"
	    "geo = ( { id = \"country\"; file = \"/shipped\"; }, { id = \"as\"; file = \"/as\"; } "
	    ");");
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "list = ( { id = \"ads\"; url = \"https://lists.example/ads\"; format = \"hosts\";"
	    "           category = \"advertising\"; interval = 3600; max_bytes = 1000; } );"
	    "geo = ( { id = \"own\"; file = \"/own\"; format = \"csv-asn\"; },"
	    "        { id = \"country\"; url = \"https://lists.example/c\"; } );"
	    "lists = [ \"advertising\", \"more\" ]; outgoing = [ \"- L:ads,advertising\", \"- AT\" "
	    "];");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 0);
	assert_int_equal(pr_policy_n_lists(setup.policy), 3);
	source = list_of(&setup, "ads");
	assert_string_equal(source.url, "https://lists.example/ads");
	assert_string_equal(source.file, "");
	assert_string_equal(source.format, "hosts");
	assert_string_equal(source.category, "advertising");
	assert_int_equal(source.interval_s, 3600);
	assert_int_equal(source.max_bytes, 1000);
	source = list_of(&setup, "more");
	assert_string_equal(source.file, "/more");
	assert_int_equal(source.interval_s, 86400);
	assert_int_equal(source.max_bytes, 64 << 20);
	source = list_of(&setup, "advertising");
	assert_string_equal(source.url, "");
	assert_string_equal(source.file, "");
	assert_int_equal(pr_policy_n_geo(setup.policy), 3);
	assert_string_equal(pr_policy_geo(setup.policy, 0).id, "own");
	assert_string_equal(pr_policy_geo(setup.policy, 1).id, "country");
	assert_string_equal(pr_policy_geo(setup.policy, 1).url, "https://lists.example/c");
	assert_int_equal(pr_policy_geo(setup.policy, 1).interval_s, 7 * 86400);
	assert_string_equal(pr_policy_geo(setup.policy, 2).id, "as");
	done(&setup);
}

/* What the settings offer is what the parsers know. */
static void every_format_of_lists_and_geography_can_be_set(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PR_LIST_FORMAT_COUNT_ + PR_GEO_FORMAT_COUNT_; i++) {
		bool geo = i >= PR_LIST_FORMAT_COUNT_;
		const char *format =
			geo ? pr_geo_format_name((enum pr_geo_format)(i - PR_LIST_FORMAT_COUNT_))
			    : pr_list_format_name((enum pr_list_format)i);
		char *text =
			pr_asprintf("%s = ( { id = \"x\"; file = \"/x\"; format = \"%s\"; } );",
				    geo ? "geo" : "list", format);
		struct setup setup = { 0 };

		add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf", text);
		compile(&setup);
		done(&setup);
		free(text);
	}
}

/* The room cannot include that of the parsers; it has to say the same words. */
static void knows_all_formats_of_lists_and_geo_sources(void **state)
{
	const struct pr_setting_key *list = &pr_setting(PR_SETTING_LIST)->keys[PR_SOURCE_FORMAT];
	const struct pr_setting_key *geo = &pr_setting(PR_SETTING_GEO)->keys[PR_SOURCE_FORMAT];
	int n = 0;

	(void)state;
	for (; list->words[n]; n++)
		assert_string_equal(list->words[n], pr_list_format_name((enum pr_list_format)n));
	assert_int_equal(n, PR_LIST_FORMAT_COUNT_);
	for (n = 0; geo->words[n]; n++)
		assert_string_equal(geo->words[n], pr_geo_format_name((enum pr_geo_format)n));
	assert_int_equal(n, PR_GEO_FORMAT_COUNT_);
}

static void warns_of_lists_that_nobody_has_and_of_plain_ways(void **state)
{
	struct setup setup = { 0 };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf",
	    "list = (\n{ id = \"ads\"; url = \"http://lists.example/\"; } );\n"
	    "lists = [ \"ads\",\n\"adz\" ];");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 2);
	assert_non_null(strstr(setup.blob.warnings[0],
			       "portreeve.conf:2: \"ads\" is fetched without encryption"));
	assert_non_null(strstr(setup.blob.warnings[1],
			       "portreeve.conf:4: lists: no list has the id or category \"adz\""));
	done(&setup);
}

static void warns_of_ties_and_of_what_is_never_reached(void **state)
{
	struct setup setup = { 0 };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/a.conf",
	    "name = \"a\"; match = ( { pattern = \"/opt/*/x\"; } ); outgoing = [\"+ *\", \"- "
	    "*\"];");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/b.conf",
	    "name = \"b\"; match = ( { pattern = \"/opt/x/*\"; } );");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/c.conf", "name = \"c\";");
	compile(&setup);
	assert_int_equal(setup.blob.n_warnings, 3);
	assert_non_null(strstr(setup.blob.warnings[0], "profiles/a.conf:1: no rule behind"));
	assert_non_null(strstr(setup.blob.warnings[1], "\"c\" matches no process"));
	assert_non_null(strstr(setup.blob.warnings[2], "\"a\" and \"b\""));
	done(&setup);
}

static void the_best_match_wins(void **state)
{
	struct setup setup = { 0 };
	struct pr_identity identity = { .path = "/usr/bin/python3",
					.script = "/usr/bin/updater",
					.cmdline = "python3 /usr/bin/updater --all",
					.cgroup = "/system.slice/updater.service/x",
					.unit = "updater.service",
					.user = "www",
					.uid = 33 };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/a.conf",
	    "name = \"cmdline\"; match = ( { cmdline = \"*updater*\"; } );");
	compile(&setup);
	assert_string_equal(
		pr_policy_profile_name(setup.policy, pr_policy_profile_of(setup.policy, &identity)),
		"cmdline");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/b.conf",
	    "name = \"user\"; match = ( { user = \"33\"; } );");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/c.conf",
	    "name = \"group\"; match = ( { cgroup = \"/system.slice/*.service\"; } );");
	compile(&setup);
	assert_string_equal(
		pr_policy_profile_name(setup.policy, pr_policy_profile_of(setup.policy, &identity)),
		"group");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/d.conf",
	    "name = \"path\"; match = ( { path = \"/usr/bin/python3\"; } );");
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/e.conf",
	    "name = \"script\"; match = ( { path = \"/usr/bin/python3\"; "
	    "script = \"/usr/bin/updater\"; } );");
	compile(&setup);
	assert_string_equal(
		pr_policy_profile_name(setup.policy, pr_policy_profile_of(setup.policy, &identity)),
		"script");
	identity.script = NULL;
	assert_string_equal(
		pr_policy_profile_name(setup.policy, pr_policy_profile_of(setup.policy, &identity)),
		"path");
	identity = (struct pr_identity){ .uid = (uid_t)-1 };
	assert_int_equal(pr_policy_profile_of(setup.policy, &identity), PR_PROFILE_GLOBAL);
	done(&setup);
}

static void apply(struct setup *setup, const struct pr_config_change *change, const char *wanted)
{
	struct pr_config_edit edit = { 0 };
	struct pr_config_error error;
	int r = pr_config_apply(&setup->input, change, &edit, &error);

	if (r < 0)
		fail_msg("%s", error.text);
	assert_non_null(strstr(edit.text, wanted));
	assert_true(setup->n_edits < EDITS_MAX);
	setup->edits[setup->n_edits++] = edit;
	for (size_t i = 0; i <= setup->input.n_files; i++)
		if (i == setup->input.n_files || (setup->files[i].layer == PR_LAYER_STATE &&
						  strcmp(setup->files[i].name, edit.name) == 0)) {
			if (i == setup->input.n_files)
				setup->input.n_files++;
			setup->files[i] = (struct pr_config_file){ PR_LAYER_STATE, NULL, edit.name,
								   edit.text, edit.len };
			break;
		}
	compile(setup);
}

static int apply_refused(struct setup *setup, const struct pr_config_change *change,
			 const char *wanted)
{
	struct pr_config_edit edit = { 0 };
	struct pr_config_error error = { "" };
	int r = pr_config_apply(&setup->input, change, &edit, &error);

	if (!strstr(error.text, wanted))
		fail_msg("%s", error.text);
	assert_null(edit.text);
	return r;
}

static void changes_rules_at_run_time(void **state)
{
	struct setup setup = { .input = { .now_s = 1000, .boot_id = "b" } };
	struct pr_config_change change = { .kind = PR_CHANGE_ADD_RULE, .rule = "- Example.COM" };

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "portreeve.conf", "outgoing = [ \"+ a.example\" ];");
	apply(&setup, &change, "rule = \"- Example.COM\"");
	change.rule = "+ * TCP/\"";
	assert_int_equal(apply_refused(&setup, &change, "column 9"), -EINVAL);
	change = (struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE,
					    .rule = "+ b.example # \"quoted\\",
					    .expires_s = 5000,
					    .until_reboot = true };
	apply(&setup, &change, "boot_id = \"b\"");
	compares_rules(&setup, "global", false, PR_RULESET_GLOBAL,
		       "+ b.example # \"quoted\\ @run-time|- Example.COM @run-time|"
		       "+ a.example @portreeve.conf:1|");
	/* the same meaning again moves to the front, once */
	change = (struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE, .rule = "- example.com." };
	apply(&setup, &change, "- example.com.");
	compares_rules(&setup, "global", false, PR_RULESET_GLOBAL,
		       "- example.com. @run-time|+ b.example # \"quoted\\ @run-time|"
		       "+ a.example @portreeve.conf:1|");
	change =
		(struct pr_config_change){ .kind = PR_CHANGE_REMOVE_RULE, .rule = "- EXAMPLE.com" };
	apply(&setup, &change, "b.example");
	change.rule = "+ a.example";
	assert_int_equal(apply_refused(&setup, &change, "/etc/portreeve/portreeve.conf:1:"),
			 -ENOENT);
	change.rule = "+ nowhere.example";
	assert_int_equal(apply_refused(&setup, &change, "no run-time rule"), -ENOENT);
	/* what expired is dropped at the next change */
	setup.input.now_s = 5000;
	change = (struct pr_config_change){ .kind = PR_CHANGE_ADD_RULE, .rule = "+ c.example" };
	apply(&setup, &change, "c.example");
	assert_null(strstr(setup.files[1].text, "b.example"));
	done(&setup);
}

static void changes_profiles_at_run_time(void **state)
{
	struct setup setup = { 0 };
	struct pr_config_change change = { .kind = PR_CHANGE_ADD_RULE,
					   .app = "/usr/bin/curl",
					   .rule = "+ *" };
	struct pr_identity identity = { .path = "/usr/bin/curl", .uid = (uid_t)-1 };
	uint32_t profile;

	(void)state;
	add(&setup, PR_LAYER_ADMINISTRATOR, "profiles/w.conf",
	    "name = \"Wget\"; match = ( { path = \"/usr/bin/wget\"; } );");
	apply(&setup, &change, "match = ( { path = \"/usr/bin/curl\"; } );");
	assert_memory_equal(setup.files[1].name, "profiles/curl-", 14);
	profile = pr_policy_profile_of(setup.policy, &identity);
	assert_string_equal(pr_policy_profile_name(setup.policy, profile), "/usr/bin/curl");
	/* a path that a profile has already means that profile */
	change = (struct pr_config_change){ .kind = PR_CHANGE_SET,
					    .app = "/usr/bin/wget",
					    .setting = "default_action",
					    .value = "ask" };
	apply(&setup, &change, "name = \"Wget\"");
	assert_true(pr_policy_profile_find(setup.policy, "Wget", &profile));
	assert_int_equal(pr_policy_settings(setup.policy, profile)->default_action, PR_ACTION_ASK);
	change.value = "\"block\"";
	apply(&setup, &change, "block");
	change.setting = "own_dns";
	change.value = "true";
	apply(&setup, &change, "own_dns = true");
	change.value = "true; enforced = []";
	assert_int_equal(apply_refused(&setup, &change, "true or false"), -EINVAL);
	change.value = "true;\n@include \"/etc/shadow\"";
	assert_int_equal(apply_refused(&setup, &change, "control"), -EINVAL);
	change.setting = "enforced";
	assert_int_equal(apply_refused(&setup, &change, "run time"), -EINVAL);
	change.setting = "own_dsn";
	assert_int_equal(apply_refused(&setup, &change, "do you mean"), -EINVAL);
	change = (struct pr_config_change){ .kind = PR_CHANGE_UNSET,
					    .app = "Wget",
					    .setting = "default_action" };
	apply(&setup, &change, "own_dns");
	assert_true(pr_policy_profile_find(setup.policy, "Wget", &profile));
	assert_int_equal(pr_policy_settings(setup.policy, profile)->default_action,
			 PR_ACTION_PERMIT);
	change.app = "Nobody";
	assert_int_equal(apply_refused(&setup, &change, "no profile \"Nobody\""), -ENOENT);
	done(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_and_says_where),
		cmocka_unit_test(providers_go_two_ways),
		cmocka_unit_test(has_the_contract_s_defaults),
		cmocka_unit_test(rebinding_exceptions_are_zones),
		cmocka_unit_test(paths_of_what_is_shipped_are_relative),
		cmocka_unit_test(layers_come_together),
		cmocka_unit_test(runtime_rules_say_when_they_end),
		cmocka_unit_test(refuses_one_name_twice_in_a_layer),
		cmocka_unit_test(warns_of_what_there_are_no_means_for),
		cmocka_unit_test(knows_where_lists_come_from),
		cmocka_unit_test(knows_all_formats_of_lists_and_geo_sources),
		cmocka_unit_test(every_format_of_lists_and_geography_can_be_set),
		cmocka_unit_test(warns_of_lists_that_nobody_has_and_of_plain_ways),
		cmocka_unit_test(warns_of_ties_and_of_what_is_never_reached),
		cmocka_unit_test(the_best_match_wins),
		cmocka_unit_test(changes_rules_at_run_time),
		cmocka_unit_test(changes_profiles_at_run_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
