/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A subject is what a decision is about: a communication or a link with the facts known so far. It is a
 * plain value that borrows everything it points to. A fact is known, open (may still be fetched), or
 * absent: known that there is none (owner, domain, address, port), or that there is no data for it
 * (country, AS, lists). An address that isn't global has no country and no AS: these are then known, and
 * empty (""; 0); absent they would count as missing data.
 *
 * Lists are known one by one. Each of the domains, and the address, is on some of them (its bits are set); of
 * a list that neither is on, there may be no data (`lists_missing`). While PR_FACT_LISTS is open, the bits that
 * are set hold already: what a name is on, no address takes back. Those of `lists_open` may still come. With
 * PR_FACT_LISTS absent there is no data for any list that neither is on.
 */
#pragma once

#include "network/seen.h"
#include "packet/tuple.h"

/* Facts, as bits. */
enum pr_fact {
	PR_FACT_OWNER = 1 << 0,
	PR_FACT_DOMAIN = 1 << 1,
	PR_FACT_ADDRESS = 1 << 2,
	PR_FACT_PROTOCOL = 1 << 3,
	PR_FACT_PORT = 1 << 4,
	PR_FACT_COUNTRY = 1 << 5, /* and continent */
	PR_FACT_ASN = 1 << 6,
	PR_FACT_LISTS = 1 << 7,
	PR_FACT_SCOPE =
		1 << 8, /* and class; of its own, for a communication has one without an address */
	/* What only the packets themselves show (network/seen.h). Open while the link is inspected, or may be. */
	PR_FACT_SPEAKS = 1 << 9,
	PR_FACT_ENCRYPTION = 1 << 10,
	PR_FACT_NAME = 1 << 11, /* which of the domains it is, or that it is none of them */
	PR_FACT_CERTIFICATE = 1 << 12,
};
#define PR_FACTS_ALL  0x1fffu
#define PR_FACTS_SEEN (PR_FACT_SPEAKS | PR_FACT_ENCRYPTION | PR_FACT_NAME | PR_FACT_CERTIFICATE)
/* Those that there may be no data for: the setting on_missing_data says what happens then. */
#define PR_FACTS_DATA (PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS)

/* Address classes; the sources are the special-purpose registries (RFC 6890, RFC 8190). */
enum pr_class {
	PR_CLASS_INVALID, /* never seen on a wire as source or destination of a link */
	PR_CLASS_HOST,	  /* loopback, and the host's own addresses */
	PR_CLASS_LINK_LOCAL,
	PR_CLASS_SITE_LOCAL, /* RFC 1918, 4193, 6598 */
	PR_CLASS_MULTICAST_LOCAL,
	PR_CLASS_MULTICAST_GLOBAL,
	PR_CLASS_GLOBAL,
};

/* What the rule language calls a scope. */
enum pr_scope {
	PR_SCOPE_INVALID,
	PR_SCOPE_LOCALHOST,
	PR_SCOPE_LAN,
	PR_SCOPE_INTERNET,
};

/* How a name came to an address; the best first. */
enum pr_name_grade {
	PR_NAME_PROVEN, /* seen in the link's own packets, and given to the application */
	PR_NAME_GIVEN,	/* an answer to this application */
	PR_NAME_SHARED, /* an answer to a stub that asks for all */
	PR_NAME_HOSTS,	/* /etc/hosts */
	PR_NAME_CLAIMED, /* seen in the link's own packets alone: whoever sent it could write anything there */
};

/* Why a packet's addresses can't be real (network/class.h). */
enum pr_spoof {
	PR_SPOOF_NO,
	PR_SPOOF_LOOPBACK,  /* a loopback address on another interface */
	PR_SPOOF_MULTICAST, /* a multicast or broadcast address as the source */
	PR_SPOOF_OWN,	    /* our own address as the source of what comes from outside */
	PR_SPOOF_INVALID,   /* a source that no host can have */
};

/* What its questions look like (heuristics), as bits. */
enum pr_suspicion {
	PR_SUSPICION_GENERATED =
		1 << 0, /* the name looks made by a program, not chosen by somebody */
	PR_SUSPICION_TUNNEL =
		1 << 1,		   /* the questions below its domain look like data carried out */
	PR_SUSPICION_DOH = 1 << 2, /* of a link: the name that it claims came by DNS over HTTPS */
};

