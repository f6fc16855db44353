/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tunnel's upstreams as they are configured: ways by which a link leaves instead of going straight to its
 * destination. A proxy or an interface; a chain, in which each hop is reached through the one before; a set, of which
 * one that works is taken.
 */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PR_TUNNEL_UPSTREAMS_MAX	  32u /* configured; more are an error */
#define PR_TUNNEL_UPSTREAM_ID_MAX 63  /* bytes; as of a rule's `>NAME` (profile/rule.h) */
#define PR_TUNNEL_MEMBERS_MAX	  16u /* of a set */
#define PR_TUNNEL_HOPS_MAX	  8u  /* of a chain, sets counted as one */
#define PR_TUNNEL_NAMESERVERS_MAX 4u
#define PR_TUNNEL_CREDENTIAL_MAX  255  /* bytes of a user or a password (RFC 1929, 2) */
#define PR_TUNNEL_URL_MAX	  512  /* bytes */
#define PR_TUNNEL_RENEW_S	  600u /* unless it is set otherwise */
#define PR_TUNNEL_WHY_MAX	  240  /* bytes of a sentence that names what went wrong */

enum pr_tunnel_kind {
	PR_TUNNEL_SOCKS5, /* socks5://HOST:PORT (RFC 1928, 1929) */
	PR_TUNNEL_CONNECT, /* connect://HOST:PORT, HTTP CONNECT over TLS (RFC 9110, 9.3.6; RFC 9113, 8.5) */
	PR_TUNNEL_HTTP,	     /* http://HOST:PORT, the same over HTTP/1.1 without TLS */
	PR_TUNNEL_INTERFACE, /* interface:NAME */
	PR_TUNNEL_CHAIN,
	PR_TUNNEL_SET,
	PR_TUNNEL_N_KINDS,
};

/* Which links may share a way: the same account of a proxy (so the same circuit of Tor), the same members of a
 * chain's sets, the same connection of HTTP/2. */
enum pr_tunnel_isolate {
	PR_TUNNEL_PER_APPLICATION, /* the default */
	PR_TUNNEL_PER_DOMAIN,	   /* of an application */
	PR_TUNNEL_PER_LINK,
	PR_TUNNEL_SHARED, /* all of them */
	PR_TUNNEL_N_ISOLATES,
};

enum pr_tunnel_choose {
	PR_TUNNEL_IN_ORDER, /* the first that works */
	PR_TUNNEL_BY_LATENCY,
	PR_TUNNEL_AT_RANDOM, /* one for each that isolates */
	PR_TUNNEL_N_CHOICES,
};

/* Texts are borrowed; "" = not given. */
struct pr_tunnel_upstream {
	const char *id;
	enum pr_tunnel_kind kind;
	enum pr_tunnel_isolate isolate;
	uint32_t
		renew_s; /* so long a way is given to new links, then another one; 0 = always the same */
	/* SOCKS5, CONNECT, HTTP: */
	const char *host; /* a canonical name, or an address */
	uint16_t port;
	const char *user,
		*password; /* a policy has neither: they are for the tunnel process alone */
	bool udp;	   /* SOCKS5: UDP ASSOCIATE is tried */
	const char
		*ca; /* CONNECT: path of certificates its own is checked with; "" = the system's */
	/* INTERFACE: */
	const char *interface;
	struct pr_address
		nameservers[PR_TUNNEL_NAMESERVERS_MAX]; /* of the interface; asked through it */
	unsigned int n_nameservers;
	/* CHAIN: hops, SET: members; ids of upstreams that stand before it. */
	const char *members[PR_TUNNEL_MEMBERS_MAX];
	unsigned int n_members;
	enum pr_tunnel_choose choose; /* SET */
};

/* What becomes of a link that is to go through the tunnel. What an application sees of it: engine/tunnel.c. */
enum pr_tunnel_outcome {
	PR_TUNNEL_OPEN = 0,
	PR_TUNNEL_REFUSED, /* the destination refused: a reset, port unreachable */
	PR_TUNNEL_UNREACHABLE, /* no way to the destination, or its name doesn't exist: host unreachable */
	PR_TUNNEL_TIMED_OUT, /* nothing came back: nothing is answered */
	PR_TUNNEL_FORBIDDEN, /* the upstream doesn't permit it: administratively prohibited */
	PR_TUNNEL_UNSUPPORTED, /* the upstream can't do it, UDP for example, or we can't (a limit): administratively prohibited */
	PR_TUNNEL_DOWN, /* no upstream works: administratively prohibited */
	PR_TUNNEL_N_OUTCOMES,
};

/* Characters of an id: letters, digits, "-", "_". */
bool pr_tunnel_id_valid(const char *id);
/* Can an interface have this name? */
bool pr_tunnel_interface_valid(const char *name);
/* A canonical name, or an address as text without brackets. */
bool pr_tunnel_host_valid(const char *host);
const char *pr_tunnel_kind_name(enum pr_tunnel_kind kind); /* "socks5", "connect", … */
const char *pr_tunnel_isolate_name(
	enum pr_tunnel_isolate isolate); /* "application", "domain", "link", "none" */
const char *pr_tunnel_choose_name(enum pr_tunnel_choose choose); /* "order", "latency", "random" */
const char *pr_tunnel_outcome_name(enum pr_tunnel_outcome outcome); /* "open", "refused", … */

/* A URL of the forms above, the port always with it. Fills kind, host, port or interface; what it fills borrows from `text`, which it cuts
 * into pieces. 0, or -EINVAL with *ret_why set to a sentence. */
PR_MUST_USE int pr_tunnel_url_parse(char *text, struct pr_tunnel_upstream *upstream,
				    const char **ret_why);

/* As a text of lines, for the way to the tunnel process. Texts hold no line's end. The caller frees. */
char *pr_tunnel_upstream_write(const struct pr_tunnel_upstream *upstream);
/* Back; cuts `text` into pieces and borrows them; what isn't given is "", not NULL. 0 or -EBADMSG: then it is no upstream
 * that could be configured. That members exist is not looked at. */
PR_MUST_USE int pr_tunnel_upstream_read(char *text, struct pr_tunnel_upstream *ret_upstream);
