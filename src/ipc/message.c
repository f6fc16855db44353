/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ipc/message.h"

#include "base/error.h"
#include "ipc/event_codec.h"
#include "ipc/intel_codec.h"
#include "ipc/tunnel_codec.h"

#define BIT(party) (1u << (party))
#define SUPERVISOR BIT(PR_PARTY_SUPERVISOR)
#define ENGINE	   BIT(PR_PARTY_ENGINE)
#define RESOLVER   BIT(PR_PARTY_RESOLVER)
#define COMPILER   BIT(PR_PARTY_COMPILER)
#define FRONT	   BIT(PR_PARTY_FRONT)
#define TUNNEL	   BIT(PR_PARTY_TUNNEL)
#define CHILDREN   (ENGINE | RESOLVER | FRONT | TUNNEL)
#define TEXT_MAX   4096
#define OWNER_LEN  125 /* process/owner.h, which is no room of ours to include */

static const struct pr_message_info messages[PR_N_MESSAGES] = {
	/*			       name	     from	 to	   fds	 body */
	[PR_MESSAGE_PING] = { "ping", SUPERVISOR, CHILDREN, 0, 0, 0 },
	[PR_MESSAGE_PONG] = { "pong", CHILDREN, SUPERVISOR, 0, 0, 0 },
	[PR_MESSAGE_READY] = { "ready", CHILDREN, SUPERVISOR, 0, 0, 0 },
	[PR_MESSAGE_FAILED] = { "failed", CHILDREN | COMPILER, SUPERVISOR, 0, 1, TEXT_MAX },
	[PR_MESSAGE_CHANNEL] = { "channel", SUPERVISOR, CHILDREN, 1, 8, 8 },
	[PR_MESSAGE_DESCRIPTOR] = { "descriptor", SUPERVISOR, CHILDREN, 1, 3, 64 },
	[PR_MESSAGE_START] = { "start", SUPERVISOR, CHILDREN | COMPILER, 0, 2,
			       PR_MESSAGE_BODY_MAX },

	[PR_MESSAGE_POLICY] = { "policy", SUPERVISOR, ENGINE, 1, 4, 4 },
	[PR_MESSAGE_POLICY_TAKEN] = { "policy-taken", ENGINE, SUPERVISOR, 0, 4, 4 },
	[PR_MESSAGE_POLICY_REFUSED] = { "policy-refused", ENGINE, SUPERVISOR, 0, 4, TEXT_MAX },
	[PR_MESSAGE_POLICY_SHOWN] = { "policy-shown", SUPERVISOR, FRONT, 1, 4, 4 },
	[PR_MESSAGE_RAISE] = { "raise", ENGINE, SUPERVISOR, 0, 0, 0 },
	[PR_MESSAGE_GENERATION] = { "generation", SUPERVISOR, ENGINE, 0, 4, 4 },

	[PR_MESSAGE_WHO] = { "who", ENGINE, SUPERVISOR, 0, OWNER_LEN, OWNER_LEN },
	[PR_MESSAGE_PROCESS] = { "process", SUPERVISOR, ENGINE, 0, 0, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_EXITED] = { "exited", SUPERVISOR, ENGINE, 0, 12, 12 },
	[PR_MESSAGE_FORGET] = { "forget", ENGINE, SUPERVISOR, 0, 0, 0 },
	[PR_MESSAGE_HOSTS] = { "hosts", SUPERVISOR, ENGINE, 1, 0, 0 },
	[PR_MESSAGE_KEEP] = { "keep", SUPERVISOR, ENGINE, 0, 0, 0 },
	[PR_MESSAGE_NAMES] = { "names", ENGINE | SUPERVISOR, ENGINE | SUPERVISOR, 1, 0, 0 },
	[PR_MESSAGE_NOTICE] = { "notice", SUPERVISOR, ENGINE, 0, 1, TEXT_MAX },

	[PR_MESSAGE_QUERY] = { "query", FRONT, ENGINE | SUPERVISOR, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_ROW] = { "row", ENGINE, FRONT, 0, 1, PR_EVENT_BODY_MAX },
	[PR_MESSAGE_PAIRS] = { "pairs", ENGINE | SUPERVISOR, FRONT, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_END] = { "end", ENGINE | SUPERVISOR, FRONT, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_EVENT] = { "event", ENGINE, FRONT, 0, 13, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_WATCH] = { "watch", FRONT, ENGINE, 0, 4, 4 },
	[PR_MESSAGE_LOST] = { "lost", ENGINE, FRONT, 0, 8, 8 },

	[PR_MESSAGE_CHANGE] = { "change", FRONT, SUPERVISOR, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_RESULT] = { "result", SUPERVISOR, FRONT, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_STATUS] = { "status", FRONT, SUPERVISOR, 0, 0, 0 },
	[PR_MESSAGE_ORDER] = { "order", SUPERVISOR, ENGINE, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_DONE] = { "done", ENGINE, SUPERVISOR, 0, 2, PR_MESSAGE_BODY_MAX },

	[PR_MESSAGE_FILE] = { "file", SUPERVISOR, COMPILER, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_COMPILE] = { "compile", SUPERVISOR, COMPILER, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_CHANGED] = { "changed", COMPILER, SUPERVISOR, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_COMPILED] = { "compiled", COMPILER, SUPERVISOR, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_REFUSED] = { "refused", COMPILER, SUPERVISOR, 0, 1, TEXT_MAX },

	[PR_MESSAGE_LIST] = { "list", COMPILER, SUPERVISOR, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_SOURCE] = { "source", SUPERVISOR, COMPILER, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_CANDIDATE] = { "candidate", SUPERVISOR, COMPILER, 2, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_BUILD] = { "build", SUPERVISOR, COMPILER, 1, 0, 0 },
	[PR_MESSAGE_SOURCE_READ] = { "source-read", COMPILER, SUPERVISOR, 0, 2,
				     PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_BUILT] = { "built", COMPILER, SUPERVISOR, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_INTEL_SET] = { "intel-set", SUPERVISOR, ENGINE, 1, 4, 4 },
	[PR_MESSAGE_INTEL_SET_TAKEN] = { "intel-set-taken", ENGINE, SUPERVISOR, 0, 4, 4 },
	[PR_MESSAGE_INTEL_SET_REFUSED] = { "intel-set-refused", ENGINE, SUPERVISOR, 0, 4,
					   TEXT_MAX },
	[PR_MESSAGE_FETCH] = { "fetch", SUPERVISOR, FRONT, 1, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_FETCHED] = { "fetched", FRONT, SUPERVISOR, 0, 2, PR_MESSAGE_BODY_MAX },

	[PR_MESSAGE_RESOLVE] = { "resolve", ENGINE | FRONT, RESOLVER, 0, 12, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_ANSWER] = { "answer", RESOLVER, ENGINE | FRONT, 0, 0, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_RENEWED] = { "renewed", RESOLVER, ENGINE, 0, 1, 1 },
	[PR_MESSAGE_UPSTREAMS] = { "upstreams", SUPERVISOR, RESOLVER, 0, 2, PR_MESSAGE_BODY_MAX },

	[PR_MESSAGE_INTEL_ASK] = { "intel-ask", ENGINE, RESOLVER, 0, 20, PR_INTEL_BODY_MAX },
	[PR_MESSAGE_INTEL_ANSWER] = { "intel-answer", RESOLVER, ENGINE, 0, 20, PR_INTEL_BODY_MAX },
	[PR_MESSAGE_PROVIDERS] = { "providers", SUPERVISOR, RESOLVER, 0, 2, PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_PROVIDER_STATE] = { "provider-state", RESOLVER, ENGINE, 0, 2, TEXT_MAX },
	[PR_MESSAGE_RESOLVER_STATE] = { "resolver-state", RESOLVER, ENGINE, 0, 2,
					PR_RESOLVER_STATE_MAX },

	[PR_MESSAGE_TUNNEL_COMPILED] = { "tunnel-compiled", COMPILER, SUPERVISOR, 0, 2,
					 PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_TUNNEL_POOL] = { "tunnel-pool", SUPERVISOR, ENGINE, 0, 37, 37 },
	[PR_MESSAGE_UPSTREAMS_USED] = { "upstreams-used", RESOLVER, SUPERVISOR, 0, 2, TEXT_MAX },
	[PR_MESSAGE_TUNNEL_UPSTREAMS] = { "tunnel-upstreams", SUPERVISOR, TUNNEL, 0, 2,
					  PR_MESSAGE_BODY_MAX },
	[PR_MESSAGE_TUNNEL_OPEN] = { "tunnel-open", ENGINE, TUNNEL, 0, 1, PR_TUNNEL_BODY_MAX },
	[PR_MESSAGE_TUNNEL_OPENED] = { "tunnel-opened", TUNNEL, ENGINE, 0, 1, PR_TUNNEL_BODY_MAX },
	[PR_MESSAGE_TUNNEL_WHO] = { "tunnel-who", TUNNEL, ENGINE, 0, 1, PR_TUNNEL_BODY_MAX },
	[PR_MESSAGE_TUNNEL_LINK] = { "tunnel-link", ENGINE, TUNNEL, 0, 8, 8 },
	[PR_MESSAGE_TUNNEL_CLOSE] = { "tunnel-close", ENGINE, TUNNEL, 0, 0, 0 },
	[PR_MESSAGE_TUNNEL_ENDED] = { "tunnel-ended", TUNNEL, ENGINE, 0, 1, PR_TUNNEL_BODY_MAX },
	[PR_MESSAGE_TUNNEL_HAVE] = { "tunnel-have", TUNNEL, ENGINE, 0, 1, PR_TUNNEL_BODY_MAX },
	[PR_MESSAGE_TUNNEL_STATE] = { "tunnel-state", TUNNEL, ENGINE, 0, 2, PR_TUNNEL_BODY_MAX },
};

const struct pr_message_info *pr_message_info(unsigned int kind)
{
	return kind < PR_N_MESSAGES && messages[kind].name ? &messages[kind] : NULL;
}

const char *pr_party_name(enum pr_party party)
{
	static const char *const names[PR_N_PARTIES] = {
		[PR_PARTY_SUPERVISOR] = "supervisor", [PR_PARTY_ENGINE] = "engine",
		[PR_PARTY_RESOLVER] = "resolver",     [PR_PARTY_COMPILER] = "compiler",
		[PR_PARTY_FRONT] = "front",	      [PR_PARTY_TUNNEL] = "tunnel",
	};

	return (unsigned int)party < PR_N_PARTIES ? names[party] : "none";
}
