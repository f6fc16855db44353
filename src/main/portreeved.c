/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"
#include "daemon/options.h"
#include "daemon/roles.h"

static int run_role(enum pr_party role)
{
	switch (role) {
	case PR_PARTY_ENGINE:
		return pr_engine_main();
	case PR_PARTY_RESOLVER:
		return pr_resolver_main();
	case PR_PARTY_COMPILER:
		return pr_compiler_main();
	case PR_PARTY_TUNNEL:
		return pr_tunnel_main();
	default:
		return pr_front_main();
	}
}

int main(int argc, char **argv)
{
	struct pr_options options;
	int r = pr_options_parse(argc, argv, &options);

	if (r)
		return r == PR_OPTIONS_SHOWN ? 0 : 2;
	pr_log_open(options.role == PR_PARTY_SUPERVISOR ? "portreeved"
							: pr_party_name(options.role),
		    options.verbose ? PR_LOG_DEBUG : PR_LOG_WARNING);
	if (options.role != PR_PARTY_SUPERVISOR)
		return run_role(options.role);
	return options.check ? pr_check_main(&options) : pr_supervisor_main(&options);
}
