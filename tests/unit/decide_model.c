/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decide_model.h"

#include <string.h>

enum three { NO, MAYBE, YES, NO_DATA };

/* What the stage is told. */
struct told {
	const struct world *world;
	const struct pr_settings *settings;
	uint64_t denying, excepting; /* the profile's lists */
	bool is_app;
	enum pr_stage stage;
	const struct pr_subject *subject;
	bool address_lists;    /* the lists that the address is on are seen */
	enum pr_speaks speaks; /* what was seen */
	bool encrypted;
	unsigned int flags; /* PR_SEEN_… */
	const char *alpn, *claimed;
	bool expired;
	bool owner, domain, scope, address, country, asn, lists, proto, port; /* settled */
	bool no_domain, no_scope, no_address, no_country, no_asn, no_lists, no_proto, no_port;
};

static bool settled(const struct pr_subject *subject, unsigned int fact)
{
	return (subject->known & fact) != 0;
}

static bool missing(const struct pr_subject *subject, unsigned int fact)
{
	return (subject->known & fact) && (subject->absent & fact);
}

static bool over_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 132;
}

/* Are its packets looked into, and was this found? */
static const struct pr_seen *found(const struct told *told, unsigned int fact)
{
	const struct pr_subject *subject = told->subject;

	if (told->stage != PR_STAGE_LINK || !told->proto || told->no_proto || told->no_port ||
	    (subject->proto != 6 && subject->proto != 17) || subject->own ||
	    subject->infrastructure || subject->start_grace || missing(subject, fact) ||
	    (subject->known & subject->absent & PR_FACTS_SEEN) == PR_FACTS_SEEN)
		return NULL;
	return subject->seen;
}

/* A question that is sent elsewhere shows nothing where it was sent to. */
static bool is_question(const struct told *told, bool own_dns);

static void tell_seen(struct told *told)
{
	const struct pr_seen *seen;

	if (told->stage == PR_STAGE_LINK && told->subject->infrastructure &&
	    told->subject->proto == 17 && told->proto && !told->no_proto)
		told->speaks = PR_SPEAKS_DHCP;
	if (is_question(told, told->settings->own_dns))
		return;
	seen = found(told, PR_FACT_SPEAKS);
	told->speaks = seen ? (enum pr_speaks)seen->speaks : told->speaks;
	seen = found(told, PR_FACT_ENCRYPTION);
	told->encrypted = seen && seen->encryption == PR_ENCRYPTION_YES;
	if (found(told, PR_FACT_NAME))
		told->claimed = told->subject->claimed;
	/* what was seen besides, be there a name and a certificate or not */
	seen = found(told, 0);
	told->flags = seen ? seen->flags : 0;
	told->alpn = seen ? seen->alpn : "";
	told->expired = seen && told->subject->certificate_expired;
}

static void tell(struct told *told, const struct world *world, uint32_t app, enum pr_stage stage,
		 const struct pr_subject *subject)
{
	bool resolved = stage == PR_STAGE_AFTER_INTEL || stage == PR_STAGE_LINK;
	bool packet = stage == PR_STAGE_LINK || stage == PR_STAGE_COMMUNICATION;

	memset(told, 0, sizeof(*told));
	told->world = world;
	told->stage = stage;
	told->subject = subject;
	told->is_app = subject->profile == app && !missing(subject, PR_FACT_OWNER);
	told->settings = told->is_app ? &world->app : &world->global;
	told->denying = told->is_app ? world->app_lists : world->global_lists;
	told->excepting = told->is_app ? world->app_exceptions : world->global_exceptions;
	told->owner = settled(subject, PR_FACT_OWNER);
	told->domain = settled(subject, PR_FACT_DOMAIN);
	told->no_domain = missing(subject, PR_FACT_DOMAIN);
	told->scope = packet || (resolved && settled(subject, PR_FACT_SCOPE));
	told->no_scope = !packet && told->scope && missing(subject, PR_FACT_SCOPE);
	told->address = stage == PR_STAGE_LINK || (resolved && settled(subject, PR_FACT_ADDRESS));
	told->no_address = told->address && (!settled(subject, PR_FACT_ADDRESS) ||
					     missing(subject, PR_FACT_ADDRESS));
	told->country = resolved && settled(subject, PR_FACT_COUNTRY);
	told->no_country = told->country && missing(subject, PR_FACT_COUNTRY);
	told->asn = resolved && settled(subject, PR_FACT_ASN);
	told->no_asn = told->asn && missing(subject, PR_FACT_ASN);
	told->address_lists = resolved;
	/* settled by the names, where no list says anything of addresses */
	told->lists = (resolved && settled(subject, PR_FACT_LISTS)) ||
		      (told->domain && !(resolved && settled(subject, PR_FACT_ADDRESS)) &&
		       subject->lists_open && *subject->lists_open == 0);
	told->no_lists = told->lists && missing(subject, PR_FACT_LISTS);
	told->proto = stage == PR_STAGE_LINK;
	told->no_proto = told->proto && (!settled(subject, PR_FACT_PROTOCOL) ||
					 missing(subject, PR_FACT_PROTOCOL));
	told->port = stage == PR_STAGE_LINK;
	told->no_port =
		told->port && (!settled(subject, PR_FACT_PORT) || missing(subject, PR_FACT_PORT));
	told->alpn = "";
	tell_seen(told);
}

