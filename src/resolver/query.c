/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each question over UDP has a socket of its own, connected to the upstream, at a port that was drawn: the kernel
 * hands it nothing that comes from anybody else. Who can forge the upstream's address has to guess port, id and the case of the
 * name. Whoever knows the port (it stands in /proc/net/udp) is not given time for more: after PR_QUERY_FORGED_MAX
 * datagrams that are not the answer, the question goes over TCP, and so it does where only the case is wrong. Over
 * TCP it is then seen whether it is the upstream that does not keep the case.
 *
 * An upstream that doesn't answer in its usual time is asked no more and no less than the next one: its answer
 * still counts while a later try runs. A failure (SERVFAIL, REFUSED) is passed on, once no other upstream has anything
 * better; that the upstream found an answer bogus is no failure but its answer (RFC 8914, 4.7 to 4.13).
 */
#include "resolver/query.h"

#include "base/clock.h"
#include "base/error.h"
#include "dns/answer.h"
#include "resolver/resolver.h"
#include "resolver/try.h"

#include <string.h>
#include <sys/random.h>

#define MS_US	    1000u
#define S_US	    1000000u
#define BACKOFF_MAX 2 /* the patience is at most doubled so often */
#define NO_ANSWER   "no upstream nameserver gave an answer"
#define NO_TCP	    "the answer was to be had over TCP only, and there the upstream did not give it"

static struct pr_server *server_of(const struct pr_query *query, unsigned int i)
{
	return &query->servers->servers[i];
}

static void set_timer(struct pr_query *query, uint64_t after_us)
{
	const struct timeval after = { (time_t)(after_us / S_US), (suseconds_t)(after_us % S_US) };

	event_add(query->again, &after);
}

/* ---- the end ---- */

static void end(struct pr_query *query, const uint8_t *bytes, size_t len, const char *why)
{
	query->ended(query, bytes, len, PR_DNS_EDE_NO_REACHABLE_AUTHORITY, why);
}

/* Nobody is left to be asked. */
static void give_up(struct pr_query *query)
{
	end(query, query->failure, query->failure_len, query->why ? query->why : NO_ANSWER);
}

/* ---- over TCP ---- */

static void on_stream(struct pr_stream_ask *ask, enum pr_dns_heard heard, uint8_t *bytes,
		      size_t len);

static void ask_over_tcp(struct pr_query *query, unsigned int i, enum pr_query_why why)
{
	if (query->over_tcp.waits)
		return;
	pr_tries_close(query);
	query->why_tcp = why;
	if (query->n_over_tcp++ == PR_QUERY_TCP_MAX) {
		query->why = NO_TCP;
		give_up(query);
		return;
	}
	query->queries->n_over_tcp++;
	query->tcp_server = (uint8_t)i;
	query->over_tcp.asked = query->asked;
	query->over_tcp.asked.edns =
		query->asked.edns &&
		pr_server_speaks_edns(server_of(query, i), pr_clock_monotonic_us());
	query->over_tcp.heard = on_stream;
	set_timer(query, PR_QUERY_TCP_PATIENCE_MS * MS_US);
	pr_stream_ask(&query->servers->streams[i], &query->over_tcp);
}

/* ---- what an upstream says ---- */

/* Says the upstream that this name's data is not to be believed (DNSSEC), or that it withholds it? Another
 * upstream that says something else is not the better one. */
static bool is_final(const struct pr_query *query, const uint8_t *bytes, size_t len)
{
	PR_UNINITIALIZED struct pr_dns_facts facts;

	if (pr_dns_read_facts(&query->question, bytes, len, &facts) != 0)
		return false;
	return (facts.ede >= 5 && facts.ede <= 12) || (facts.ede >= 15 && facts.ede <= 18) ||
	       facts.ede == 1 || facts.ede == 2 || facts.ede == 27;
}

static void answer(struct pr_query *query, uint8_t *bytes, size_t len)
{
	pr_dns_asked_restore(&query->question, bytes, len);
	end(query, bytes, len, NULL);
}

/* It is not asked again for this. */
static void pass_over(struct pr_query *query, unsigned int i)
{
	query->given_up |= 1u << i;
	pr_query_ask_next(query);
}

static void failed(struct pr_query *query, unsigned int i, uint8_t *bytes, size_t len)
{
	if (bytes && !query->failure) {
		pr_dns_asked_restore(&query->question, bytes, len);
		query->failure = pr_calloc(1, len);
		memcpy(query->failure, bytes, len);
		query->failure_len = len;
	}
	pass_over(query, i);
}

static void send_to(struct pr_query *query, unsigned int i);

