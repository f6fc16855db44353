/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Countries and networks of addresses: bench-geo FORMAT FILE…, formats and files by turns. Prints one
 * JSON object a line, figures without an aim:
 *
 *    geo_compile_s        parse and build, processor time of one thread
 *    geo_bytes_per_range  the whole set, organisations' names included, by the number of its ranges
 *    geo_lookup_ns        country, AS and organisation of an address; addresses drawn anew each time, three in four of them
 *                         IPv4; the median of the rounds
 */
#include "intel/set_builder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define N_ROUNDS    15
#define N_ADDRESSES (1u << 18)
#define SEED	    7

static uint64_t state_of_random = 1;

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(void)
{
	uint64_t z = state_of_random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void add(struct pr_intel_builder *builder, const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pr_geo_counts counts;
	enum pr_geo_format format;
	struct stat stat;
	void *bytes;

	if (fd < 0 || fstat(fd, &stat) < 0)
		fail(path);
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		fail(path);
	if (!pr_geo_format_find(name, &format) ||
	    pr_intel_builder_geo(builder, format, bytes, (size_t)stat.st_size, &counts) < 0) {
		fprintf(stderr, "%s: can't be read as %s\n", path, name);
		exit(1);
	}
	fprintf(stderr, "%s: %ju ranges, %ju refused\n", path, (uintmax_t)counts.ranges,
		(uintmax_t)counts.refused);
	munmap(bytes, (size_t)stat.st_size);
	close(fd);
}

/* Where addresses are given out: 1.0.0.0 to 223.255.255.255, 2001::/16 to 2c0f::/16. */
static struct pr_address draw_address(void)
{
	static const uint8_t heads[] = { 0x20, 0x24, 0x26, 0x28, 0x2a, 0x2c };
	uint64_t high = draw(), low = draw();
	uint8_t bytes[16];

	memcpy(bytes, &high, 8);
	memcpy(bytes + 8, &low, 8);
	if (low % 4) {
		bytes[0] = (uint8_t)(1 + bytes[0] % 223);
		return pr_address_v4(bytes);
	}
	bytes[0] = heads[bytes[0] % sizeof(heads)];
	bytes[1] &= 0x0f;
	return pr_address_v6(bytes);
}

static double round_ns(const struct pr_intel_set *set, const struct pr_address *addresses,
		       uint32_t *n_found)
{
	double start = cpu_s();
	const char *organisation;
	char country[3];
	uint32_t asn;

	*n_found = 0;
	for (uint32_t i = 0; i < N_ADDRESSES; i++) {
		*n_found += pr_intel_set_country(set, &addresses[i], country);
		*n_found += pr_intel_set_asn(set, &addresses[i], &asn, &organisation);
	}
	return (cpu_s() - start) * 1e9 / N_ADDRESSES;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure_lookup(const struct pr_intel_set *set)
{
	struct pr_address *addresses = pr_calloc(N_ADDRESSES, sizeof(*addresses));
	double rounds[N_ROUNDS];
	uint32_t n_found = 0;

	for (int i = 0; i < N_ROUNDS; i++) {
		for (uint32_t k = 0; k < N_ADDRESSES; k++)
			addresses[k] = draw_address();
		rounds[i] = round_ns(set, addresses, &n_found);
	}
	qsort(rounds, N_ROUNDS, sizeof(*rounds), compare);
	fprintf(stderr, "%u of %u found, %.1f to %.1f ns\n", n_found, 2 * N_ADDRESSES, rounds[0],
		rounds[N_ROUNDS - 1]);
	printf("{\"name\": \"geo_lookup_ns\", \"value\": %.1f, \"unit\": \"ns\"}\n",
	       rounds[N_ROUNDS / 2]);
	free(addresses);
}

int main(int argc, char **argv)
{
	struct pr_intel_builder *builder = pr_intel_builder_new(SEED);
	struct pr_intel_totals totals;
	struct pr_intel_set *set;
	double start = cpu_s();
	uint8_t *bytes;
	size_t len;

	if (argc < 3 || argc % 2 == 0) {
		fprintf(stderr, "usage: bench-geo FORMAT FILE…\n");
		return 2;
	}
	for (int i = 1; i < argc; i += 2)
		add(builder, argv[i], argv[i + 1]);
	if (pr_intel_builder_finish(builder, &bytes, &len) < 0 ||
	    pr_intel_set_open(bytes, len, &set) < 0)
		fail("set");
	printf("{\"name\": \"geo_compile_s\", \"value\": %.3f, \"unit\": \"s\"}\n",
	       cpu_s() - start);
	totals = pr_intel_set_totals(set);
	fprintf(stderr, "%ju country ranges, %ju AS ranges, %ju organisations, %zu bytes\n",
		(uintmax_t)totals.country_ranges, (uintmax_t)totals.asn_ranges,
		(uintmax_t)totals.organisations, len);
	printf("{\"name\": \"geo_bytes_per_range\", \"value\": %.1f, \"unit\": \"B\"}\n",
	       (double)len / (double)(totals.country_ranges + totals.asn_ranges));
	measure_lookup(set);
	return 0;
}
