/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A policy whose bytes somebody changed: it is refused, or answers every question without reading outside.
 * The input is a list of changes (4 bytes where, 4 bytes what) to a good policy; with a first byte of 255 it is
 * the policy itself.
 */
#include "profile/config.h"
#include "profile/policy.h"

#include "../target.h"

#include <string.h>

static const char configuration[] =
	"tunnel_upstream = ( { name = \"t\"; url = \"socks5://192.0.2.2:9\"; } ); tunnel = \"t\";\n"
	"lists = [ \"a\" ]; exceptions = [ \"b\" ]; upstreams = [ \"192.0.2.1\" ];\n"
	"enforced = [ \"- AS7\", \"- L:a,c\" ]; incoming = [ \"+ LAN TCP/22\", \"- * */1-100\" ];\n"
	"outgoing = [ \"+ .example.com TCP/443\", \"- www.example.com\", \"+ *ample.com\",\n"
	" \"? exam*\", \"- *xam*\", \"- *amp*\", \"+ 10.0.0.0/8\", \"- 10.1.0.0/16 "
	"TCP/80-90,443\",\n"
	" \"+ 2001:db8::/32\", \"+ AT\", \"- C:EU\", \"> Internet UDP\", \"- .com TCP/1-5\",\n"
	" \"+ .com UDP/7\", \"+ .com\", \"- Internet unencrypted\", \"+ .net tls\", \"- * "
	"http/80\" ];";

static void ask(const struct pr_policy *policy)
{
	static const char *const domains[] = { "www.example.com", "xample.com", "" };
	struct pr_identity identity = { .path = "/usr/bin/x", .uid = 0 };
	uint64_t lists = ~UINT64_C(0);
	struct pr_subject subject = { .n_domains = 3,
				      .known = PR_FACTS_ALL,
				      .proto = 6,
				      .port = 443,
				      .country = "AT",
				      .continent = "EU",
				      .asn = 7,
				      .address_lists = &lists,
				      .n_list_words = 1,
				      .scope = PR_SCOPE_INTERNET };
	const struct pr_seen seen = { .speaks = PR_SPEAKS_TLS, .encryption = PR_ENCRYPTION_YES };
	struct pr_rule_hit hit;

	memcpy(subject.domains, domains, sizeof(domains));
	(void)pr_policy_profile_of(policy, &identity);
	for (unsigned int i = 0; i < 64; i++) {
		pr_assert(pr_address_parse(i & 1 ? "10.1.2.3" : "2001:db8::1", &subject.remote) ==
			  0);
		subject.direction = i & 2 ? PR_DIRECTION_IN : PR_DIRECTION_OUT;
		subject.known =
			i & 4 ? PR_FACTS_ALL : PR_FACTS_ALL & ~PR_FACT_PORT & ~PR_FACT_DOMAIN;
		subject.absent = i & 8 ? PR_FACT_COUNTRY | PR_FACT_LISTS : 0;
		subject.profile = i >> 4 & 1;
		subject.proto = i & 32 ? 17 : 6;
		subject.seen = i & 16 ? &seen : NULL;
		if (!(i & 32))
			subject.known &= ~(unsigned int)PR_FACTS_SEEN;
		(void)pr_policy_wants_seen(policy, subject.profile, subject.direction);
		(void)pr_policy_denies_name_before(policy, subject.profile, subject.direction, i);
		pr_policy_match_unseen(policy, &subject, &hit);
		pr_policy_match_past_denials(policy, &subject, i & 1, &hit);
		pr_policy_match(policy, &subject, &hit);
		if (hit.match == PR_MATCH_NONE)
			continue;
		pr_assert(strlen(pr_policy_rule_text(policy, hit.rule)) < SIZE_MAX);
		pr_assert(strlen(pr_policy_rule_tunnel(policy, hit.rule)) < SIZE_MAX);
	}
}

static void ask_tunnels(const struct pr_policy *policy)
{
	struct pr_pool_ranges pool = pr_policy_pool_ranges(policy);
	uint32_t number;

	for (uint32_t i = 0; i < pr_policy_n_tunnels(policy); i++) {
		struct pr_policy_tunnel tunnel = pr_policy_tunnel(policy, i);

		pr_assert(pr_tunnel_id_valid(tunnel.id) && tunnel.kind < PR_TUNNEL_N_KINDS);
		pr_assert(pr_policy_tunnel_find(policy, tunnel.id, &number) && number <= i);
	}
	pr_assert(!pool.base4.family || (pool.base4.family == 4 && pool.len4));
	pr_assert(!pool.base6.family || (pool.base6.family == 6 && pool.len6));
	pr_assert(strlen(pr_policy_settings(policy, 0)->tunnel) < SIZE_MAX);
}

static void change(struct pr_policy_blob *blob, const uint8_t *bytes, size_t len)
{
	for (; len >= 8; bytes += 8, len -= 8) {
		uint32_t where;

		memcpy(&where, bytes, 4);
		memcpy(blob->bytes + where % (blob->len - 3), bytes + 4, 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_config_file file = { PR_LAYER_ADMINISTRATOR, NULL, "portreeve.conf",
				       configuration, sizeof(configuration) - 1 };
	struct pr_config_input input = { .files = &file, .n_files = 1 };
	struct pr_policy_blob blob = { 0 };
	struct pr_config_error error;
	struct pr_policy *policy = NULL;

	if (len < 1)
		return 0;
	if (bytes[0] == 255) {
		blob.bytes = pr_calloc(1, len);
		blob.len = len - 1;
		memcpy(blob.bytes, bytes + 1, len - 1);
	} else {
		pr_assert(pr_settings_compile(&input, &blob, &error) == 0);
		change(&blob, bytes + 1, len - 1);
	}
	if (pr_policy_open(blob.bytes, blob.len, &policy) == 0) {
		ask(policy);
		ask_tunnels(policy);
	}
	pr_policy_free(policy);
	pr_policy_blob_done(&blob);
	return 0;
}
