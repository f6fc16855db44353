/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a hello says of names and protocols, as texts. */
#include "base/cursor.h"
#include "base/name.h"
#include "inspection/ja4.h"
#include "inspection/tls_codes.h"

#include <string.h>

#define NAME_TYPE_HOST 0

/* RFC 6066, 3: ASCII, A-labels. Underscores stand in names that are in use. */
static bool host_character(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* No top-level domain is a number; what ends in one is an address in one of its notations ("192.0.2.1", "127.1",
 * "0x7f.1"). */
static bool ends_in_number(const char *name)
{
	const char *label = strrchr(name, '.');

	label = label ? label + 1 : name;
	if (label[0] == '0' && label[1] == 'x')
		return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
	return label[strspn(label, "0123456789")] == '\0';
}

bool pr_tls_host_name(const uint8_t *bytes, size_t len, char ret_name[PR_SEEN_NAME_SIZE])
{
	char text[PR_NAME_MAX + 2], name[PR_NAME_TEXT_SIZE];

	if (!len || len >= sizeof(text))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!host_character(bytes[i]))
			return false;
	}
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (pr_name_canonical(text, name) < 0 || !name[0] || ends_in_number(name))
		return false;
	memcpy(ret_name, name, strlen(name) + 1);
	return true;
}

void pr_tls_add_name(struct pr_seen *seen, const char *name)
{
	for (unsigned int i = 0; i < seen->n_names; i++) {
		if (strcmp(seen->names[i], name) == 0)
			return;
	}
	if (seen->n_names)
		seen->flags |= PR_SEEN_CONTRADICTS;
	if (seen->n_names == PR_SEEN_NAMES_MAX) {
		seen->flags |= PR_SEEN_INCOMPLETE;
		return;
	}
	memcpy(seen->names[seen->n_names++], name, strlen(name) + 1);
}

/* RFC 6066, 3: there may be one name of a type; whoever sends more is shown with all. */
static void add_server_names(const struct pr_tls_slice *list, struct pr_seen *seen)
{
	struct pr_reader reader = pr_reader(list->bytes, list->len);
	char name[PR_SEEN_NAME_SIZE];

	while (pr_reader_left(&reader)) {
		uint8_t type = pr_read_u8(&reader);
		size_t len = pr_read_u16(&reader);
		const uint8_t *bytes = pr_read_bytes(&reader, len);

		if (bytes && type == NAME_TYPE_HOST && pr_tls_host_name(bytes, len, name))
			pr_tls_add_name(seen, name);
	}
}

static void add_names_of(const struct pr_tls_client_hello *hello, struct pr_seen *seen)
{
	add_server_names(&hello->server_name, seen);
	add_server_names(&hello->second_server_name, seen);
}

bool pr_tls_client_hello_repeats(const struct pr_tls_client_hello *hello, struct pr_seen *seen)
{
	PR_UNINITIALIZED struct pr_seen further;
	bool same;

	further.n_names = 0;
	further.flags = 0;
	add_names_of(hello, &further);
	seen->flags |= further.flags & PR_SEEN_INCOMPLETE;
	same = further.n_names == seen->n_names;
	for (unsigned int i = 0; i < further.n_names; i++) {
		same = same && strcmp(further.names[i], seen->names[i]) == 0;
		pr_tls_add_name(seen, further.names[i]);
	}
	if (!same)
		seen->flags |= PR_SEEN_CONTRADICTS;
	return same;
}

static bool printable(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] <= ' ' || bytes[i] > '~' || bytes[i] == ',')
			return false;
	}
	return len > 0;
}

void pr_tls_alpn_text(const uint8_t *list, size_t len, char ret_text[PR_SEEN_ALPN_SIZE])
{
	struct pr_reader reader = pr_reader(list, len);
	size_t at = 0;

	while (pr_reader_left(&reader)) {
		size_t name_len = pr_read_u8(&reader);
		const uint8_t *name = pr_read_bytes(&reader, name_len);

		if (!name || !printable(name, name_len))
			continue;
		if (at + (at > 0) + name_len >= PR_SEEN_ALPN_SIZE)
			break;
		if (at)
			ret_text[at++] = ',';
		memcpy(ret_text + at, name, name_len);
		at += name_len;
	}
	ret_text[at] = '\0';
}

static bool only_old(const struct pr_tls_client_hello *hello, enum pr_tls_over over)
{
	if (over == PR_TLS_OVER_DTLS)
		return !pr_tls_client_hello_offers(hello, PR_DTLS_1_2) &&
		       !pr_tls_client_hello_offers(hello, PR_DTLS_1_3);
	return !pr_tls_client_hello_offers(hello, PR_TLS_1_2) &&
	       !pr_tls_client_hello_offers(hello, PR_TLS_1_3);
}

void pr_tls_client_hello_show(const struct pr_tls_client_hello *hello, enum pr_tls_over over,
			      struct pr_seen *seen)
{
	_Static_assert(sizeof(seen->ja4) >= PR_JA4_SIZE, "a JA4 fits");

	add_names_of(hello, seen);
	if (!seen->n_names)
		seen->flags |= PR_SEEN_NAMELESS;
	if (hello->ech)
		seen->flags |= PR_SEEN_ECH;
	if (only_old(hello, over))
		seen->flags |= PR_SEEN_OLD;
	pr_tls_alpn_text(hello->alpn.bytes, hello->alpn.len, seen->alpn);
	pr_ja4(hello, over, seen->ja4);
}
