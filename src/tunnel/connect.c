/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An answer is read line by line and forgotten; of its fields those count that say why a connection failed. Whatever
 * follows the empty line of a 2xx is the link's: its fields of length mean nothing (RFC 9110, 9.3.6).
 */
#include "tunnel/connect.h"

#include "tunnel/carrier.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

/* ---- what is said ---- */

int pr_connect_authority(const char *host, uint16_t port, char *text, size_t size)
{
	int len = snprintf(text, size, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);

	if (len < 0 || (size_t)len >= size)
		return -EINVAL;
	/* it becomes a line of the request */
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at == 0x7f)
			return -EINVAL;
	return len;
}

void pr_connect_credentials(const char *user, const char *password, char *text)
{
	char plain[2 * PR_TUNNEL_CREDENTIAL_MAX + 2];
	int len = snprintf(plain, sizeof(plain), "%.*s:%.*s", PR_TUNNEL_CREDENTIAL_MAX, user,
			   PR_TUNNEL_CREDENTIAL_MAX, password);

	memcpy(text, "Basic ", 6);
	EVP_EncodeBlock((uint8_t *)text + 6, (const uint8_t *)plain, len);
}

int pr_connect_start(struct pr_connect *connect, const struct pr_talk_ask *ask)
{
	char authority[512];

	*connect = (struct pr_connect){ .ask = *ask };
	return pr_connect_authority(ask->host, ask->port, authority, sizeof(authority)) < 0
		       ? -EINVAL
		       : 0;
}

size_t pr_connect_say(struct pr_connect *connect, uint8_t *bytes)
{
	char authority[512], credentials[PR_CONNECT_CREDENTIALS_SIZE] = "";
	int len;

	if (connect->asked)
		return 0;
	connect->asked = true;
	len = pr_connect_authority(connect->ask.host, connect->ask.port, authority,
				   sizeof(authority));
	pr_assert(len > 0);
	if (connect->ask.user[0])
		pr_connect_credentials(connect->ask.user, connect->ask.password, credentials);
	len = snprintf((char *)bytes, PR_TALK_SAY_MAX,
		       "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n", authority, authority,
		       credentials[0] ? "Proxy-Authorization: " : "", credentials,
		       credentials[0] ? "\r\n" : "");
	pr_assert(len > 0 && len < PR_TALK_SAY_MAX);
	return (size_t)len;
}

/* ---- what an answer means ---- */

static void hint(struct pr_connect_answer *answer, enum pr_tunnel_outcome outcome, const char *why)
{
	answer->hinted = true;
	answer->hint = outcome;
	snprintf(answer->why, sizeof(answer->why), "%s", why);
}

/* RFC 9209, 2.3: those that say what became of the destination. */
static const struct {
	const char *error;
	enum pr_tunnel_outcome outcome;
	const char *why;
} proxy_errors[] = {
	{ "connection_refused", PR_TUNNEL_REFUSED, "connection refused" },
	{ "connection_timeout", PR_TUNNEL_TIMED_OUT, "the connection timed out" },
	{ "connection_terminated", PR_TUNNEL_REFUSED, "the connection was ended" },
	{ "destination_not_found", PR_TUNNEL_UNREACHABLE, "the destination is not known" },
	{ "destination_unavailable", PR_TUNNEL_UNREACHABLE, "the destination is not available" },
	{ "destination_ip_unroutable", PR_TUNNEL_UNREACHABLE, "the network is unreachable" },
	{ "destination_ip_prohibited", PR_TUNNEL_FORBIDDEN, "its rules don't allow the address" },
	{ "dns_error", PR_TUNNEL_UNREACHABLE, "the name could not be resolved" },
	{ "dns_timeout", PR_TUNNEL_UNREACHABLE, "the name could not be resolved in time" },
	{ "http_request_denied", PR_TUNNEL_FORBIDDEN, "its rules don't allow it" },
};

static void take_proxy_status(struct pr_connect_answer *answer, const char *value)
{
	const char *error = strstr(value, "error=");

	/* of several proxies the last stands nearest to us; the first one that says an error knows */
	for (size_t i = 0; error && !answer->hinted && i < PR_ARRAY_SIZE(proxy_errors); i++) {
		size_t len = strlen(proxy_errors[i].error);

		if (strncmp(error + 6, proxy_errors[i].error, len) == 0 &&
		    !isalnum((unsigned char)error[6 + len]) && error[6 + len] != '_')
			hint(answer, proxy_errors[i].outcome, proxy_errors[i].why);
	}
}

/* Squid's: the name of its page, and errno. */
static void take_squid_error(struct pr_connect_answer *answer, const char *value)
{
	unsigned int number;

	if (strncmp(value, "ERR_DNS_FAIL", 12) == 0)
		hint(answer, PR_TUNNEL_UNREACHABLE, "the name could not be resolved");
	/* a name that is not there, too, where it was asked to connect */
	if (strncmp(value, "ERR_CANNOT_FORWARD", 18) == 0)
		hint(answer, PR_TUNNEL_UNREACHABLE, "it knows no way there");
	if (sscanf(value, "ERR_CONNECT_FAIL %3u", &number) != 1)
		return;
	if (number == ECONNREFUSED)
		hint(answer, PR_TUNNEL_REFUSED, "connection refused");
	else if (number == ETIMEDOUT)
		hint(answer, PR_TUNNEL_TIMED_OUT, "the connection timed out");
	else
		hint(answer, PR_TUNNEL_UNREACHABLE, "the host is unreachable");
}