/* A packet without a scope is as good as one with an invalid one. */
static enum pr_scope scope_of(const struct told *told)
{
	const struct pr_subject *subject = told->subject;

	if (!settled(subject, PR_FACT_SCOPE) || missing(subject, PR_FACT_SCOPE))
		return PR_SCOPE_INVALID;
	return subject->scope;
}

static unsigned int bit_of(enum pr_scope scope)
{
	if (scope == PR_SCOPE_LOCALHOST)
		return PR_SCOPE_BIT_LOCALHOST;
	if (scope == PR_SCOPE_LAN)
		return PR_SCOPE_BIT_LAN;
	if (scope == PR_SCOPE_INTERNET)
		return PR_SCOPE_BIT_INTERNET;
	return 0;
}

static bool below(const char *name, const char *zone)
{
	size_t name_len = strlen(name), zone_len = strlen(zone);

	if (name_len < zone_len || strcmp(name + name_len - zone_len, zone) != 0)
		return false;
	return name_len == zone_len || name[name_len - zone_len - 1] == '.';
}

static uint64_t bits_of(const uint64_t *lists)
{
	return lists ? *lists : 0;
}

/* All lists that the entity is on, as far as they are seen. */
static uint64_t lists_on(const struct told *told)
{
	uint64_t on = told->address_lists ? bits_of(told->subject->address_lists) : 0;

	for (unsigned int i = 0; i < told->subject->n_domains; i++)
		on |= bits_of(told->subject->domain_lists[i]);
	return on;
}

/* Of those of `lists`: may it still be on one, is there no data for one? */
static bool may_be_on(const struct told *told, uint64_t lists)
{
	return !told->lists && (!told->subject->lists_open || *told->subject->lists_open & lists);
}

static bool lacks_data(const struct told *told, uint64_t lists)
{
	return told->no_lists || bits_of(told->subject->lists_missing) & lists;
}

static uint64_t list_named(const char *name)
{
	for (unsigned int i = 0; i < WORLD_LISTS_COUNT_; i++)
		if (strcmp(world_lists[i], name) == 0)
			return UINT64_C(1) << i;
	return 0;
}

static enum three entity_matches(const struct told *told, const struct world_rule *rule,
				 unsigned int *fact)
{
	const struct pr_subject *subject = told->subject;
	struct pr_prefix prefix;

	*fact = 0;
	switch (rule->entity) {
	case WORLD_ANY:
		return YES;
	case WORLD_NAME:
	case WORLD_ZONE:
		*fact = PR_FACT_DOMAIN;
		if (!told->domain)
			return MAYBE;
		if (told->no_domain)
			return NO;
		for (unsigned int i = 0; i < subject->n_domains; i++)
			if (rule->entity == WORLD_NAME
				    ? strcmp(subject->domains[i], rule->text) == 0
				    : below(subject->domains[i], rule->text))
				return YES;
		return NO;
	case WORLD_PREFIX:
		*fact = PR_FACT_ADDRESS;
		if (!told->address)
			return MAYBE;
		if (told->no_address || pr_prefix_parse(rule->prefix, &prefix) != 0)
			return NO;
		return pr_prefix_contains(&prefix, &subject->remote) ? YES : NO;
	case WORLD_SCOPES:
		*fact = PR_FACT_SCOPE;
		if (!told->scope)
			return MAYBE;
		if (told->no_scope)
			return NO;
		return rule->scopes & bit_of(scope_of(told)) ? YES : NO;
	case WORLD_COUNTRY:
		*fact = PR_FACT_COUNTRY;
		if (!told->country)
			return MAYBE;
		if (told->no_country)
			return NO_DATA;
		return strcmp(rule->text, subject->country) == 0 ? YES : NO;
	case WORLD_ASN:
		*fact = PR_FACT_ASN;
		if (!told->asn)
			return MAYBE;
		if (told->no_asn)
			return NO_DATA;
		return rule->asn == subject->asn ? YES : NO;
	default:
		*fact = PR_FACT_LISTS;
		if (lists_on(told) & list_named(rule->text))
			return YES;
		if (may_be_on(told, list_named(rule->text)))
			return MAYBE;
		return lacks_data(told, list_named(rule->text)) ? NO_DATA : NO;
	}
}

