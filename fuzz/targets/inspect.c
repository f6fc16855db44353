/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures of any bytes, all the way: fragments, flows, reassembly, inspectors. What is shown holds together, and a
 * second run shows the same. */
#include "inspection/flows.h"

#include "../target.h"

#include <string.h>

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void check(const struct pr_flow *flow)
{
	const struct pr_seen *seen = flow->seen;

	pr_assert(seen->settled == PR_FACTS_SEEN);
	pr_assert(seen->speaks < PR_SPEAKS_COUNT_ && seen->encryption <= PR_ENCRYPTION_YES);
	pr_assert(seen->n_names <= PR_SEEN_NAMES_MAX);
	for (unsigned int i = 0; i < seen->n_names; i++)
		pr_assert(ends(seen->names[i], PR_SEEN_NAME_SIZE) && seen->names[i][0]);
	pr_assert(ends(seen->version, sizeof(seen->version)) &&
		  ends(seen->alpn, PR_SEEN_ALPN_SIZE));
	pr_assert(ends(seen->alpn_chosen, PR_SEEN_ALPN_SIZE) && ends(seen->ja4, sizeof(seen->ja4)));
	pr_assert(ends(seen->certificate_name, PR_SEEN_NAME_SIZE) &&
		  ends(seen->issuer, PR_SEEN_TEXT_SIZE));
	pr_assert(flow->packets && flow->first_us <= UINT64_MAX);
	pr_assert(!flow->silent || seen->speaks == PR_SPEAKS_UNKNOWN);
}

static struct pr_flows *run(const uint8_t *bytes, size_t len)
{
	struct pr_flows *flows;
	struct pr_captured captured;
	struct pr_capture capture;

	if (pr_capture_open(bytes, len, &capture) != PR_CAPTURE_DONE)
		return NULL;
	flows = pr_flows_new();
	while (pr_capture_next(&capture, &captured) == PR_CAPTURE_DONE)
		pr_flows_packet(flows, &captured);
	pr_flows_end(flows);
	return flows;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct pr_flows *first = run(bytes, len), *second = run(bytes, len);
	const struct pr_flow *flow, *again;

	for (uint32_t i = 0; first && (flow = pr_flows_at(first, i)); i++) {
		check(flow);
		again = pr_flows_at(second, i);
		pr_assert(again && again->seen->speaks == flow->seen->speaks &&
			  again->seen->encryption == flow->seen->encryption &&
			  strcmp(again->seen->ja4, flow->seen->ja4) == 0);
	}
	pr_flows_free(first);
	pr_flows_free(second);
	return 0;
}
