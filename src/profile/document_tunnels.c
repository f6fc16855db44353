/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The setting `tunnel_upstream`: by which ways links may leave. What a group says of itself is looked at here; that the
 * others which it names are there and fit, where all files are together (config_tunnels.c).
 */
#include "profile/document.h"

#include <libconfig.h>
#include <stdarg.h>
#include <string.h>

#define LIST_IS_MANY "write texts in quotes into a list in brackets: [ \"…\", \"…\" ]"

static int fail(struct pr_document_parser *parser, const config_setting_t *at,
		const struct pr_document_tunnel *tunnel, const char *format, ...) PR_PRINTF(4, 5);

/* A sentence that says whose it is. */
static int fail(struct pr_document_parser *parser, const config_setting_t *at,
		const struct pr_document_tunnel *tunnel, const char *format, ...)
{
	const char *name = tunnel->texts[PR_TUNNEL_KEY_NAME];
	char text[PR_CONFIG_ERROR_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return pr_config_fail(parser->error, parser->document->file, config_setting_source_line(at),
			      "tunnel_upstream%s%.63s%s: %s", name ? " \"" : "", name ? name : "",
			      name ? "\"" : "", text);
}

/* ---- lists ---- */

static bool is_list(const config_setting_t *item)
{
	return config_setting_is_array(item) || config_setting_is_list(item);
}

/* The n-th text; NULL: it is none. */
static const char *text_at(const config_setting_t *item, int i)
{
	return config_setting_get_string(config_setting_get_elem(item, (unsigned int)i));
}

static int parse_members(struct pr_document_parser *parser, struct pr_document_tunnel *tunnel,
			 const config_setting_t *item)
{
	struct pr_tunnel_upstream *upstream = &tunnel->upstream;
	int n = is_list(item) ? config_setting_length(item) : -1;

	for (int i = 0; i < n; i++) {
		const char *name = text_at(item, i);

		if (!name)
			return pr_document_fail_setting(parser, item, LIST_IS_MANY);
		if (upstream->n_members == PR_TUNNEL_MEMBERS_MAX)
			return fail(parser, item, tunnel, "%s names more than %u others",
				    config_setting_name(item), PR_TUNNEL_MEMBERS_MAX);
		tunnel->members[upstream->n_members] = pr_strdup(name);
		upstream->members[upstream->n_members] = tunnel->members[upstream->n_members];
		upstream->n_members++;
	}
	return n < 0 ? pr_document_fail_setting(parser, item, LIST_IS_MANY) : 0;
}

static int parse_nameservers(struct pr_document_parser *parser, struct pr_document_tunnel *tunnel,
			     const config_setting_t *item)
{
	struct pr_tunnel_upstream *upstream = &tunnel->upstream;
	int n = is_list(item) ? config_setting_length(item) : -1;

	if (n < 0)
		return pr_document_fail_setting(parser, item, LIST_IS_MANY);
	if (n > (int)PR_TUNNEL_NAMESERVERS_MAX)
		return fail(parser, item, tunnel, "there are more than %u nameservers",
			    PR_TUNNEL_NAMESERVERS_MAX);
	for (int i = 0; i < n; i++) {
		const char *text = text_at(item, i);

		if (!text || pr_address_parse(text, &upstream->nameservers[i]) != 0)
			return fail(parser, item, tunnel,
				    "\"%.80s\" is no nameserver: write an address",
				    text ? text : "");
		upstream->n_nameservers++;
	}
	return 0;
}

/* ---- values ---- */

static int check_credential(struct pr_document_parser *parser, const config_setting_t *item,
			    const struct pr_document_tunnel *tunnel, const char *text)
{
	if (strlen(text) > PR_TUNNEL_CREDENTIAL_MAX)
		return fail(parser, item, tunnel, "%s has more than %d bytes",
			    config_setting_name(item), PR_TUNNEL_CREDENTIAL_MAX);
	return 0;
}

/* What is wrong is logged, and told to whoever asked for the change: without what may be a password. */
static int fail_url(struct pr_document_parser *parser, const config_setting_t *item,
		    const struct pr_document_tunnel *tunnel, const char *url, const char *why)
{
	const char *at = strrchr(url, '@'), *authority = strstr(url, "://");

	if (!at)
		return fail(parser, item, tunnel, "\"%.100s\" leads nowhere: %s", url, why);
	return fail(parser, item, tunnel, "\"%.*s…%.100s\" leads nowhere: %s",
		    authority && authority < at ? (int)(authority + 3 - url) : 0, url, at, why);
}

/* What the table doesn't say of a value. */
static int check_value(struct pr_document_parser *parser, const config_setting_t *item,
		       struct pr_document_tunnel *tunnel, unsigned int key)
{
	struct pr_tunnel_upstream *upstream = &tunnel->upstream;
	char *text = tunnel->texts[key];
	PR_CLEANUP(pr_cleanup_free) char *whole = NULL;
	const char *why;

	switch (key) {
	case PR_TUNNEL_KEY_NAME:
		upstream->id = text;
		if (pr_tunnel_id_valid(text))
			return 0;
		tunnel->texts[key] = NULL;
		fail(parser, item, tunnel,
		     "\"%.80s\" is no name: write 1 to %d letters, digits, '-' or '_'", text,
		     PR_TUNNEL_UPSTREAM_ID_MAX);
		free(text);
		return -EINVAL;
	case PR_TUNNEL_KEY_URL:
		whole = pr_strdup(text);
		if (pr_tunnel_url_parse(text, upstream, &why) == 0)
			return 0;
		return fail_url(parser, item, tunnel, whole, why);
	case PR_TUNNEL_KEY_USER:
		upstream->user = text;
		return check_credential(parser, item, tunnel, text);
	case PR_TUNNEL_KEY_PASSWORD:
		upstream->password = text;
		return check_credential(parser, item, tunnel, text);
	case PR_TUNNEL_KEY_CA:
		upstream->ca = text;
		return strlen(text) <= PR_CONFIG_FILE_NAME_MAX
			       ? 0
			       : fail(parser, item, tunnel, "the path of ca is too long");
	default:
		return 0;
	}
}

static int parse_item(struct pr_document_parser *parser, struct pr_document_tunnel *tunnel,
		      int64_t *numbers, const config_setting_t *item)
{
	const struct pr_setting *setting = pr_setting(PR_SETTING_TUNNEL_UPSTREAM);
	const char *suggestion;
	unsigned int key = 0;
	int r;

	if (pr_setting_key_find(setting, config_setting_name(item), &key, &suggestion)) {
		tunnel->given[key] = true;
		if (setting->keys[key].type == PR_TYPE_ADDRESSES)
			return parse_nameservers(parser, tunnel, item);
		/* A second such list would add to the first: url, of and chain stand alone (check_group()). */
		if (setting->keys[key].type == PR_TYPE_NAMES)
			return parse_members(parser, tunnel, item);
	}
	r = pr_document_parse_key(parser, setting, tunnel->texts, numbers, item);
	return r < 0 || !tunnel->texts[key] ? r : check_value(parser, item, tunnel, key);
}

/* ---- groups ---- */

static unsigned int word_of(const struct pr_document_tunnel *tunnel, enum pr_tunnel_key key)
{
	const struct pr_setting *setting = pr_setting(PR_SETTING_TUNNEL_UPSTREAM);
	unsigned int number = 0;

	while (tunnel->texts[key] && strcmp(tunnel->texts[key], setting->keys[key].words[number]))
		number++;
	return number;
}

/* A key that stands there and says nothing of this kind; NULL = there is none. */
static const char *misplaced(const struct pr_document_tunnel *tunnel)
{
#define BIT(kind) (1u << (kind))
#define PROXIES	  (BIT(PR_TUNNEL_SOCKS5) | BIT(PR_TUNNEL_CONNECT) | BIT(PR_TUNNEL_HTTP))
	static const unsigned int kinds[PR_TUNNEL_KEY_COUNT_] = {
		[PR_TUNNEL_KEY_USER] = PROXIES,
		[PR_TUNNEL_KEY_PASSWORD] = PROXIES,
		[PR_TUNNEL_KEY_UDP] = BIT(PR_TUNNEL_SOCKS5),
		[PR_TUNNEL_KEY_CA] = BIT(PR_TUNNEL_CONNECT),
		[PR_TUNNEL_KEY_NAMESERVERS] = BIT(PR_TUNNEL_INTERFACE),
		[PR_TUNNEL_KEY_CHOOSE] = BIT(PR_TUNNEL_SET),
		[PR_TUNNEL_KEY_ISOLATE] = ~BIT(PR_TUNNEL_INTERFACE),
		[PR_TUNNEL_KEY_RENEW] = ~BIT(PR_TUNNEL_INTERFACE),
	};

	for (int key = 0; key < PR_TUNNEL_KEY_COUNT_; key++)
		if (kinds[key] && tunnel->given[key] && !(kinds[key] & BIT(tunnel->upstream.kind)))
			return pr_setting(PR_SETTING_TUNNEL_UPSTREAM)->keys[key].name;
	return NULL;
}

static const char *wrong_account(const struct pr_tunnel_upstream *upstream)
{
	if (upstream->password[0] && !upstream->user[0])
		return "a password has a user";
	if (upstream->kind == PR_TUNNEL_SOCKS5)
		return upstream->user[0] && !upstream->password[0]
			       ? "a user of socks5 has a password (RFC 1929)"
			       : NULL;
	return strchr(upstream->user, ':') ? "a user of HTTP holds no colon (RFC 7617, 2)" : NULL;
}

static int check_members(struct pr_document_parser *parser, const config_setting_t *group,
			 const struct pr_document_tunnel *tunnel)
{
	const struct pr_tunnel_upstream *upstream = &tunnel->upstream;

	if (upstream->kind == PR_TUNNEL_CHAIN && upstream->n_members < 2)
		return fail(parser, group, tunnel, "a chain has two hops at least");
	if (upstream->kind == PR_TUNNEL_CHAIN && upstream->n_members > PR_TUNNEL_HOPS_MAX)
		return fail(parser, group, tunnel, "a chain has %u hops at most",
			    PR_TUNNEL_HOPS_MAX);
	if (upstream->kind == PR_TUNNEL_SET && upstream->n_members == 0)
		return fail(parser, group, tunnel, "of names nobody");
	for (unsigned int i = 0; i < upstream->n_members; i++)
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(upstream->members[i], upstream->members[j]) == 0)
				return fail(parser, group, tunnel, "it names \"%.63s\" twice",
					    upstream->members[i]);
	return 0;
}

