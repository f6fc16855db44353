/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide_draw.h"

#include "network/class.h"

#include "unit.h"

#include <string.h>

static uint64_t random_state;

/* splitmix64 (Steele, Lea, Flood 2014) */
uint32_t draw(uint32_t n)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

bool one_in(uint32_t n)
{
	return draw(n) == 0;
}

static const char *const names[] = { "example.com",
				     "www.example.com",
				     "badexample.com",
				     "example.net",
				     "a.b.example.net",
				     "com",
				     "use-application-dns.net",
				     "_dns.resolver.arpa",
				     "nas.local" };
static const char *const addresses[] = { "127.0.0.1", "192.168.1.7", "93.184.216.34",
					 "8.8.8.8",   "0.0.0.0",     "2606:2800::1",
					 "fe80::1:2", "203.0.113.5", "224.0.0.251" };
static const char *const prefixes[] = { "0.0.0.0/0",	  "8.8.8.8",	   "93.184.0.0/16",
					"192.168.0.0/16", "2606::/16",	   "127.0.0.0/8",
					"::/0",		  "203.0.113.0/24" };
static const char *const countries[] = { "AT", "DE" };
static const int protos[] = { 6, 17, 1, 58, 2, 132 };
static const char *const words[] = { "tls",  "quic",	  "http",	"dns",
				     "dhcp", "encrypted", "unencrypted" };
static const uint16_t ports[] = { 53, 80, 443, 67, 546, 8080, 853 };

/* Of all lists of the world. */
static const uint64_t bitsets[1 << WORLD_LISTS_COUNT_] = { 0, 1, 2,  3,	 4,  5,	 6,  7,
							   8, 9, 10, 11, 12, 13, 14, 15 };

/* Rather few of those of `among`; NULL: none. */
const uint64_t *draw_bits(uint64_t among)
{
	uint64_t bits = draw(16) & draw(16) & among;

	return one_in(2) ? &bitsets[bits] : NULL;
}

static uint64_t bits_of(const uint64_t *bits, uint64_t or_else)
{
	return bits ? *bits : or_else;
}

static struct pr_settings draw_settings(void)
{
	return (struct pr_settings){
		.default_action = (enum pr_default_action)draw(3),
		.default_incoming = (enum pr_default_action)draw(3),
		.deny_outgoing = (enum pr_deny_how)draw(2),
		.deny_incoming = (enum pr_deny_how)draw(2),
		.on_missing_data = (enum pr_on_missing)draw(2),
		.scopes = one_in(2) ? 15 : draw(16),
		.incoming_scopes = one_in(2) ? 15 : draw(16),
		.permanent_verdicts = !one_in(4),
		.require_tunnel = one_in(4),
		.own_dns = one_in(4),
		.bypass_prevention = draw(16),
		.generated_domains = (enum pr_on_suspicion)draw(3),
		.dns_tunnels = (enum pr_on_suspicion)draw(3),
		.foreign_names = (enum pr_on_suspicion)draw(3),
		.require_encryption = one_in(4),
		.encryption_scopes = draw(8),
		.deny_tls = one_in(3) ? draw(16) : 0,
	};
}

static struct world_rule draw_rule(void)
{
	struct world_rule rule = {
		.ruleset = (enum pr_ruleset)draw(PR_RULESET_COUNT_),
		.incoming = one_in(3),
		.action = (enum pr_rule_action)draw(4),
		.entity = (enum world_entity)draw(WORLD_ENTITIES_COUNT_),
		.prefix = prefixes[draw(PR_ARRAY_SIZE(prefixes))],
		.scopes = 1 + draw(7),
		.asn = 1 + draw(3),
		.proto = one_in(2) ? -1 : protos[draw(PR_ARRAY_SIZE(protos))],
	};

