/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A carrier is its opening, then the layer that came of it: an idle one is small. */
#include "tunnel/carrier_private.h"
#include "tunnel/layer.h"
#include "tunnel/opening.h"
#include "tunnel/trunk.h"

struct pr_carrier {
	struct pr_carrier_events events;
	struct pr_opening *opening; /* NULL once it ended */
	struct pr_layer *layer;	    /* NULL before */
	bool unanswered, account;
	bool *gone; /* told when it is freed meanwhile */
};

struct pr_carriers *pr_carriers_new(struct event_base *base, struct pr_dialer *dialer)
{
	struct pr_carriers *carriers = pr_calloc(1, sizeof(*carriers));

	*carriers = (struct pr_carriers){ .base = base, .dialer = dialer };
	LIST_INIT(&carriers->trunks);
	pr_tls_init(&carriers->tls, base);
	return carriers;
}

void pr_carriers_free(struct pr_carriers *carriers)
{
	if (!carriers)
		return;
	pr_trunks_free(carriers);
	pr_tls_done(&carriers->tls);
	free(carriers);
}

void pr_carriers_renew(struct pr_carriers *carriers)
{
	pr_trunks_retire(carriers);
	pr_tls_renew(&carriers->tls);
}

static void on_readable(void *context)
{
	struct pr_carrier *carrier = context;

	carrier->events.readable(carrier->events.context);
}

static void on_writable(void *context)
{
	struct pr_carrier *carrier = context;

	carrier->events.writable(carrier->events.context);
}

static const struct pr_layer_events events = { .readable = on_readable, .writable = on_writable };

static void on_opened(void *context, const struct pr_opened *opened)
{
	struct pr_carrier *carrier = context;
	bool gone = false;

	carrier->opening = NULL;
	carrier->layer = opened->layer;
	carrier->unanswered = opened->unanswered;
	carrier->account = opened->account;
	if (carrier->layer)
		pr_layer_listen(carrier->layer, &events, carrier);
	carrier->gone = &gone;
	carrier->events.opened(carrier->events.context, opened->outcome, opened->hop, opened->why);
	if (gone)
		return;
	carrier->gone = NULL;
	/* what came behind the answer was told to the opening */
	if (carrier->layer && carrier->layer->events)
		on_readable(carrier);
}

struct pr_carrier *pr_carrier_open(struct pr_carriers *carriers, const struct pr_carrier_to *to,
				   const struct pr_carrier_events *carrier_events)
{
	struct pr_carrier *carrier = pr_calloc(1, sizeof(*carrier));

	carrier->events = *carrier_events;
	carrier->opening = pr_opening_start(carriers, to, on_opened, carrier);
	return carrier;
}

void pr_carrier_free(struct pr_carrier *carrier, bool reset)
{
	if (!carrier)
		return;
	if (carrier->gone)
		*carrier->gone = true;
	pr_opening_cancel(carrier->opening);
	pr_layer_free(carrier->layer, reset);
	free(carrier);
}

bool pr_carrier_unanswered(const struct pr_carrier *carrier)
{
	return carrier->unanswered;
}

bool pr_carrier_account_refused(const struct pr_carrier *carrier)
{
	return carrier->account;
}

bool pr_carrier_has_named(const struct pr_carrier *carrier)
{
	return carrier->opening && pr_opening_has_named(carrier->opening);
}

ssize_t pr_carrier_read(struct pr_carrier *carrier, void *bytes, size_t size)
{
	return carrier->layer ? pr_layer_read(carrier->layer, bytes, size) : -ENOTCONN;
}

ssize_t pr_carrier_write(struct pr_carrier *carrier, const void *bytes, size_t len)
{
	return carrier->layer ? pr_layer_write(carrier->layer, bytes, len) : -ENOTCONN;
}

void pr_carrier_shutdown(struct pr_carrier *carrier)
{
	if (carrier->layer)
		carrier->layer->kind->shutdown(carrier->layer);
}

int pr_carrier_fd(const struct pr_carrier *carrier)
{
	struct pr_layer *layer = carrier->layer;

	if (!layer || !layer->kind->fd)
		return -1;
	pr_layer_listen(layer, NULL, NULL);
	return layer->kind->fd(layer);
}
