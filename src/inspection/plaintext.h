/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the inspectors of protocols that are plaintext by definition have in common. */
#pragma once

#include "inspection/inspector.h"

/* All is settled: what it speaks, that it is not encrypted, that there is neither name nor certificate. */
static inline enum pr_look pr_look_plaintext(struct pr_seen *seen, enum pr_speaks speaks,
					     const char *why)
{
	seen->speaks = (uint8_t)speaks;
	seen->encryption = PR_ENCRYPTION_NO;
	seen->why = why;
	seen->settled = PR_FACTS_SEEN;
	return PR_LOOK_DONE;
}

/* The first datagram of one end that is here to its end; NULL = none yet. */
static inline const struct pr_datagram *pr_transcript_first(const struct pr_transcript *transcript,
							    bool from_server)
{
	for (unsigned int i = 0; i < transcript->n_datagrams; i++)
		if (transcript->datagrams[i].from_server == from_server)
			return transcript->datagrams[i].cut ? NULL : &transcript->datagrams[i];
	return NULL;
}
