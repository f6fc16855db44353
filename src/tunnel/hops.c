/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tunnel/hops.h"

#include <string.h>

/* The texts of a hop, in the order in which they are laid down. */
enum { ID, HOST, USER, PASSWORD, CA, INTERFACE, SHARED, N_TEXTS };

static void texts_of(const struct pr_carrier_hop *hop, const char *texts[N_TEXTS])
{
	const struct pr_tunnel_upstream *upstream = hop->upstream;
	const char *all[N_TEXTS] = {
		[ID] = upstream->id,	[HOST] = upstream->host,
		[USER] = hop->user,	[PASSWORD] = hop->password,
		[CA] = upstream->ca,	[INTERFACE] = upstream->interface,
		[SHARED] = hop->shared,
	};

	for (unsigned int i = 0; i < N_TEXTS; i++)
		texts[i] = all[i] ? all[i] : "";
}

static size_t texts_size(const char *const texts[N_TEXTS])
{
	size_t size = 0;

	for (unsigned int i = 0; i < N_TEXTS; i++)
		size += strlen(texts[i]) + 1;
	return size;
}

/* Lays them down at `at`; what follows them. */
static char *lay_down(const char *texts[N_TEXTS], char *at)
{
	for (unsigned int i = 0; i < N_TEXTS; i++) {
		size_t size = strlen(texts[i]) + 1;

		memcpy(at, texts[i], size);
		texts[i] = at;
		at += size;
	}
	return at;
}

struct pr_carrier_hop *pr_hops_copy(const struct pr_carrier_hop *hops, unsigned int n_hops)
{
	size_t size = n_hops * (sizeof(struct pr_carrier_hop) + sizeof(struct pr_tunnel_upstream));
	struct pr_tunnel_upstream *upstreams;
	const char *texts[N_TEXTS];
	struct pr_carrier_hop *copy;
	char *at;

	for (unsigned int i = 0; i < n_hops; i++) {
		texts_of(&hops[i], texts);
		size += texts_size(texts);
	}
	copy = pr_calloc(1, size);
	upstreams = (struct pr_tunnel_upstream *)(copy + n_hops);
	at = (char *)(upstreams + n_hops);
	for (unsigned int i = 0; i < n_hops; i++) {
		texts_of(&hops[i], texts);
		at = lay_down(texts, at);
		upstreams[i] = *hops[i].upstream;
		upstreams[i].id = texts[ID];
		upstreams[i].host = texts[HOST];
		upstreams[i].user = upstreams[i].password = "";
		upstreams[i].ca = texts[CA];
		upstreams[i].interface = texts[INTERFACE];
		upstreams[i].n_members = 0;
		copy[i] = (struct pr_carrier_hop){ .upstream = &upstreams[i],
						   .user = texts[USER],
						   .made_up = hops[i].made_up,
						   .password = texts[PASSWORD],
						   .shared = texts[SHARED] };
	}
	return copy;
}

/* Lengths stand before the texts: no two different ones read alike. */
char *pr_hops_key(const struct pr_carrier_hop *hops, unsigned int n_hops)
{
	char *key = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&key, &size);

	pr_assert(file);
	for (unsigned int i = 0; i < n_hops; i++) {
		const char *texts[N_TEXTS];

		texts_of(&hops[i], texts);
		fprintf(file, "%d %u", hops[i].upstream->kind, hops[i].upstream->port);
		for (unsigned int j = 0; j < N_TEXTS; j++)
			fprintf(file, " %zu:%s", strlen(texts[j]), texts[j]);
		fputc('\n', file);
	}
	pr_assert(fclose(file) == 0);
	return key;
}
