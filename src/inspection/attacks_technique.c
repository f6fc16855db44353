/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a packet that begins a link asks with, and whether that says anything. */
#include "inspection/attacks_private.h"

#include "packet/parse.h"

#include <netinet/in.h>

enum pr_attack_technique pr_attack_technique_of(uint8_t proto, uint8_t tcp_flags)
{
	const uint8_t all =
		PR_TCP_FIN | PR_TCP_SYN | PR_TCP_RST | PR_TCP_PSH | PR_TCP_ACK | PR_TCP_URG;
	const uint8_t flags = tcp_flags & all;

	switch (proto) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return PR_TECHNIQUE_UDP;
	case IPPROTO_SCTP:
		return PR_TECHNIQUE_SCTP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return PR_TECHNIQUE_ICMP;
	case IPPROTO_TCP:
		break;
	default:
		return PR_TECHNIQUE_PROTOCOL;
	}
	if (flags == PR_TCP_SYN)
		return PR_TECHNIQUE_SYN;
	/* Answers: to us, or to whoever wrote our address into his packets. */
	if (flags & PR_TCP_RST || (flags & (PR_TCP_SYN | PR_TCP_ACK)) == (PR_TCP_SYN | PR_TCP_ACK))
		return flags & PR_TCP_FIN ? PR_TECHNIQUE_ODD : PR_TECHNIQUE_NONE;
	if (flags & PR_TCP_ACK)
		return flags & PR_TCP_FIN ? PR_TECHNIQUE_MAIMON : PR_TECHNIQUE_ACK;
	if (!flags)
		return PR_TECHNIQUE_NULL;
	if (flags == PR_TCP_FIN)
		return PR_TECHNIQUE_FIN;
	return flags == (PR_TCP_FIN | PR_TCP_PSH | PR_TCP_URG) ? PR_TECHNIQUE_XMAS
							       : PR_TECHNIQUE_ODD;
}

enum pr_attacks_group pr_attacks_group_of(enum pr_attack_technique technique)
{
	static const uint8_t groups[PR_TECHNIQUE_N] = {
		[PR_TECHNIQUE_SYN] = PR_GROUP_SYN,	     [PR_TECHNIQUE_NULL] = PR_GROUP_ILLEGAL,
		[PR_TECHNIQUE_FIN] = PR_GROUP_ILLEGAL,	     [PR_TECHNIQUE_XMAS] = PR_GROUP_ILLEGAL,
		[PR_TECHNIQUE_ODD] = PR_GROUP_ILLEGAL,	     [PR_TECHNIQUE_ACK] = PR_GROUP_STRAY,
		[PR_TECHNIQUE_MAIMON] = PR_GROUP_STRAY,	     [PR_TECHNIQUE_UDP] = PR_GROUP_UDP,
		[PR_TECHNIQUE_SCTP] = PR_GROUP_SCTP,	     [PR_TECHNIQUE_ICMP] = PR_GROUP_ICMP,
		[PR_TECHNIQUE_PROTOCOL] = PR_GROUP_PROTOCOL,
	};

	return (enum pr_attacks_group)groups[technique];
}

/* Whether it says anything. Late answers and packets of connections that one end has forgotten go to clients' ports,
 * from servers' ones. */
bool pr_attacks_is_evidence(const struct pr_attack_probe *probe)
{
	enum pr_attacks_group group = pr_attacks_group_of(probe->technique);

	if (group == PR_GROUP_NONE)
		return false;
	if (group == PR_GROUP_ILLEGAL)
		return true;
	if (!probe->closed)
		return false;
	if (group != PR_GROUP_UDP && group != PR_GROUP_STRAY)
		return true;
	return probe->port < PR_ATTACKS_CLIENTS_PORT &&
	       (probe->source_port >= 1024 || probe->port < 1024);
}