/* On a TCP or UDP link. */
static enum three seen_matches(const struct told *told, const char *word)
{
	static const struct {
		const char *word;
		enum pr_speaks speaks;
		bool tcp, udp;
	} words[] = { { "tls", PR_SPEAKS_TLS, true, false },
		      { "quic", PR_SPEAKS_QUIC, false, true },
		      { "http", PR_SPEAKS_HTTP, true, false },
		      { "dns", PR_SPEAKS_DNS, true, true },
		      { "dhcp", PR_SPEAKS_DHCP, false, true } };
	uint8_t proto = told->subject->proto;

	if (told->proto && (told->no_proto || !over_ports(proto)))
		return NO;
	if (strcmp(word, "unencrypted") == 0) {
		if (told->stage == PR_STAGE_LINK && !told->subject->infrastructure &&
		    is_question(told, told->settings->own_dns))
			return NO;
		return !told->proto ? MAYBE : told->encrypted ? NO : YES;
	}
	if (strcmp(word, "encrypted") == 0)
		return told->encrypted ? YES : NO;
	for (size_t i = 0; i < PR_ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, word) == 0 && words[i].speaks == told->speaks &&
		    ((words[i].tcp && proto == 6) || (words[i].udp && proto == 17)))
			return YES;
	return NO;
}

static enum three proto_matches(const struct told *told, const struct world_rule *rule)
{
	if (rule->seen)
		return seen_matches(told, rule->seen);
	if (rule->proto < 0)
		return YES;
	if (!told->proto)
		return MAYBE;
	return !told->no_proto && told->subject->proto == rule->proto ? YES : NO;
}

static enum three port_matches(const struct told *told, const struct world_rule *rule)
{
	uint8_t proto = told->subject->proto;

	if (!rule->first_port)
		return YES;
	if (told->proto && !told->no_proto && proto != 6 && proto != 17 && proto != 132)
		return NO;
	if (!told->port)
		return MAYBE;
	return !told->no_port && told->subject->port >= rule->first_port &&
			       told->subject->port <= rule->last_port
		       ? YES
		       : NO;
}

static enum three rule_matches(const struct told *told, const struct world_rule *rule,
			       unsigned int *facts)
{
	unsigned int fact;
	enum three entity = entity_matches(told, rule, &fact);
	enum three proto = proto_matches(told, rule), port = port_matches(told, rule);

	*facts = 0;
	if (entity == NO || proto == NO || port == NO)
		return NO;
	if (entity == NO_DATA && told->settings->on_missing_data == PR_MISSING_SKIP)
		return NO;
	if (entity != YES)
		*facts |= fact;
	if (proto == MAYBE)
		*facts |= PR_FACT_PROTOCOL;
	if (port == MAYBE)
		*facts |= PR_FACT_PORT;
	if (entity == MAYBE || proto == MAYBE || port == MAYBE)
		return MAYBE;
	return entity;
}

static bool is_in_force(const struct told *told, const struct world_rule *rule)
{
	bool incoming = told->subject->direction == PR_DIRECTION_IN;

	if ((rule->ruleset == PR_RULESET_ENFORCED || rule->ruleset == PR_RULESET_PROFILE) &&
	    !told->is_app)
		return false;
	if (rule->ruleset == PR_RULESET_ENFORCED || rule->ruleset == PR_RULESET_ENFORCED_GLOBAL)
		return true; /* enforced rules know no direction */
	return rule->incoming == incoming;
}

/* Does it deny even where a list that is open turns out to say nothing? */
static bool denies_anyway(const struct told *told, const struct world_rule *rule)
{
	struct pr_subject settled = *told->subject;
	struct told after = *told;
	unsigned int facts;

	settled.lists_open = NULL;
	after.subject = &settled;
	after.lists = true;
	return rule_matches(&after, rule, &facts) == NO_DATA;
}

/* The first in order that matches or could match or has no data that counts; NULL = none. `past_denials`: denials
 * that could match are none. */
