/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/seen.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

const char *pr_speaks_name(enum pr_speaks speaks)
{
	static const char *const names[PR_SPEAKS_COUNT_] = {
		[PR_SPEAKS_UNKNOWN] = "unknown",
		[PR_SPEAKS_TLS] = "tls",
		[PR_SPEAKS_DTLS] = "dtls",
		[PR_SPEAKS_QUIC] = "quic",
		[PR_SPEAKS_HTTP] = "http",
		[PR_SPEAKS_SSH] = "ssh",
		[PR_SPEAKS_DNS] = "dns",
		[PR_SPEAKS_SMTP] = "smtp",
		[PR_SPEAKS_IMAP] = "imap",
		[PR_SPEAKS_POP3] = "pop3",
		[PR_SPEAKS_FTP] = "ftp",
		[PR_SPEAKS_POSTGRESQL] = "postgresql",
		[PR_SPEAKS_WIREGUARD] = "wireguard",
		[PR_SPEAKS_STUN] = "stun",
		[PR_SPEAKS_NTP] = "ntp",
		[PR_SPEAKS_MDNS] = "mdns",
		[PR_SPEAKS_SSDP] = "ssdp",
		[PR_SPEAKS_DHCP] = "dhcp",
	};

	return names[speaks];
}

#define OVER_TCP 1u
#define OVER_UDP 2u

bool pr_speaks_over(enum pr_speaks speaks, uint8_t proto)
{
	static const uint8_t over[PR_SPEAKS_COUNT_] = {
		[PR_SPEAKS_UNKNOWN] = OVER_TCP | OVER_UDP,
		[PR_SPEAKS_TLS] = OVER_TCP,
		[PR_SPEAKS_DTLS] = OVER_UDP,
		[PR_SPEAKS_QUIC] = OVER_UDP,
		[PR_SPEAKS_HTTP] = OVER_TCP,
		[PR_SPEAKS_SSH] = OVER_TCP,
		[PR_SPEAKS_DNS] = OVER_TCP | OVER_UDP,
		[PR_SPEAKS_SMTP] = OVER_TCP,
		[PR_SPEAKS_IMAP] = OVER_TCP,
		[PR_SPEAKS_POP3] = OVER_TCP,
		[PR_SPEAKS_FTP] = OVER_TCP,
		[PR_SPEAKS_POSTGRESQL] = OVER_TCP,
		[PR_SPEAKS_WIREGUARD] = OVER_UDP,
		[PR_SPEAKS_STUN] = OVER_TCP | OVER_UDP,
		[PR_SPEAKS_NTP] = OVER_UDP,
		[PR_SPEAKS_MDNS] = OVER_UDP,
		[PR_SPEAKS_SSDP] = OVER_UDP,
		[PR_SPEAKS_DHCP] = OVER_UDP,
	};

	if (proto == IPPROTO_TCP)
		return over[speaks] & OVER_TCP;
	return proto == IPPROTO_UDP && over[speaks] & OVER_UDP;
}

const char *pr_encryption_name(enum pr_encryption encryption)
{
	static const char *const names[] = {
		[PR_ENCRYPTION_UNKNOWN] = "unknown",
		[PR_ENCRYPTION_NO] = "no",
		[PR_ENCRYPTION_YES] = "yes",
	};

	return names[encryption];
}

bool pr_speaks_find(const char *name, enum pr_speaks *ret_speaks)
{
	for (unsigned int i = 0; i < PR_SPEAKS_COUNT_; i++)
		if (strcasecmp(name, pr_speaks_name((enum pr_speaks)i)) == 0) {
			*ret_speaks = (enum pr_speaks)i;
			return true;
		}
	return false;
}

bool pr_encryption_find(const char *name, enum pr_encryption *ret_encryption)
{
	for (unsigned int i = 0; i <= PR_ENCRYPTION_YES; i++)
		if (strcmp(name, pr_encryption_name((enum pr_encryption)i)) == 0) {
			*ret_encryption = (enum pr_encryption)i;
			return true;
		}
	return false;
}

/* Is the word one of those that commas separate? */
static bool lists_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, word, len) == 0)
			return true;
		list += n;
		list += *list == ',';
	}
	return false;
}

bool pr_seen_offers(const struct pr_seen *seen, const char *alpn)
{
	return lists_word(seen->alpn, alpn) || lists_word(seen->alpn_chosen, alpn);
}