	/* no tunnel leads from what is only seen on the way */
	if (one_in(5) && rule.action != PR_RULE_TUNNEL) {
		rule.seen = words[draw(PR_ARRAY_SIZE(words))];
		rule.proto = -1;
	}
	rule.text = rule.entity == WORLD_COUNTRY ? countries[draw(PR_ARRAY_SIZE(countries))]
		    : rule.entity == WORLD_LIST	 ? world_lists[draw(WORLD_LISTS_COUNT_)]
						 : names[draw(PR_ARRAY_SIZE(names))];
	if (one_in(3) &&
	    (rule.proto == -1 || rule.proto == 6 || rule.proto == 17 || rule.proto == 132)) {
		rule.first_port = ports[draw(PR_ARRAY_SIZE(ports))];
		rule.last_port = rule.first_port + (one_in(3) ? (uint16_t)draw(500) : 0);
	}
	return rule;
}

void draw_world(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->global = draw_settings();
	world->app = draw_settings();
	world->start_grace = !one_in(4);
	world->rebinding_protection = !one_in(4);
	world->global_lists = bits_of(draw_bits(UINT64_MAX), 0);
	world->global_exceptions = bits_of(draw_bits(UINT64_MAX), 0);
	world->app_lists = bits_of(draw_bits(UINT64_MAX), 0);
	world->app_exceptions = bits_of(draw_bits(UINT64_MAX), 0);
	world->n_rules = draw(WORLD_RULES_MAX / 2);
	for (unsigned int i = 0; i < world->n_rules; i++)
		world->rules[i] = draw_rule();
}

/* Facts of intelligence, where they are still open: a value, or no data. */
static void draw_intelligence(struct pr_subject *subject)
{
	const unsigned int facts[] = { PR_FACT_COUNTRY, PR_FACT_ASN, PR_FACT_LISTS };

	for (size_t i = 0; i < PR_ARRAY_SIZE(facts); i++) {
		if (subject->known & facts[i])
			continue;
		subject->known |= facts[i];
		/* No list at all has data only where none was said to have any. */
		if (one_in(2) && !(facts[i] == PR_FACT_LISTS && subject->lists_open))
			subject->absent |= facts[i];
		else if (facts[i] == PR_FACT_LISTS)
			subject->address_lists =
				draw_bits(bits_of(subject->lists_open, UINT64_MAX));
		else if (facts[i] == PR_FACT_COUNTRY)
			strcpy(subject->country, countries[draw(PR_ARRAY_SIZE(countries))]);
		else if (facts[i] == PR_FACT_ASN)
			subject->asn = 1 + draw(4);
	}
}

/* `among`: the lists that the names may be on. */
static void draw_domain(struct pr_subject *subject, uint64_t among)
{
	subject->known |= PR_FACT_DOMAIN;
	subject->n_domains = draw(3);
	for (unsigned int i = 0; i < subject->n_domains; i++) {
		subject->domains[i] = names[draw(PR_ARRAY_SIZE(names))];
		/* Lists that are settled are settled with the names. */
		subject->domain_lists[i] = subject->known & PR_FACT_LISTS ? NULL : draw_bits(among);
		/* the same name is on the same lists */
		for (unsigned int k = 0; k < i; k++)
			if (subject->domains[k] == subject->domains[i])
				subject->domain_lists[i] = subject->domain_lists[k];
	}
	if (!subject->n_domains)
		subject->absent |= PR_FACT_DOMAIN;
}

static void draw_owner(struct pr_subject *subject, uint32_t app)
{
	subject->known |= PR_FACT_OWNER;
	subject->profile = one_in(3) ? draw(app) : app;
	if (one_in(5)) {
		subject->absent |= PR_FACT_OWNER;
		subject->profile = PR_PROFILE_UNKNOWN;
	}
}

static void draw_remote(struct pr_subject *subject)
{
	static const struct pr_own_addresses own;
	struct pr_address address;

	assert_int_equal(pr_address_parse(addresses[draw(PR_ARRAY_SIZE(addresses))], &address), 0);
	pr_subject_remote_set(subject, &address, &own);
}