static const struct world_rule *first_rule(const struct told *told, bool past_denials,
					   enum three *ret_how, unsigned int *ret_facts)
{
	for (unsigned int set = 0; set < PR_RULESET_COUNT_; set++) {
		for (unsigned int i = 0; i < told->world->n_rules; i++) {
			const struct world_rule *rule = &told->world->rules[i];

			if (rule->ruleset != set || !is_in_force(told, rule))
				continue;
			*ret_how = rule_matches(told, rule, ret_facts);
			if (past_denials && *ret_how == MAYBE && rule->action == PR_RULE_DENY)
				*ret_how = denies_anyway(told, rule) ? NO_DATA : NO;
			if (*ret_how != NO)
				return rule;
		}
	}
	return NULL;
}

static struct model_decision outcome(enum pr_outcome what)
{
	return (struct model_decision){ .outcome = what };
}

static struct model_decision permit(const struct told *told)
{
	bool packet = told->stage >= PR_STAGE_COMMUNICATION;

	return (struct model_decision){ .outcome = PR_OUTCOME_PERMIT,
					.verdict = PR_VERDICT_ACCEPT,
					.permanent = packet && told->settings->permanent_verdicts };
}

static struct model_decision deny(const struct told *told)
{
	enum pr_deny_how how = told->subject->direction == PR_DIRECTION_IN
				       ? told->settings->deny_incoming
				       : told->settings->deny_outgoing;
	struct model_decision decision = permit(told);

	decision.outcome = PR_OUTCOME_DENY;
	decision.verdict = how == PR_DENY_BLOCK ? PR_VERDICT_BLOCK : PR_VERDICT_DROP;
	return decision;
}

static struct model_decision deny_by(const struct told *told, const struct world_rule *rule)
{
	struct model_decision decision = deny(told);

	decision.rule = rule;
	return decision;
}

static bool can_be_fetched(const struct told *told, unsigned int fact)
{
	switch (fact) {
	case PR_FACT_OWNER:
	case PR_FACT_DOMAIN:
		return true;
	case PR_FACT_COUNTRY:
	case PR_FACT_ASN:
	case PR_FACT_LISTS:
		return told->stage == PR_STAGE_LINK ||
		       (told->stage == PR_STAGE_AFTER_INTEL && told->address);
	default:
		return false;
	}
}

static struct model_decision depends(const struct told *told, unsigned int facts)
{
	unsigned int fetch = 0;

	for (unsigned int fact = 1; fact <= PR_FACTS_ALL; fact <<= 1)
		if (facts & fact && !settled(told->subject, fact) && can_be_fetched(told, fact))
			fetch |= fact;
	if (!fetch)
		return outcome(PR_OUTCOME_OPEN);
	return (struct model_decision){ .outcome = PR_OUTCOME_MISSING, .missing = fetch };
}

static bool is_graced(const struct told *told)
{
	/* a link is, not a question */
	return told->stage >= PR_STAGE_COMMUNICATION && told->subject->start_grace &&
	       told->world->start_grace;
}

/* A question to somebody's nameserver, of a program that may not have one of its own. */
static bool is_question(const struct told *told, bool own_dns)
{
	const struct pr_subject *subject = told->subject;

	return subject->direction != PR_DIRECTION_IN && !subject->dns_exempt &&
	       settled(subject, PR_FACT_PROTOCOL) && !missing(subject, PR_FACT_PROTOCOL) &&
	       settled(subject, PR_FACT_PORT) && !missing(subject, PR_FACT_PORT) &&
	       (subject->to_nameserver || (!own_dns && subject->port == 53)) &&
	       (subject->proto == 6 || subject->proto == 17);
}

static bool is_encrypted(const struct pr_subject *subject)
{
	return subject->direction != PR_DIRECTION_IN && settled(subject, PR_FACT_PROTOCOL) &&
	       !missing(subject, PR_FACT_PROTOCOL) && settled(subject, PR_FACT_PORT) &&
	       !missing(subject, PR_FACT_PORT) && subject->port == 853 &&
	       (subject->proto == 6 || subject->proto == 17);
}

/* Infrastructure: what a rule that names its protocol denies. */
static struct model_decision on_infrastructure(const struct told *told)
{
	const struct world_rule *rule;
	unsigned int facts;
	enum three how;
	bool deniable = false;

