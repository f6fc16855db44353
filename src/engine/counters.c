/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/counters.h"

#include "base/error.h"

const char *pr_engine_counter_name(unsigned int i)
{
	static const char *const names[] = {
#define X(name) #name,
		PR_ENGINE_COUNTERS(X)
#undef X
	};

	pr_assert(i < PR_ARRAY_SIZE(names));
	return names[i];
}
