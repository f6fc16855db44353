/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table: one row an inspector. The order matters only where two could take the same bytes for theirs. */
#include "inspection/inspector_table.h"

#include "base/error.h"
#include "inspection/inspection_private.h"
#include "inspection/limits.h"

#include <stddef.h>
#include <string.h>

#define TCP PR_INSPECTS_TCP
#define UDP PR_INSPECTS_UDP

const struct pr_inspector pr_inspectors[] = {
	{ "tls", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, true, pr_inspect_tls },
	{ "http", TCP, PR_INSPECTION_CLIENT_MAX, 0, 0, true, pr_inspect_http },
	{ "ssh", TCP, 8192, 16384, 0, false, pr_inspect_ssh },
	{ "smtp", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, false,
	  pr_inspect_smtp },
	{ "imap", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, false,
	  pr_inspect_imap },
	{ "pop3", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, false,
	  pr_inspect_pop3 },
	{ "ftp", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, false,
	  pr_inspect_ftp },
	{ "postgresql", TCP, PR_INSPECTION_CLIENT_MAX, PR_INSPECTION_SERVER_MAX, 0, false,
	  pr_inspect_postgresql },
	{ "dtls", UDP, 0, 0, PR_INSPECTION_DATAGRAMS_MAX, true, pr_inspect_dtls },
	{ "quic", UDP, 0, 0, 16, true, pr_inspect_quic },
	{ "dns", TCP | UDP, 4098, 1, 2, false, pr_inspect_dns },
	{ "wireguard", UDP, 0, 0, 8, false, pr_inspect_wireguard },
	{ "stun", TCP | UDP, 1044, 1, 16, false, pr_inspect_stun },
	{ "ntp", UDP, 0, 0, 4, false, pr_inspect_ntp },
	{ "ssdp", UDP, 0, 0, 1, false, pr_inspect_ssdp },
	{ "dhcp", UDP, 0, 0, 1, false, pr_inspect_dhcp },
};
const unsigned int pr_n_inspectors = PR_ARRAY_SIZE(pr_inspectors);

_Static_assert(PR_ARRAY_SIZE(pr_inspectors) <= 32, "candidates are the bits of 32");

static unsigned int transport(uint8_t proto)
{
	return proto == IPPROTO_TCP ? PR_INSPECTS_TCP : PR_INSPECTS_UDP;
}

/* What the one before may have written: each text by its first byte. The whole would be a good part of the work. */
static void empty(struct pr_seen *seen)
{
	memset(seen, 0, offsetof(struct pr_seen, names));
	seen->alpn[0] = seen->alpn_chosen[0] = seen->ja4[0] = '\0';
	seen->certificate_name[0] = seen->issuer[0] = '\0';
	seen->not_before_s = seen->not_after_s = 0;
}

bool pr_inspectors_may_name(uint32_t candidates)
{
	for (unsigned int i = 0; i < pr_n_inspectors; i++)
		if (candidates & UINT32_C(1) << i && pr_inspectors[i].names)
			return true;
	return false;
}

enum pr_look pr_inspectors_look_on(const struct pr_transcript *transcript, bool give_up,
				   uint32_t *candidates, struct pr_seen *ret_seen)
{
	for (unsigned int i = 0; i < pr_n_inspectors; i++) {
		enum pr_look look = PR_LOOK_NOT_MINE;

		if (!(*candidates & UINT32_C(1) << i))
			continue;
		if (pr_inspectors[i].transports & transport(transcript->proto)) {
			empty(ret_seen);
			look = pr_inspectors[i].look(transcript, ret_seen);
		}
		if (look == PR_LOOK_MORE && ret_seen->speaks == PR_SPEAKS_UNKNOWN)
			continue;
		if (look == PR_LOOK_NOT_MINE) {
			*candidates &= ~(UINT32_C(1) << i);
			continue;
		}
		*candidates = UINT32_C(1) << i;
		if (give_up)
			ret_seen->settled = PR_FACTS_SEEN;
		return give_up ? PR_LOOK_DONE : look;
	}
	*candidates &= (uint32_t)((UINT64_C(1) << pr_n_inspectors) - 1);
	empty(ret_seen);
	if (*candidates && !give_up)
		return PR_LOOK_MORE;
	ret_seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_NOT_MINE;
}

enum pr_look pr_inspectors_look(const struct pr_transcript *transcript, bool give_up,
				struct pr_seen *ret_seen)
{
	uint32_t candidates = UINT32_MAX;

	*ret_seen = (struct pr_seen){ 0 };
	return pr_inspectors_look_on(transcript, give_up, &candidates, ret_seen);
}

static void at_least(uint32_t *most, uint32_t wanted)
{
	if (wanted > *most)
		*most = wanted;
}

void pr_inspectors_limits(uint32_t candidates, uint8_t proto, uint32_t *ret_client,
			  uint32_t *ret_server, uint32_t *ret_datagrams)
{
	uint32_t client = 0, server = 0, datagrams = 0;

	for (unsigned int i = 0; i < pr_n_inspectors; i++) {
		const struct pr_inspector *row = &pr_inspectors[i];

		if (!(candidates & UINT32_C(1) << i) || !(row->transports & transport(proto)))
			continue;
		at_least(&client, row->client_bytes);
		at_least(&server, row->server_bytes);
		at_least(&datagrams, row->datagrams);
	}
	*ret_client = client < PR_INSPECTION_CLIENT_MAX ? client : PR_INSPECTION_CLIENT_MAX;
	*ret_server = server < PR_INSPECTION_SERVER_MAX ? server : PR_INSPECTION_SERVER_MAX;
	*ret_datagrams =
		datagrams < PR_INSPECTION_DATAGRAMS_MAX ? datagrams : PR_INSPECTION_DATAGRAMS_MAX;
}
