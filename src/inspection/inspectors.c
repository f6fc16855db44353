/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table: one row an inspector. The order matters only where two could take the same bytes for theirs. */
#include "inspection/inspector.h"

#include <string.h>

const struct pr_inspector pr_inspectors[] = {
	{ 0 }, /* rows come here */
};
const unsigned int pr_n_inspectors = 0;

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
