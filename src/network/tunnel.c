/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line a key. The values are checked where they were configured; here only that they can be what they should, so that
 * whoever reads them back needs no check of its own. */
#include "network/tunnel.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[PR_TUNNEL_N_KINDS] = {
	[PR_TUNNEL_SOCKS5] = "socks5", [PR_TUNNEL_CONNECT] = "connect",
	[PR_TUNNEL_HTTP] = "http",     [PR_TUNNEL_INTERFACE] = "interface",
	[PR_TUNNEL_CHAIN] = "chain",   [PR_TUNNEL_SET] = "set",
};

static const char *const isolates[PR_TUNNEL_N_ISOLATES] = {
	[PR_TUNNEL_PER_APPLICATION] = "application",
	[PR_TUNNEL_PER_DOMAIN] = "domain",
	[PR_TUNNEL_PER_LINK] = "link",
	[PR_TUNNEL_SHARED] = "none",
};

static const char *const choices[PR_TUNNEL_N_CHOICES] = {
	[PR_TUNNEL_IN_ORDER] = "order",
	[PR_TUNNEL_BY_LATENCY] = "latency",
	[PR_TUNNEL_AT_RANDOM] = "random",
};

static const char *const outcomes[PR_TUNNEL_N_OUTCOMES] = {
	[PR_TUNNEL_OPEN] = "open",
	[PR_TUNNEL_REFUSED] = "refused",
	[PR_TUNNEL_UNREACHABLE] = "unreachable",
	[PR_TUNNEL_TIMED_OUT] = "timed-out",
	[PR_TUNNEL_FORBIDDEN] = "forbidden",
	[PR_TUNNEL_UNSUPPORTED] = "unsupported",
	[PR_TUNNEL_DOWN] = "down",
};

const char *pr_tunnel_kind_name(enum pr_tunnel_kind kind)
{
	return kind < PR_TUNNEL_N_KINDS ? kinds[kind] : "unknown";
}

const char *pr_tunnel_isolate_name(enum pr_tunnel_isolate isolate)
{
	return isolate < PR_TUNNEL_N_ISOLATES ? isolates[isolate] : "unknown";
}

const char *pr_tunnel_choose_name(enum pr_tunnel_choose choose)
{
	return choose < PR_TUNNEL_N_CHOICES ? choices[choose] : "unknown";
}

const char *pr_tunnel_outcome_name(enum pr_tunnel_outcome outcome)
{
	return outcome < PR_TUNNEL_N_OUTCOMES ? outcomes[outcome] : "unknown";
}

bool pr_tunnel_id_valid(const char *id)
{
	size_t len = strlen(id);

	if (!len || len > PR_TUNNEL_UPSTREAM_ID_MAX)
		return false;
	for (; *id; id++)
		if (!((*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') ||
		      (*id >= '0' && *id <= '9') || *id == '-' || *id == '_'))
			return false;
	return true;
}

/* ---- writing ---- */

/* A handful of lines: each makes the text anew. */
static void put(char **text, const char *key, const char *value)
{
	char *longer;

	if (!value || !value[0])
		return;
	longer = pr_asprintf("%s%s=%s\n", *text, key, value);
	free(*text);
	*text = longer;
}

char *pr_tunnel_upstream_write(const struct pr_tunnel_upstream *upstream)
{
	char address[PR_ADDRESS_TEXT_SIZE];
	char *text = pr_asprintf(
		"id=%s\nkind=%s\nisolate=%s\nchoose=%s\nrenew_s=%u\nport=%u\nudp=%u\n",
		upstream->id, pr_tunnel_kind_name(upstream->kind),
		pr_tunnel_isolate_name(upstream->isolate), pr_tunnel_choose_name(upstream->choose),
		upstream->renew_s, upstream->port, upstream->udp);

	put(&text, "host", upstream->host);
	put(&text, "user", upstream->user);
	put(&text, "password", upstream->password);
	put(&text, "ca", upstream->ca);
	put(&text, "interface", upstream->interface);
	for (unsigned int i = 0; i < upstream->n_nameservers; i++)
		put(&text, "nameserver", pr_address_format(&upstream->nameservers[i], address));
	for (unsigned int i = 0; i < upstream->n_members; i++)
		put(&text, "member", upstream->members[i]);
	return text;
}

/* ---- reading ---- */

static bool read_number(const char *value, uint32_t most, uint32_t *ret_number)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number > most)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool read_word(const char *value, const char *const *words, unsigned int n_words,
		      unsigned int *ret_number)
{
	for (unsigned int i = 0; i < n_words; i++)
		if (strcmp(value, words[i]) == 0) {
			*ret_number = i;
			return true;
		}
	return false;
}