void pr_connect_answer_field(struct pr_connect_answer *answer, const char *name, const char *value)
{
	if (strcmp(name, "proxy-status") == 0)
		take_proxy_status(answer, value);
	else if (strcmp(name, "x-squid-error") == 0)
		take_squid_error(answer, value);
}

static enum pr_tunnel_outcome outcome_of(unsigned int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
	case 451:
		return PR_TUNNEL_FORBIDDEN;
	case 405:
	case 501:
	case 505:
		return PR_TUNNEL_UNSUPPORTED;
	case 408:
	case 504:
		return PR_TUNNEL_TIMED_OUT;
	default:
		return PR_TUNNEL_UNREACHABLE;
	}
}

enum pr_talk_heard pr_connect_answer_heard(struct pr_connect_answer *answer, bool had_account,
					   struct pr_talk_failure *ret_failure)
{
	unsigned int status = answer->status;
	bool is_account = status == 407 || status == 401;

	if (status >= 200 && status <= 299)
		return PR_TALK_OPEN;
	/* asked to connect, nobody but the proxy wants to know who asks: tinyproxy says 401 */
	if (is_account)
		hint(answer, PR_TUNNEL_FORBIDDEN,
		     had_account ? "wrong credentials" : "it wants a user and a password");
	else if (status == 403 && !answer->hinted)
		hint(answer, PR_TUNNEL_FORBIDDEN, "its rules don't allow it");
	else if (!answer->hinted)
		snprintf(answer->why, sizeof(answer->why), "it answers with %u", status);
	*ret_failure = (struct pr_talk_failure){
		.outcome = answer->hinted ? answer->hint : outcome_of(status),
		.own = is_account,
		.account = is_account,
		.why = answer->why,
	};
	return PR_TALK_FAILED;
}

/* ---- HTTP/1.1 ---- */

static enum pr_talk_heard no_http(struct pr_talk_failure *failure, const char *why)
{
	*failure = (struct pr_talk_failure){ .outcome = PR_TUNNEL_DOWN, .own = true, .why = why };
	return PR_TALK_FAILED;
}

/* "HTTP/1.x NNN …" */
static bool take_status_line(struct pr_connect *connect)
{
	const char *line = connect->line;

	if (strncmp(line, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line[7]) ||
	    line[8] != ' ' || (line[12] != ' ' && line[12] != '\0'))
		return false;
	connect->answer = (struct pr_connect_answer){ 0 };
	for (int i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)line[i]))
			return false;
		connect->answer.status =
			connect->answer.status * 10 + (unsigned int)(line[i] - '0');
	}
	connect->has_status = true;
	return connect->answer.status >= 100;
}

static void take_field(struct pr_connect *connect)
{
	char *colon = strchr(connect->line, ':'), *value;

	if (!colon)
		return;
	*colon = '\0';
	for (char *at = connect->line; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	for (value = colon + 1; *value == ' ' || *value == '\t';)
		value++;
	pr_connect_answer_field(&connect->answer, connect->line, value);
}

/* The line is whole, without its end. */
static enum pr_talk_heard hear_line(struct pr_connect *connect, struct pr_talk_failure *failure)
{
	if (!connect->has_status)
		return take_status_line(connect) ? PR_TALK_MORE
						 : no_http(failure, "its answer is not HTTP/1");
	if (connect->line[0]) {
		take_field(connect);
		return PR_TALK_MORE;
	}
	if (connect->answer.status == 101)
		return no_http(failure, "it changes to a protocol that it was not asked for");
	/* an interim answer (RFC 9110, 15.2): the answer follows */
	if (connect->answer.status < 200) {
		connect->has_status = false;
		return PR_TALK_MORE;
	}
	return pr_connect_answer_heard(&connect->answer, connect->ask.user[0], failure);
}

enum pr_talk_heard pr_connect_hear(struct pr_connect *connect, const uint8_t *bytes, size_t len,
				   size_t *ret_used, struct pr_talk_failure *ret_failure)
{
	enum pr_talk_heard heard = PR_TALK_MORE;
	size_t used = 0;

	while (heard == PR_TALK_MORE && used < len) {
		uint8_t byte = bytes[used++];

		if (++connect->n_taken > PR_CARRIER_ANSWER_MAX) {
			heard = no_http(ret_failure, "its answer is too long");
		} else if (byte != '\n') {
			if (connect->line_len < sizeof(connect->line) - 1)
				connect->line[connect->line_len++] = (char)byte;
		} else {
			/* a line feed alone ends a line too (RFC 9112, 2.2) */
			if (connect->line_len && connect->line[connect->line_len - 1] == '\r')
				connect->line_len--;
			connect->line[connect->line_len] = '\0';
			heard = hear_line(connect, ret_failure);
			connect->line_len = 0;
		}
	}
	*ret_used = used;
	return heard;
}