static uint64_t from_now_on(void)
{
	return pr_clock_monotonic_us() + PR_SERVER_FORGET_S * (uint64_t)S_US;
}

/* RFC 6891, 7: an upstream that does not know EDNS says FORMERR, some say NOTIMP. One that doesn't repeat the question
 * is easier to guess than an answer, and holds for this question only. */
static void without_edns(struct pr_query *query, unsigned int i, bool bare)
{
	query->asked.edns = false;
	if (!bare)
		server_of(query, i)->plain_until_us = from_now_on();
	pr_tries_close(query);
	send_to(query, i);
}

/* A whole message that is to our question; `bare` ones don't repeat it. */
static void on_reply(struct pr_query *query, unsigned int i, bool edns, bool bare, uint8_t *bytes,
		     size_t len)
{
	unsigned int rcode = bytes[3] & PR_DNS_RCODE_MASK;

	switch (rcode) {
	case PR_DNS_RCODE_FORMERR:
	case PR_DNS_RCODE_NOTIMP:
		if (edns && query->asked.edns)
			without_edns(query, i, bare);
		else
			failed(query, i, bare ? NULL : bytes, len);
		return;
	case PR_DNS_RCODE_SERVFAIL:
	case PR_DNS_RCODE_REFUSED:
		if (bare || !is_final(query, bytes, len)) {
			failed(query, i, bare ? NULL : bytes, len);
			return;
		}
		break;
	default:
		if (bare) {
			failed(query, i, NULL, 0);
			return;
		}
		break;
	}
	answer(query, bytes, len);
}

/* There was no answer over TCP. Who goes without it is asked as before, for nobody beside the way can have made it so:
 * an upstream that doesn't keep the case without caring for it, and once more where somebody guessed. */
static void without_tcp(struct pr_query *query, unsigned int i)
{
	if (query->why_tcp == PR_QUERY_CUT || (query->why_tcp == PR_QUERY_FORGED && query->twice)) {
		query->why = NO_TCP;
		pass_over(query, i);
		return;
	}
	if (query->why_tcp == PR_QUERY_CASE)
		server_of(query, i)->one_case_until_us = from_now_on();
	else
		query->twice = true;
	query->n_forged = query->n_over_tcp = 0;
	send_to(query, i);
}

static void on_stream(struct pr_stream_ask *ask, enum pr_dns_heard heard, uint8_t *bytes,
		      size_t len)
{
	struct pr_query *query =
		(struct pr_query *)((char *)ask - offsetof(struct pr_query, over_tcp));
	unsigned int i = query->tcp_server;

	if (!bytes && query->n_over_tcp == 1) {
		/* it may have been idle and closed meanwhile (RFC 7766, 6.2.4) */
		ask_over_tcp(query, i, query->why_tcp);
		return;
	}
	if (!bytes || heard == PR_DNS_HEARD_CUT) {
		without_tcp(query, i);
		return;
	}
	server_of(query, i)->n_missed = 0;
	if (heard == PR_DNS_HEARD_CASE)
		server_of(query, i)->one_case_until_us = from_now_on();
	on_reply(query, i, ask->asked.edns, heard == PR_DNS_HEARD_BARE, bytes, len);
}

/* Who does not keep the case of a name is known from TCP. */
static enum pr_dns_heard hear(const struct pr_try *try, uint64_t now_us, const uint8_t *bytes,
			      size_t len)
{
	struct pr_dns_asked asked = try->query->asked;
	enum pr_dns_heard heard;

	asked.id = try->id;
	heard = pr_dns_asked_heard(&asked, bytes, len);
	if (heard == PR_DNS_HEARD_CASE &&
	    now_us < server_of(try->query, try->server)->one_case_until_us)
		heard = bytes[2] & PR_DNS_FLAG_TC >> 8 ? PR_DNS_HEARD_CUT : PR_DNS_HEARD_ANSWER;
	return heard;
}

void pr_query_heard(struct pr_try *try, uint8_t *bytes, size_t len, bool cut)
{
	struct pr_query *query = try->query;
	unsigned int i = try->server;
	uint64_t now_us = pr_clock_monotonic_us(), sent_us = try->sent_us;
	enum pr_dns_heard heard = hear(try, now_us, bytes, len);
	bool edns = try->edns;

	if (heard == PR_DNS_HEARD_NOT_OURS) {
		query->queries->n_forged++;
		if (++query->n_forged >= PR_QUERY_FORGED_MAX)
			ask_over_tcp(query, i, PR_QUERY_FORGED);
		return;
	}
	if (heard == PR_DNS_HEARD_CASE || heard == PR_DNS_HEARD_CUT || cut) {
		ask_over_tcp(query, i, heard == PR_DNS_HEARD_CASE ? PR_QUERY_CASE : PR_QUERY_CUT);
		return;
	}
	pr_try_close(try);
	pr_server_answered(server_of(query, i), now_us - sent_us);
	on_reply(query, i, edns, heard == PR_DNS_HEARD_BARE, bytes, len);
}