static bool read_nameserver(const char *value, struct pr_tunnel_upstream *upstream)
{
	if (upstream->n_nameservers == PR_TUNNEL_NAMESERVERS_MAX)
		return false;
	return pr_address_parse(value, &upstream->nameservers[upstream->n_nameservers++]) == 0;
}

static bool read_member(const char *value, struct pr_tunnel_upstream *upstream)
{
	if (upstream->n_members == PR_TUNNEL_MEMBERS_MAX)
		return false;
	upstream->members[upstream->n_members++] = value;
	return pr_tunnel_id_valid(value);
}

/* 1: it is one of these keys; 0: it isn't; -1: it is, and the value can't be its. */
static int read_chosen(const char *key, const char *value, struct pr_tunnel_upstream *upstream)
{
	unsigned int kind = upstream->kind, isolate = upstream->isolate, choose = upstream->choose;
	uint32_t port = upstream->port, udp = upstream->udp;
	bool right;

	if (strcmp(key, "kind") == 0)
		right = read_word(value, kinds, PR_TUNNEL_N_KINDS, &kind);
	else if (strcmp(key, "isolate") == 0)
		right = read_word(value, isolates, PR_TUNNEL_N_ISOLATES, &isolate);
	else if (strcmp(key, "choose") == 0)
		right = read_word(value, choices, PR_TUNNEL_N_CHOICES, &choose);
	else if (strcmp(key, "renew_s") == 0)
		right = read_number(value, UINT32_MAX, &upstream->renew_s);
	else if (strcmp(key, "port") == 0)
		right = read_number(value, UINT16_MAX, &port);
	else if (strcmp(key, "udp") == 0)
		right = read_number(value, 1, &udp);
	else
		return 0;
	upstream->kind = (enum pr_tunnel_kind)kind;
	upstream->isolate = (enum pr_tunnel_isolate)isolate;
	upstream->choose = (enum pr_tunnel_choose)choose;
	upstream->port = (uint16_t)port;
	upstream->udp = udp != 0;
	return right ? 1 : -1;
}

static bool read_line(const char *key, const char *value, struct pr_tunnel_upstream *upstream)
{
	const struct {
		const char *key, **text;
	} texts[] = {
		{ "id", &upstream->id },     { "host", &upstream->host },
		{ "user", &upstream->user }, { "password", &upstream->password },
		{ "ca", &upstream->ca },     { "interface", &upstream->interface },
	};
	int chosen = read_chosen(key, value, upstream);

	if (chosen)
		return chosen > 0;
	if (strcmp(key, "nameserver") == 0)
		return read_nameserver(value, upstream);
	if (strcmp(key, "member") == 0)
		return read_member(value, upstream);
	for (size_t i = 0; i < PR_ARRAY_SIZE(texts); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*texts[i].text = value;
			return true;
		}
	return false;
}

static bool makes_sense(const struct pr_tunnel_upstream *upstream)
{
	if (!pr_tunnel_id_valid(upstream->id) ||
	    strlen(upstream->user) > PR_TUNNEL_CREDENTIAL_MAX ||
	    strlen(upstream->password) > PR_TUNNEL_CREDENTIAL_MAX)
		return false;
	switch (upstream->kind) {
	case PR_TUNNEL_CHAIN:
		return upstream->n_members >= 2 && upstream->n_members <= PR_TUNNEL_HOPS_MAX;
	case PR_TUNNEL_SET:
		return upstream->n_members >= 1;
	case PR_TUNNEL_INTERFACE:
		return pr_tunnel_interface_valid(upstream->interface);
	default:
		return pr_tunnel_host_valid(upstream->host) && upstream->port;
	}
}

int pr_tunnel_upstream_read(char *text, struct pr_tunnel_upstream *ret_upstream)
{
	struct pr_tunnel_upstream upstream = { .kind = PR_TUNNEL_N_KINDS,
					       .id = "",
					       .host = "",
					       .user = "",
					       .password = "",
					       .ca = "",
					       .interface = "" };

	while (*text) {
		char *line = strsep(&text, "\n"), *value = strchr(line, '=');

		if (!text || !value)
			return -EBADMSG;
		*value++ = '\0';
		if (!read_line(line, value, &upstream))
			return -EBADMSG;
	}
	if (upstream.kind >= PR_TUNNEL_N_KINDS || !makes_sense(&upstream))
		return -EBADMSG;
	*ret_upstream = upstream;
	return 0;
}