static int check_group(struct pr_document_parser *parser, const config_setting_t *group,
		       struct pr_document_tunnel *tunnel)
{
	const struct pr_document *document = parser->document;
	struct pr_tunnel_upstream *upstream = &tunnel->upstream;
	const bool *given = tunnel->given;
	const char *wrong;

	if (!given[PR_TUNNEL_KEY_NAME])
		return fail(parser, group, tunnel, "a name is missing");
	if (given[PR_TUNNEL_KEY_URL] + given[PR_TUNNEL_KEY_OF] + given[PR_TUNNEL_KEY_CHAIN] != 1)
		return fail(parser, group, tunnel,
			    "write one of url, of and chain beside the name");
	if (!given[PR_TUNNEL_KEY_URL])
		upstream->kind = given[PR_TUNNEL_KEY_OF] ? PR_TUNNEL_SET : PR_TUNNEL_CHAIN;
	upstream->choose = (enum pr_tunnel_choose)word_of(tunnel, PR_TUNNEL_KEY_CHOOSE);
	upstream->isolate = (enum pr_tunnel_isolate)word_of(tunnel, PR_TUNNEL_KEY_ISOLATE);
	wrong = misplaced(tunnel);
	if (wrong)
		return fail(parser, group, tunnel, "%s is of no use with %s", wrong,
			    upstream->kind == PR_TUNNEL_SET ? "of"
							    : pr_tunnel_kind_name(upstream->kind));
	wrong = wrong_account(upstream);
	if (wrong)
		return fail(parser, group, tunnel, "%s", wrong);
	for (const struct pr_document_tunnel *one = document->tunnels; one < tunnel; one++)
		if (strcmp(one->upstream.id, upstream->id) == 0)
			return fail(parser, group, tunnel, "this is the name of line %u already",
				    one->line);
	return check_members(parser, group, tunnel);
}