	for (unsigned int i = 0; i < told->world->n_rules; i++) {
		rule = &told->world->rules[i];
		if (rule->action == PR_RULE_DENY &&
		    (rule->proto == 1 || rule->proto == 58 || rule->proto == 2 ||
		     ((rule->proto == 17 || (rule->seen && strcmp(rule->seen, "dhcp") == 0)) &&
		      (!rule->first_port || (rule->first_port <= 68 && rule->last_port >= 67) ||
		       (rule->first_port <= 547 && rule->last_port >= 546)))))
			deniable = true;
	}
	if (!deniable)
		return permit(told);
	if (!told->owner)
		return depends(told, PR_FACT_OWNER);
	rule = first_rule(told, false, &how, &facts);
	if (rule && how == MAYBE)
		return depends(told, facts);
	if (rule && how == YES && rule->action == PR_RULE_DENY &&
	    (rule->proto >= 0 || (rule->seen && !strstr(rule->seen, "encrypted"))))
		return deny(told);
	return permit(told);
}

/* As if no rule asked for what packets show. */
static bool first_unseen_rule(const struct told *told, struct world_rule *ret_rule,
			      enum three *ret_how, unsigned int *ret_facts)
{
	const struct world_rule *rule;
	struct world world = *told->world;
	struct told unseen = *told;

	unseen.world = &world;
	world.n_rules = 0;
	for (unsigned int i = 0; i < told->world->n_rules; i++)
		if (!told->world->rules[i].seen)
			world.rules[world.n_rules++] = told->world->rules[i];
	rule = first_rule(&unseen, false, ret_how, ret_facts);
	if (rule)
		*ret_rule = *rule;
	return rule;
}

/* False: a rule that names the address permits it. */
static bool on_attacker(const struct told *told, struct model_decision *ret_decision)
{
	struct world_rule rule;
	enum three how = NO;
	unsigned int facts;
	bool any = false;

	if (told->subject->direction == PR_DIRECTION_IN) {
		*ret_decision = depends(told, PR_FACT_OWNER);
		if (!told->owner)
			return true;
		any = first_unseen_rule(told, &rule, &how, &facts);
	}
	if (any && how == MAYBE) {
		*ret_decision = depends(told, facts);
		return true;
	}
	if (any && how == YES && rule.action == PR_RULE_PERMIT && rule.entity == WORLD_PREFIX)
		return false;
	*ret_decision = deny(told);
	ret_decision->verdict = PR_VERDICT_DROP;
	ret_decision->permanent = false;
	return true;
}

static struct model_decision by_rule(const struct told *told, const struct world_rule *rule)
{
	switch (rule->action) {
	case PR_RULE_PERMIT:
		return permit(told);
	case PR_RULE_DENY:
		return deny_by(told, rule);
	case PR_RULE_ASK:
		return outcome(PR_OUTCOME_ASK);
	default:
		return outcome(PR_OUTCOME_REROUTE_TUNNEL);
	}
}

static bool does_rule_count(const struct told *told, const struct world_rule *rule)
{
	if (rule->action == PR_RULE_DENY)
		return true;
	if (is_graced(told))
		return rule->action != PR_RULE_ASK;
	if (told->stage == PR_STAGE_LINK && is_question(told, told->settings->own_dns))
		return rule->entity == WORLD_PREFIX && rule->first_port;
	return true;
}

static struct model_decision by_default(const struct told *told, enum pr_default_action action)
{
	if (action == PR_ACTION_PERMIT)
		return permit(told);
	return action == PR_ACTION_ASK ? outcome(PR_OUTCOME_ASK) : deny(told);
}

static bool is_ours(const struct told *told)
{
	return told->scope && !told->no_scope &&
	       (scope_of(told) == PR_SCOPE_LOCALHOST || scope_of(told) == PR_SCOPE_LAN);
}

/* Do lists that deny speak against it? */
static enum three is_listed(const struct told *told, uint64_t denying, uint64_t excepting)
{
	const struct pr_subject *subject = told->subject;

	if (!denying || (is_ours(told) && !subject->n_domains))
		return NO;
	if (subject->n_domains && bits_of(subject->domain_lists[0]) & excepting)
		return NO;
	for (unsigned int i = 0; i < subject->n_domains; i++)
		if (bits_of(subject->domain_lists[i]) & denying &&
		    !(bits_of(subject->domain_lists[i]) & excepting))
			return YES;
	if (!is_ours(told) && told->address_lists && bits_of(subject->address_lists) & denying &&
	    !(bits_of(subject->address_lists) & excepting))
		return YES;
	if (may_be_on(told, denying) && !(is_ours(told) && subject->lists_open))
		return MAYBE;
	return lacks_data(told, denying) ? NO_DATA : NO;
}