#define PR_SUBJECT_DOMAINS_MAX 32 /* candidates of one address; the newest are kept */

struct pr_subject {
	enum pr_direction direction;
	unsigned int known;  /* PR_FACT_… that are settled: a value or absent */
	unsigned int absent; /* of the known */

	uint32_t profile; /* of the policy; PR_PROFILE_… of profile/policy.h */
	const char *domains[PR_SUBJECT_DOMAINS_MAX]; /* canonical; any of them may be the one */
	unsigned int n_domains;

	struct pr_address remote; /* the entity's address */
	struct pr_address local;  /* our end; family 0 when unknown */
	enum pr_class remote_class;
	enum pr_scope scope; /* of the remote address; PR_FACT_SCOPE */
	uint8_t proto;
	uint16_t port; /* the service's port: the destination's; incoming: the local one */

	char country[3], continent[3];
	uint32_t asn;
	const char *organisation; /* of the AS; NULL or "" = not known */
	/* Bitsets of list numbers of the policy, n_list_words long; NULL = none, but of lists_open: any. */
	const uint64_t
		*domain_lists[PR_SUBJECT_DOMAINS_MAX]; /* that the domain of the same place is on */
	const uint64_t *address_lists;
	const uint64_t *lists_missing; /* without data */
	const uint64_t *lists_open;    /* that may speak of what isn't known yet: of an address */
	unsigned int n_list_words;
	/* Of a link, where PR_FACTS_SEEN are not all open; NULL = nothing was seen. With PR_FACT_NAME known, and not
	 * absent, either `domains` is the proven name alone, or none of them is proven and `claimed` is what the packets
	 * say, with `also_claimed` where they say several. */
	const struct pr_seen *seen;
	const char *claimed;	       /* NULL = none */
	const uint64_t *claimed_lists; /* that it is on */
	const char *also_claimed[PR_SEEN_NAMES_MAX - 1];
	const uint64_t *also_claimed_lists[PR_SEEN_NAMES_MAX - 1];
	unsigned int n_also_claimed;
	bool certificate_expired; /* or not valid yet; of `seen` */
	bool attacker;		  /* its source is blocked for an attack, for a time */
	unsigned int suspicions;  /* PR_SUSPICION_… */
	const char *generated_why, *tunnel_why,
		*doh_why; /* what each rests on, with numbers; NULL = not said */

	bool own;	     /* a socket of ours, or the kernel's own reset or error */
	bool to_nameserver;  /* straight to our own nameserver */
	bool dns_exempt;     /* goes where it is sent though the port is DNS: no question, or the
				* asker is the nameserver that we ask */
	bool infrastructure; /* what a host needs to be on its link at all (docs/firewall.md) */
	bool pooled;	     /* its address stands for a name that the tunnel's far end resolves */
	bool start_grace;    /* older than the daemon: what only a default denies lives on */
	bool public_answer; /* of an answer: the nameservers that gave it have global addresses, which
				* know nothing of the addresses of this host and its networks */
	enum pr_spoof spoofed; /* the source is not one that may arrive or leave here */
};

/* Its address is one of the Internet that the far end of a tunnel alone will know: scope and class are given, address,
 * country and AS absent, and it is on no list by its address. Its names are the caller's. */
void pr_subject_set_far(struct pr_subject *subject);

/* Is one of the domains, or the address, on the list? */
bool pr_subject_on_list(const struct pr_subject *subject, uint32_t list);
/* Neither is; is there no data for it, may it still come (PR_FACT_LISTS is open)? */
bool pr_subject_list_missing(const struct pr_subject *subject, uint32_t list);
bool pr_subject_list_open(const struct pr_subject *subject, uint32_t list);

/* What was seen of it; UNKNOWN where that is open, or nothing was. */
enum pr_speaks pr_subject_speaks(const struct pr_subject *subject);
enum pr_encryption pr_subject_encryption(const struct pr_subject *subject);
/* The flags (PR_SEEN_…) that were seen by now, settled or not. */
unsigned int pr_subject_seen_flags(const struct pr_subject *subject);

const char *pr_scope_name(enum pr_scope scope); /* "Localhost", "LAN", "Internet", "Invalid" */
const char *pr_class_name(enum pr_class class_);
const char *pr_fact_name(enum pr_fact fact); /* of one bit: "owner", "domain", … */