static int parse_group(struct pr_document_parser *parser, struct pr_document_tunnel *tunnel,
		       config_setting_t *group)
{
	int64_t numbers[PR_TUNNEL_KEY_COUNT_] = { 0 };
	int n = config_setting_length(group), r = 0;

	tunnel->upstream = (struct pr_tunnel_upstream){
		.id = "", .host = "", .user = "", .password = "", .ca = "", .interface = ""
	};
	tunnel->line = config_setting_source_line(group);
	pr_document_set_defaults(pr_setting(PR_SETTING_TUNNEL_UPSTREAM), numbers);
	for (int i = 0; i < n && r == 0; i++)
		r = parse_item(parser, tunnel, numbers,
			       config_setting_get_elem(group, (unsigned int)i));
	if (r < 0)
		return r;
	tunnel->upstream.renew_s = (uint32_t)numbers[PR_TUNNEL_KEY_RENEW];
	r = check_group(parser, group, tunnel);
	tunnel->upstream.udp =
		tunnel->upstream.kind == PR_TUNNEL_SOCKS5 && numbers[PR_TUNNEL_KEY_UDP];
	return r;
}

int pr_document_parse_tunnels(struct pr_document_parser *parser, config_setting_t *setting)
{
	struct pr_document *document = parser->document;
	int n = pr_document_count_groups(parser, setting), r = 0;

	if (n < 0)
		return n;
	if (n > (int)PR_TUNNEL_UPSTREAMS_MAX)
		return pr_document_fail_setting(parser, setting,
						"there are more than 32 upstreams");
	document->tunnels = pr_calloc((size_t)n, sizeof(*document->tunnels));
	for (int i = 0; i < n && r == 0; i++)
		r = parse_group(parser, &document->tunnels[document->n_tunnels++],
				config_setting_get_elem(setting, (unsigned int)i));
	return r;
}

void pr_document_tunnels_done(struct pr_document *document)
{
	for (size_t i = 0; i < document->n_tunnels; i++) {
		struct pr_document_tunnel *tunnel = &document->tunnels[i];

		for (int key = 0; key < PR_TUNNEL_KEY_COUNT_; key++)
			free(tunnel->texts[key]);
		for (unsigned int m = 0; m < tunnel->upstream.n_members; m++)
			free(tunnel->members[m]);
	}
	free(document->tunnels);
}