static bool is_name(const struct told *told, const char *zone)
{
	return told->domain && !told->no_domain && told->subject->n_domains &&
	       below(told->subject->domains[0], zone);
}

/* What is known of the entity: NO: nothing against it; MAYBE: *ret_missing decides; YES: denied, and *denied has the
 * lists by which. */
static enum three by_knowledge(const struct told *told, unsigned int *ret_missing,
			       struct model_decision *denied)
{
	const struct pr_settings *settings = told->settings;
	const struct pr_subject *subject = told->subject;
	uint32_t prevents = settings->own_dns ? 0 : settings->bypass_prevention;
	bool question = told->stage < PR_STAGE_COMMUNICATION;
	bool opened = subject->direction != PR_DIRECTION_IN;
	bool deny_missing = settings->on_missing_data == PR_MISSING_DENY;
	enum three doh = NO, lists;
	bool seen = false;

	*ret_missing = 0;
	*denied = deny(told);
	if (opened && question && prevents & PR_BYPASS_CANARY &&
	    is_name(told, "use-application-dns.net"))
		return YES;
	if (opened && question && prevents & PR_BYPASS_DISCOVERY && is_name(told, "resolver.arpa"))
		return YES;
	if (opened && told->stage == PR_STAGE_LINK && prevents & PR_BYPASS_DOT &&
	    !subject->dns_exempt && !told->no_proto && !told->no_port && subject->port == 853 &&
	    (subject->proto == 6 || subject->proto == 17))
		return YES;
	if (opened && prevents & PR_BYPASS_DOT && !subject->dns_exempt &&
	    strcmp(told->alpn, "h2,dot") == 0)
		return YES;
	if (opened && prevents & PR_BYPASS_DOH && !subject->dns_exempt)
		doh = is_listed(told, UINT64_C(1) << WORLD_DOH, 0);
	if (opened && prevents & PR_BYPASS_DOH && !subject->dns_exempt && told->claimed &&
	    subject->suspicions & PR_SUSPICION_DOH)
		seen = true;
	lists = is_listed(told, told->denying, told->excepting);
	if (doh == YES)
		denied->lists = UINT64_C(1) << WORLD_DOH;
	if (doh == YES || (doh == NO_DATA && deny_missing))
		return YES;
	if (doh == MAYBE)
		*ret_missing = PR_FACT_LISTS;
	/* who can be asked is asked before the next check has its turn */
	if (doh == MAYBE && can_be_fetched(told, PR_FACT_LISTS))
		return MAYBE;
	if (seen)
		return YES;
	if (lists == YES) {
		denied->lists = told->denying;
		denied->exceptions = told->excepting;
	}
	if (lists == YES || (lists == NO_DATA && deny_missing))
		return YES;
	if (lists == MAYBE)
		*ret_missing = PR_FACT_LISTS;
	if (lists == MAYBE && can_be_fetched(told, PR_FACT_LISTS))
		return MAYBE;
	if (opened && told->stage == PR_STAGE_AFTER_INTEL && subject->public_answer &&
	    told->world->rebinding_protection && is_ours(told) && !is_name(told, "local"))
		return YES;
	if (opened && settings->foreign_names == PR_SUSPICION_DENY && told->claimed)
		return YES;
	if (opened && ((settings->generated_domains == PR_SUSPICION_DENY &&
			subject->suspicions & PR_SUSPICION_GENERATED) ||
		       (settings->dns_tunnels == PR_SUSPICION_DENY &&
			subject->suspicions & PR_SUSPICION_TUNNEL)))
		return YES;
	return *ret_missing ? MAYBE : NO;
}

static bool is_bad_tls(const struct told *told)
{
	uint32_t deny = told->settings->deny_tls;

	return told->subject->direction != PR_DIRECTION_IN &&
	       ((deny & PR_TLS_NAMELESS && told->flags & PR_SEEN_NAMELESS) ||
		(deny & PR_TLS_OLD && told->flags & PR_SEEN_OLD) ||
		(deny & PR_TLS_SELF_ISSUED && told->flags & PR_SEEN_SELF_ISSUED) ||
		(deny & PR_TLS_EXPIRED && told->expired));
}

/* NO: it should be encrypted and isn't proven. */
static enum three is_encryption_kept(const struct told *told)
{
	if (!told->settings->require_encryption || told->no_scope ||
	    !(told->settings->encryption_scopes & bit_of(scope_of(told))))
		return YES;
	if (!told->proto)
		return MAYBE;
	if (told->no_proto || !over_ports(told->subject->proto))
		return YES;
	return told->encrypted ? YES : NO;
}