/* Nobody is there, says somebody on the way: the next one is asked at once, in the first round; later ones wait. */
void pr_query_unreachable(struct pr_try *try)
{
	struct pr_query *query = try->query;
	unsigned int n = query->servers->n;

	pr_server_missed(server_of(query, try->server), pr_clock_monotonic_us());
	pr_try_close(try);
	query->n_errors++;
	if (pr_tries_open(query) == 0 && query->n_errors >= 2 * n)
		give_up(query);
	else if (pr_tries_open(query) == 0 && query->n_asked < n)
		pr_query_ask_next(query);
}

/* ---- asking ---- */

/* It says nothing of the upstream. */
static bool is_shortage(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM;
}

static void send_to(struct pr_query *query, unsigned int i)
{
	struct pr_server *server = server_of(query, i);
	uint64_t now_us = pr_clock_monotonic_us();
	unsigned int round = (query->n_asked - 1) / query->servers->n;
	uint64_t patience_us = pr_server_patience_us(server)
			       << (round < BACKOFF_MAX ? round : BACKOFF_MAX);
	int r;

	if (!pr_query_has_socket(query))
		return;
	query->last = (uint8_t)i;
	r = pr_try_send(query, i, now_us);
	if (is_shortage(r)) {
		patience_us = PR_SERVER_PATIENCE_MIN_MS * MS_US;
	} else if (r < 0) {
		query->n_errors++;
		pr_server_missed(server, now_us);
		/* the next one at once, in the first round */
		if (query->n_asked < query->servers->n)
			patience_us = 0;
	}
	set_timer(query, patience_us);
}

/* The next one in order that has not been given up. */
void pr_query_ask_next(struct pr_query *query)
{
	unsigned int n = query->servers->n;

	if (query->given_up == (1u << n) - 1 ||
	    (pr_tries_open(query) == 0 && query->n_errors >= 2 * n)) {
		give_up(query);
		return;
	}
	while (query->given_up & 1u << query->order[query->n_asked % n])
		query->n_asked++;
	send_to(query, query->order[query->n_asked++ % n]);
}

/* The last one that was asked has not answered in its time. */
static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct pr_query *query = context;
	uint64_t now_us = pr_clock_monotonic_us();

	(void)fd;
	(void)what;
	if (query->over_tcp.waits) {
		pr_stream_forget(&query->servers->streams[query->tcp_server], &query->over_tcp);
		pr_server_missed(server_of(query, query->tcp_server), now_us);
		without_tcp(query, query->tcp_server);
		return;
	}
	if (pr_tries_open(query))
		pr_server_missed(server_of(query, query->last), now_us);
	pr_query_ask_next(query);
}

/* One that is away is tried beside the others, so that it is known when it is back. */
static void probe(struct pr_query *query, uint64_t now_us)
{
	unsigned int n_away = 0, n = query->servers->n;

	for (unsigned int i = 0; i < n; i++)
		n_away += pr_server_is_away(server_of(query, i));
	if (n_away == n)
		return;
	for (unsigned int i = 0; i < n; i++) {
		if (!pr_server_probe(server_of(query, i), now_us))
			continue;
		(void)!pr_try_send(query, i, now_us);
		return;
	}
}

void pr_query_start(struct pr_query *query)
{
	uint64_t now_us = pr_clock_monotonic_us();
	uint8_t random[PR_DNS_CASE_LEN];

	pr_assert(getrandom(random, sizeof(random), 0) == sizeof(random));
	query->asked = pr_dns_asked(&query->question, 0, random);
	query->again = evtimer_new(query->queries->base, on_again, query);
	pr_assert(query->again);
	query->servers->n_users++;
	pr_servers_order(query->servers->servers, query->servers->n, query->order);
	if (pr_query_has_socket(query))
		probe(query, now_us);
	if (!query->waits_for_socket)
		pr_query_ask_next(query);
}

void pr_query_done(struct pr_query *query)
{
	if (query->waits_for_socket)
		TAILQ_REMOVE(&query->queries->for_socket, query, for_socket);
	pr_stream_forget(&query->servers->streams[query->tcp_server], &query->over_tcp);
	pr_tries_close(query);
	event_free(query->again);
	free(query->failure);
	query->servers->n_users--;
}
