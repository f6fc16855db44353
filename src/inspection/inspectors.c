/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table: one row an inspector. The order matters only where two could take the same bytes for theirs. */
#include "inspection/inspectors.h"

#include "base/error.h"

#include <string.h>

#define TCP PR_INSPECTS_TCP
#define UDP PR_INSPECTS_UDP

const struct pr_inspector pr_inspectors[] = {
	{ "quic", UDP, 0, 0, 16, pr_inspect_quic },
	{ "dns", TCP | UDP, 4098, 1, 2, pr_inspect_dns },
	{ "wireguard", UDP, 0, 0, 8, pr_inspect_wireguard },
	{ "stun", TCP | UDP, 1044, 1, 16, pr_inspect_stun },
	{ "ntp", UDP, 0, 0, 4, pr_inspect_ntp },
	{ "ssdp", UDP, 0, 0, 1, pr_inspect_ssdp },
	{ "dhcp", UDP, 0, 0, 1, pr_inspect_dhcp },
};
const unsigned int pr_n_inspectors = PR_ARRAY_SIZE(pr_inspectors);

enum pr_look pr_inspectors_look(const struct pr_transcript *transcript, bool give_up,
				struct pr_seen *ret_seen)
{
	bool open = false;

	for (unsigned int i = 0; i < pr_n_inspectors; i++) {
		unsigned int transport =
			transcript->proto == IPPROTO_TCP ? PR_INSPECTS_TCP : PR_INSPECTS_UDP;
		enum pr_look look;

		if (!(pr_inspectors[i].transports & transport))
			continue;
		*ret_seen = (struct pr_seen){ 0 };
		look = pr_inspectors[i].look(transcript, ret_seen);
		if (look == PR_LOOK_MORE && ret_seen->speaks == PR_SPEAKS_UNKNOWN) {
			open = true;
			continue;
		}
		if (look == PR_LOOK_NOT_MINE)
			continue;
		if (give_up)
			ret_seen->settled = PR_FACTS_SEEN;
		return give_up ? PR_LOOK_DONE : look;
	}
	*ret_seen = (struct pr_seen){ 0 };
	if (open && !give_up)
		return PR_LOOK_MORE;
	ret_seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_NOT_MINE;
}