/* No rule spoke, and the scope is known (or there is none). */
static struct model_decision by_switches(const struct told *told)
{
	const struct pr_settings *settings = told->settings;
	const struct pr_subject *subject = told->subject;
	bool incoming = subject->direction == PR_DIRECTION_IN;
	bool packet = told->stage >= PR_STAGE_COMMUNICATION;
	bool question = told->stage == PR_STAGE_LINK && is_question(told, settings->own_dns);
	uint32_t allowed = incoming ? settings->incoming_scopes : settings->scopes;
	struct model_decision decision;
	enum three how, encrypted;
	unsigned int facts;

	if (question)
		return outcome(PR_OUTCOME_REROUTE_NAMESERVER);
	if (!told->no_scope && !(allowed & bit_of(scope_of(told))) &&
	    scope_of(told) != PR_SCOPE_INVALID)
		return deny(told);
	if (packet && !incoming && !(settings->scopes & PR_SCOPE_BIT_PEER_TO_PEER) &&
	    scope_of(told) != PR_SCOPE_LOCALHOST) {
		if (!told->domain)
			return depends(told, PR_FACT_DOMAIN);
		if (told->no_domain || !subject->n_domains)
			return deny(told);
	}
	how = by_knowledge(told, &facts, &decision);
	if (how == YES)
		return decision;
	if (how == MAYBE && can_be_fetched(told, facts))
		return depends(told, facts);
	if (is_bad_tls(told))
		return deny(told);
	encrypted = is_encryption_kept(told);
	if (encrypted == NO)
		return deny(told);
	if (!incoming && settings->require_tunnel && settings->default_action == PR_ACTION_PERMIT &&
	    !told->no_scope && scope_of(told) == PR_SCOPE_INTERNET)
		return outcome(encrypted == MAYBE && told->stage == PR_STAGE_COMMUNICATION
				       ? PR_OUTCOME_OPEN
				       : PR_OUTCOME_REROUTE_TUNNEL);
	if (encrypted == MAYBE && how != MAYBE)
		how = MAYBE;
	decision =
		by_default(told, incoming ? settings->default_incoming : settings->default_action);
	/* what may still be denied isn't permitted */
	if (how == MAYBE && decision.outcome == PR_OUTCOME_PERMIT)
		return outcome(PR_OUTCOME_OPEN);
	return decision;
}

/* No rule spoke, and the scope isn't known: whatever all three would say. A prompt or a tunnel doesn't
 * wait for it; a permission does, for the address may turn out to be invalid. */
static struct model_decision by_switches_without_scope(const struct told *told)
{
	const struct pr_settings *settings = told->settings;
	bool none = !(settings->scopes &
		      (PR_SCOPE_BIT_LOCALHOST | PR_SCOPE_BIT_LAN | PR_SCOPE_BIT_INTERNET));
	struct model_decision denied;
	unsigned int facts;

	if (by_knowledge(told, &facts, &denied) == YES)
		return denied;
	if (none || settings->default_action == PR_ACTION_BLOCK)
		return deny(told);
	if (settings->default_action == PR_ACTION_ASK)
		return outcome(PR_OUTCOME_ASK);
	return outcome(PR_OUTCOME_OPEN);
}

/* No rule counts. */
static struct model_decision behind_the_rules(const struct told *told)
{
	if (is_graced(told)) {
		if (!told->settings->require_tunnel ||
		    told->subject->direction == PR_DIRECTION_IN || told->no_scope)
			return permit(told);
		if (!told->scope)
			return depends(told, PR_FACT_SCOPE);
		return scope_of(told) == PR_SCOPE_INTERNET ? outcome(PR_OUTCOME_REROUTE_TUNNEL)
							   : permit(told);
	}
	return told->scope ? by_switches(told) : by_switches_without_scope(told);
}

/* The first rule that speaks is a denial that lacks `facts`: what follows counts where it denies as well. */
static struct model_decision past_denials(const struct told *told, unsigned int facts)
{
	struct model_decision open = depends(told, facts), behind;
	const struct world_rule *rule;
	enum three how;

	rule = first_rule(told, true, &how, &facts);
	if (rule && how == NO_DATA && !is_graced(told))
		return deny_by(told, rule);
	if (rule && how == YES && rule->action == PR_RULE_DENY)
		return deny_by(told, rule);
	if (rule && (how == MAYBE || (how == YES && does_rule_count(told, rule))))
		return open;
	if (open.outcome == PR_OUTCOME_MISSING)
		return open;
	behind = behind_the_rules(told);
	if (behind.outcome == PR_OUTCOME_DENY || behind.outcome == PR_OUTCOME_MISSING)
		return behind;
	return outcome(PR_OUTCOME_OPEN);
}

