/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/dial_private.h"
#include "tunnel/dial_socket.h"

#include <string.h>

/* What tells most: it can't be done from here; somebody is there and refuses; nobody answers; there is no way. */
static unsigned int weight(enum pr_tunnel_outcome outcome)
{
	switch (outcome) {
	case PR_TUNNEL_DOWN:
	case PR_TUNNEL_UNSUPPORTED:
		return 5;
	case PR_TUNNEL_REFUSED:
		return 4;
	case PR_TUNNEL_FORBIDDEN:
		return 3;
	case PR_TUNNEL_TIMED_OUT:
		return 2;
	default:
		return 1;
	}
}

void pr_dial_note(struct pr_dial *dial, enum pr_tunnel_outcome outcome, const char *format, ...)
{
	va_list arguments;

	if (dial->why[0] && weight(outcome) <= weight(dial->outcome))
		return;
	dial->outcome = outcome;
	va_start(arguments, format);
	(void)vsnprintf(dial->why, sizeof(dial->why), format, arguments);
	va_end(arguments);
}

/* True where it is the interface that is at fault. */
static bool note_interface(struct pr_dial *dial)
{
	char why[64];
	int r = dial->interface[0] ? pr_dial_socket_interface(dial->interface) : 0;

	pr_dial_socket_interface_why(r, dial->interface, why, sizeof(why));
	if (r < 0)
		pr_dial_note(dial, PR_TUNNEL_DOWN, "%s", why);
	return r < 0;
}

void pr_dial_note_error(struct pr_dial *dial, const struct pr_address *address, int error)
{
	const char *by = dial->interface[0] ? " by " : "";
	char text[PR_ADDRESS_TEXT_SIZE], reason[64];

	if ((error == ENODEV || error == ENETUNREACH || error == ENETDOWN) && note_interface(dial))
		return;
	pr_dial_note(dial, pr_dial_outcome_of(error), "%s port %u%s%s: %s",
		     pr_address_format(address, text), dial->port, by, dial->interface,
		     strerror_r(error, reason, sizeof(reason)));
}

void pr_dial_note_answer(struct pr_dial *dial, enum pr_dial_answer answer)
{
	switch (answer) {
	case PR_DIAL_NO_NAME:
		pr_dial_note(dial, PR_TUNNEL_UNREACHABLE, "the name %.150s is not there",
			     dial->host);
		break;
	case PR_DIAL_SILENT:
		pr_dial_note(dial, PR_TUNNEL_TIMED_OUT, "no nameserver answered for %.150s",
			     dial->host);
		break;
	case PR_DIAL_FAILED:
		if (note_interface(dial))
			break;
		pr_dial_note(dial, PR_TUNNEL_UNREACHABLE,
			     "no nameserver could tell where %.150s is", dial->host);
		break;
	case PR_DIAL_NO_INTERFACE:
		(void)note_interface(dial);
		break;
	case PR_DIAL_NOBODY:
		pr_dial_note(dial, PR_TUNNEL_UNREACHABLE,
			     "there is no nameserver to ask for %.150s", dial->host);
		break;
	default:
		break;
	}
}