static void draw_service(struct pr_subject *subject)
{
	subject->known |= PR_FACT_PROTOCOL | PR_FACT_PORT;
	subject->proto = (uint8_t)protos[draw(PR_ARRAY_SIZE(protos))];
	if (subject->proto == 6 || subject->proto == 17 || subject->proto == 132)
		subject->port = ports[draw(PR_ARRAY_SIZE(ports))] + (one_in(4) ? 1 : 0);
	else
		subject->absent |= PR_FACT_PORT;
}

/* What the packets have shown of a link: all there is to it, or nothing, for it isn't looked into. */
void draw_seen(struct pr_subject *subject)
{
	static const enum pr_speaks speaks[] = { PR_SPEAKS_UNKNOWN, PR_SPEAKS_TLS, PR_SPEAKS_QUIC,
						 PR_SPEAKS_HTTP,    PR_SPEAKS_DNS, PR_SPEAKS_SSH };
	static struct pr_seen seen;

	memset(&seen, 0, sizeof(seen));
	seen.speaks = (uint8_t)speaks[draw(PR_ARRAY_SIZE(speaks))];
	seen.encryption = (uint8_t)draw(3);
	seen.flags = (uint16_t)(one_in(3) ? draw(0x40) : 0);
	strcpy(seen.alpn, one_in(6) ? "h2,dot" : "h2,dots");
	subject->seen = &seen;
	subject->certificate_expired = one_in(6);
	subject->known |= PR_FACTS_SEEN;
	subject->absent &= ~(unsigned int)PR_FACTS_SEEN;
	if (one_in(4))
		subject->absent |= PR_FACT_NAME;
	if (one_in(4))
		subject->absent |= PR_FACT_CERTIFICATE;
	if (one_in(2)) {
		subject->claimed = names[draw(PR_ARRAY_SIZE(names))];
		subject->claimed_lists = draw_bits(UINT64_MAX);
	}
}

void draw_subject(struct pr_subject *subject, uint32_t app)
{
	memset(subject, 0, sizeof(*subject));
	subject->known = subject->absent = PR_FACTS_SEEN;
	subject->direction = (enum pr_direction)draw(3);
	if (!one_in(10))
		draw_owner(subject, app);
	subject->n_list_words = 1;
	subject->lists_missing = draw_bits(UINT64_MAX);
	subject->lists_open = one_in(3) ? &bitsets[0] : draw_bits(UINT64_MAX);
	if (!one_in(10))
		draw_domain(subject, UINT64_MAX);
	if (!one_in(6))
		draw_remote(subject);
	if (subject->known & PR_FACT_ADDRESS && !one_in(4))
		draw_intelligence(subject);
	if (!one_in(8))
		draw_service(subject);
	subject->own = one_in(40);
	subject->infrastructure = one_in(30);
	subject->start_grace = one_in(20);
	subject->dns_exempt = one_in(10);
	subject->to_nameserver = one_in(20);
	subject->public_answer = one_in(2);
	subject->suspicions = one_in(4) ? draw(8) : 0;
	if (one_in(2))
		draw_seen(subject);
	subject->attacker = one_in(30);
	subject->pooled = one_in(12);
	if (one_in(30))
		subject->spoofed = (enum pr_spoof)(1 + draw(4));
}

/* Settles what is open at random; what is known stays. */
void draw_rest(struct pr_subject *subject, uint32_t app)
{
	if (!(subject->known & PR_FACT_OWNER))
		draw_owner(subject, app);
	if (!(subject->known & PR_FACT_DOMAIN))
		draw_domain(subject, bits_of(subject->lists_open, UINT64_MAX));
	if (!(subject->known & PR_FACT_ADDRESS))
		draw_remote(subject);
	draw_intelligence(subject);
	if (!(subject->known & PR_FACT_PROTOCOL))
		draw_service(subject);
	subject->absent |= PR_FACTS_SEEN & ~subject->known;
	subject->known |= PR_FACTS_SEEN;
}

void draw_seed(uint64_t seed)
{
	random_state = seed;
}

const char *draw_name(void)
{
	return names[draw(PR_ARRAY_SIZE(names))];
}