static struct model_decision after_the_ground(const struct told *told)
{
	const struct world_rule *rule;
	struct model_decision decision;
	unsigned int facts;
	enum three how;

	if (!told->owner)
		return depends(told, PR_FACT_OWNER);
	rule = first_rule(told, false, &how, &facts);
	if (rule && how == MAYBE && rule->action == PR_RULE_DENY)
		return past_denials(told, facts);
	if (rule && how == MAYBE)
		return depends(told, facts);
	if (rule && how == NO_DATA && !is_graced(told))
		return deny_by(told, rule);
	if (rule && how == YES && does_rule_count(told, rule)) {
		decision = by_rule(told, rule);
		if (decision.outcome == PR_OUTCOME_PERMIT && !told->scope)
			return outcome(PR_OUTCOME_OPEN);
		return decision;
	}
	return behind_the_rules(told);
}

static struct model_decision decide_once(const struct world *world, uint32_t app,
					 enum pr_stage stage, const struct pr_subject *subject)
{
	bool packet = stage >= PR_STAGE_COMMUNICATION;
	struct model_decision decision;
	struct told told;

	tell(&told, world, app, stage, subject);
	if (stage == PR_STAGE_COMMUNICATION &&
	    (subject->own || subject->infrastructure || subject->spoofed || subject->start_grace ||
	     subject->attacker || subject->dns_exempt || is_question(&told, false) ||
	     is_encrypted(subject)))
		return outcome(PR_OUTCOME_OPEN);
	if (subject->own)
		return permit(&told);
	if (packet && subject->infrastructure)
		return on_infrastructure(&told);
	if (packet && subject->spoofed && !is_graced(&told)) {
		decision = deny(&told);
		decision.verdict = PR_VERDICT_DROP;
		decision.permanent = false;
		return decision;
	}
	if (packet && subject->attacker && subject->direction != PR_DIRECTION_OUT &&
	    !is_graced(&told) && on_attacker(&told, &decision))
		return decision;
	if (told.scope && !told.no_scope && scope_of(&told) == PR_SCOPE_INVALID &&
	    !is_graced(&told)) {
		decision = deny(&told);
		if (subject->direction == PR_DIRECTION_IN)
			decision.verdict = PR_VERDICT_DROP;
		return decision;
	}
	decision = after_the_ground(&told);
	if (subject->pooled && subject->direction != PR_DIRECTION_IN &&
	    (told.no_domain || decision.outcome == PR_OUTCOME_PERMIT ||
	     (decision.outcome == PR_OUTCOME_ASK && !told.settings->require_tunnel)))
		return deny(&told);
	return decision;
}

/* Does what denies the claimed name speak of the name? */
static bool is_by_name(const struct model_decision *decision, const struct pr_subject *as_claimed)
{
	uint64_t on = bits_of(as_claimed->domain_lists[0]);

	if (decision->rule)
		return decision->rule->entity == WORLD_NAME ||
		       decision->rule->entity == WORLD_ZONE ||
		       (decision->rule->entity == WORLD_LIST &&
			on & list_named(decision->rule->text));
	return on & decision->lists && !(on & decision->exceptions);
}

struct model_decision model_decide(const struct world *world, uint32_t app, enum pr_stage stage,
				   const struct pr_subject *subject)
{
	struct model_decision decision, other;
	struct pr_subject as_claimed = *subject;
	struct told told;

	/* of the same link, with what its packets have shown */
	if (stage == PR_STAGE_INSPECTION)
		stage = PR_STAGE_LINK;
	decision = decide_once(world, app, stage, subject);
	tell(&told, world, app, stage, subject);
	if (!told.claimed || decision.outcome == PR_OUTCOME_DENY ||
	    decision.outcome == PR_OUTCOME_MISSING)
		return decision;
	as_claimed.domains[0] = subject->claimed;
	as_claimed.domain_lists[0] = subject->claimed_lists;
	as_claimed.n_domains = 1;
	as_claimed.known |= PR_FACT_DOMAIN;
	as_claimed.absent &= ~(unsigned int)PR_FACT_DOMAIN;
	other = decide_once(world, app, stage, &as_claimed);
	if (other.outcome == PR_OUTCOME_MISSING ||
	    (other.outcome == PR_OUTCOME_DENY && is_by_name(&other, &as_claimed)))
		return other;
	return decision;
}
