/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names that mean something by themselves; and more lists than one word of a bitset holds, from the configuration
 * through the compiled set to the sentence that tells the line.
 */
#include "engine/engine.h"
#include "firewall/special_names.h"
#include "intel/set_builder.h"
#include "profile/config.h"

#include "unit.h"

#include <string.h>

#define N_LISTS 200u

static void names_that_ask_for_another_nameserver(void **state)
{
	(void)state;
	assert_true(pr_name_is_private_reverse("1.1.168.192.in-addr.arpa"));
	assert_true(pr_name_is_private_reverse("1.0.31.172.in-addr.arpa"));
	assert_true(pr_name_is_private_reverse("64.100.in-addr.arpa"));
	assert_true(pr_name_is_private_reverse("b._dns-sd._udp.0.0.10.in-addr.arpa"));
	assert_true(pr_name_is_private_reverse("8.e.f.ip6.arpa"));
	assert_false(pr_name_is_private_reverse("1.0.32.172.in-addr.arpa"));
	assert_false(pr_name_is_private_reverse("8.8.8.8.in-addr.arpa"));
	assert_false(pr_name_is_private_reverse("in-addr.arpa"));
	assert_false(pr_name_is_private_reverse("0.2.ip6.arpa"));
	assert_false(pr_name_is_private_reverse("110.in-addr.arpa"));
	assert_true(pr_name_is_canary("use-application-dns.net"));
	assert_true(pr_name_is_canary("mask-h2.icloud.com"));
	assert_false(pr_name_is_canary("www.use-application-dns.net"));
	assert_false(pr_name_is_canary("icloud.com"));
	assert_true(pr_name_is_discovery("resolver.arpa"));
	assert_true(pr_name_is_discovery("_dns.resolver.arpa"));
	assert_true(pr_name_is_discovery("_dns.dns.example"));
	assert_true(pr_name_is_discovery("_853._dns.dns.example"));
	assert_false(pr_name_is_discovery("_853x._dns.dns.example"));
	assert_false(pr_name_is_discovery("_.dns.example"));
	assert_false(pr_name_is_discovery("_dns"));
	assert_false(pr_name_is_discovery("x_dns.example"));
	assert_false(pr_name_is_discovery("notresolver.arpa"));
	assert_false(pr_name_is_discovery(""));
}

static void names_of_a_network(void **state)
{
	static const char *const local[] = { "localhost", "nas.local", "home.arpa", "a.b.lan",
					     "x.internal" };
	static const char *const others[] = { "", "local.example", "notlocal", "arpa", "lan.net" };

	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(local); i++)
		assert_true(pr_name_is_local(local[i]));
	for (size_t i = 0; i < PR_ARRAY_SIZE(others); i++)
		assert_false(pr_name_is_local(others[i]));
}

struct world {
	struct pr_engine *engine;
	struct pr_policy_blob blob;
	uint8_t *set_bytes;
	char said[1024];
};

static void on_event(void *context, const struct pr_event *event)
{
	(void)context;
	(void)event;
}

static void on_wake(void *context, uint64_t at_us)
{
	(void)context;
	(void)at_us;
}

/* List i has one name, d<i>.example, on its line i + 1. */
static void take_set(struct world *world)
{
	PR_CLEANUP(pr_intel_builder_cleanup)
	struct pr_intel_builder *builder = pr_intel_builder_new(1);
	struct pr_intel_set *set;
	size_t len;

	for (unsigned int i = 0; i < N_LISTS; i++) {
		char id[16], text[4096] = "";
		struct pr_intel_source source = { .id = id,
						  .category = i % 2 ? "odd" : "even",
						  .format = PR_LIST_DOMAINS,
						  .bytes = text };
		struct pr_list_counts counts;

		snprintf(id, sizeof(id), "l%u", i);
		memset(text, '\n', i);
		snprintf(text + i, sizeof(text) - i, "d%u.example\n", i);
		source.len = strlen(text);
		assert_int_equal(pr_intel_builder_list(builder, &source, &counts), 0);
	}
	assert_int_equal(pr_intel_builder_finish(builder, &world->set_bytes, &len), 0);
	assert_int_equal(pr_intel_set_open(world->set_bytes, len, &set), 0);
	pr_engine_intel_take(world->engine, set, 1);
}

static void begin(struct world *world, const char *text)
{
	const struct pr_engine_ports ports = { .event = on_event, .wake = on_wake };
	const struct pr_config_file file = { .layer = PR_LAYER_ADMINISTRATOR,
					     .name = "portreeve.conf",
					     .text = text,
					     .len = strlen(text) };
	const struct pr_config_input input = { .files = &file, .n_files = 1, .boot_id = "b" };
	struct pr_config_error error;
	struct pr_policy *policy;

	memset(world, 0, sizeof(*world));
	world->engine = pr_engine_new(&ports, &(struct pr_engine_options){ 0 });
	if (pr_settings_compile(&input, &world->blob, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(pr_policy_open(world->blob.bytes, world->blob.len, &policy), 0);
	pr_engine_policy_set_take(world->engine, policy, 1);
	take_set(world);
}

static void done(struct world *world)
{
	pr_engine_free(world->engine);
	pr_policy_blob_done(&world->blob);
	free(world->set_bytes);
}

static void on_line(void *context, const struct pr_engine_explained *explained)
{
	struct world *world = context;

	if (explained->summary)
		snprintf(world->said, sizeof(world->said), "%s: %s", explained->said,
			 explained->text);
}

static const char *explain(struct world *world, unsigned int name)
{
	char domain[32];
	const struct pr_engine_query query = { .uid = (uid_t)-1, .domain = domain };

	snprintf(domain, sizeof(domain), "d%u.example", name);
	assert_int_equal(pr_engine_explain(world->engine, &query, on_line, world, 1), 0);
	return world->said;
}

static void every_list_has_its_own_bit(void **state)
{
	char text[8192] = "lists = [ ", wanted[256];
	size_t len = strlen(text);
	struct world world;

	(void)state;
	/* the policy's numbers run the other way; 100 is left out, 101 is excepted, 102 is a rule's */
	for (unsigned int i = N_LISTS; i-- > 0;)
		if (i != 100 && i != 102)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "\"l%u\",", i);
	snprintf(text + len - 1, sizeof(text) - len,
		 " ]; exceptions = [ \"l101\" ]; outgoing = [ \"- L:x,l102,y\" ];");
	begin(&world, text);
	for (unsigned int i = 0; i < N_LISTS; i++) {
		snprintf(wanted, sizeof(wanted),
			 "block: d%u.example is on the list \"l%u\" (%s), line %u (lists); a rule "
			 "such as \"+ d%u.example\" would permit it",
			 i, i, i % 2 ? "odd" : "even", i + 1, i);
		if (i == 102)
			snprintf(wanted, sizeof(wanted),
				 "block: denied by the rule \"- L:x,l102,y\" (portreeve.conf:1): "
				 "d102.example is on the list \"l102\" (even), line 103");
		if (i == 100 || i == 101)
			assert_ptr_equal(strstr(explain(&world, i), "open"), world.said);
		else
			assert_string_equal(explain(&world, i), wanted);
	}
	done(&world);
}

static void a_category_is_all_its_lists(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "lists = [ \"odd\" ];");
	for (unsigned int i = 0; i < N_LISTS; i++)
		assert_int_equal(strncmp(explain(&world, i), "block", 5) == 0, i % 2);
	done(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_ask_for_another_nameserver),
		cmocka_unit_test(names_of_a_network),
		cmocka_unit_test(every_list_has_its_own_bit),
		cmocka_unit_test(a_category_is_all_its_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
