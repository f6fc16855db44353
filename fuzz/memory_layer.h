/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer of the tunnel whose bytes are the fuzzer's: it reads them in pieces, and takes what is written, some of it. */
#pragma once

#include "tunnel/layer.h"

#include <string.h>

struct memory_layer {
	struct pr_layer layer;
	const uint8_t *bytes;
	size_t len, at;
	unsigned int n_calls;
};

static ssize_t memory_read(struct pr_layer *layer, void *bytes, size_t size, bool peek)
{
	struct memory_layer *memory = (struct memory_layer *)layer;
	size_t n = memory->len - memory->at;

	/* now and then nothing is there yet */
	if (memory->n_calls++ % 5 == 4)
		return -EAGAIN;
	n = n < size ? n : size;
	n = n > 300 && memory->n_calls % 3 ? 300 : n;
	if (n)
		memcpy(bytes, memory->bytes + memory->at, n);
	memory->at += peek ? 0 : n;
	return (ssize_t)n;
}

static ssize_t memory_write(struct pr_layer *layer, const void *bytes, size_t len)
{
	struct memory_layer *memory = (struct memory_layer *)layer;

	(void)bytes;
	if (memory->n_calls++ % 7 == 6)
		return -EAGAIN;
	return (ssize_t)(len > 1 && memory->n_calls % 4 == 0 ? len / 2 : len);
}

static void memory_shutdown(struct pr_layer *layer)
{
	(void)layer;
}

static void memory_free(struct pr_layer *layer, bool reset)
{
	(void)reset;
	free(layer);
}

static struct memory_layer *memory_layer(const uint8_t *bytes, size_t len)
{
	static const struct pr_layer_kind kind = { .read = memory_read,
						   .write = memory_write,
						   .shutdown = memory_shutdown,
						   .free = memory_free };
	struct memory_layer *memory = pr_calloc(1, sizeof(*memory));

	memory->layer.kind = &kind;
	memory->bytes = bytes;
	memory->len = len;
	return memory;
}

/* Tells who stands above that there may be more, as long as there is. */
static inline void memory_tell(struct memory_layer *memory)
{
	if (memory->layer.events)
		memory->layer.events->readable(memory->layer.context);
}
