/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The time of one decision on a link, by the number of rules, in the mix of docs/contract.md: 60 % zones, 15 %
 * prefixes, 10 % exact names, 10 % suffixes and beginnings of names, 5 % contained texts; half with ports; the
 * last one matches. The links differ in name and address, so that not everything lies in a cache. Prints one
 * JSON object a line; the figure is the median of the rounds.
 */
#include "base/clock.h"
#include "firewall/decide.h"
#include "network/class.h"
#include "profile/config.h"
#include "profile/policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define N_SUBJECTS 8192
#define N_ROUNDS   15

static uint64_t state_of_random = 1;

static uint32_t draw(uint32_t n)
{
	uint64_t z = state_of_random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

static const char *word(char *text, unsigned int least, unsigned int most)
{
	unsigned int len = least + draw(most - least + 1);

	for (unsigned int i = 0; i < len; i++)
		text[i] = (char)('a' + (char)draw(26));
	text[len] = '\0';
	return text;
}

static void put_rule(FILE *out, uint32_t kind)
{
	static const char *const services[] = { " TCP/443", " TCP/80,443", " UDP/443",
						" */8000-8999" };
	static const char *const tops[] = { "com", "net", "org", "example", "co.uk" };
	char a[32], b[32];

	fputs("\"- ", out);
	if (kind < 60)
		fprintf(out, ".%s.%s", word(a, 5, 14), tops[draw(5)]);
	else if (kind < 75 && draw(3))
		fprintf(out, "%u.%u.%u.0/%u", 1 + draw(180), draw(256), draw(256), 16 + draw(17));
	else if (kind < 75)
		fprintf(out, "2a%02x:%x:%x::/%u", draw(256), draw(65536), draw(65536),
			24 + draw(41));
	else if (kind < 85)
		fprintf(out, "%s.%s.%s", word(a, 2, 8), word(b, 5, 14), tops[draw(5)]);
	else if (kind < 90)
		fprintf(out, "*%s.%s", word(a, 5, 14), tops[draw(5)]);
	else if (kind < 95)
		fprintf(out, "%s.*", word(a, 5, 12));
	else
		fprintf(out, "*%s*", word(a, 6, 12));
	fprintf(out, "%s\",\n", draw(2) ? services[draw(4)] : "");
}

static struct pr_policy *build(uint32_t n_rules, struct pr_policy_blob *blob)
{
	struct pr_config_file file = { .layer = PR_LAYER_ADMINISTRATOR, .name = "portreeve.conf" };
	struct pr_config_input input = { .files = &file, .n_files = 1 };
	struct pr_policy *policy = NULL;
	struct pr_config_error error;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fputs("default_action = \"block\"; outgoing = [\n", out);
	for (uint32_t i = 1; i < n_rules; i++)
		put_rule(out, i % 100);
	fputs("\"+ .last.example TCP/443\" ];\n", out);
	fclose(out);
	file.text = text;
	file.len = len;
	if (pr_settings_compile(&input, blob, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	if (pr_policy_open(blob->bytes, blob->len, &policy) < 0)
		exit(1);
	free(text);
	return policy;
}

static void draw_subject(struct pr_subject *subject, char *name)
{
	uint32_t bits = draw(UINT32_MAX) | 0xc0000000u; /* where no prefix of the rules lies */
	struct pr_address address;
	char a[16], b[16];

	bits = htonl(bits & 0xdfffffffu);
	address = pr_address_v4(&bits);
	sprintf(name, "%s.%s.last.example", word(a, 2, 8), word(b, 3, 10));
	*subject = (struct pr_subject){ .direction = PR_DIRECTION_OUT,
					.profile = PR_PROFILE_GLOBAL,
					.domains = { name },
					.n_domains = 1,
					.proto = IPPROTO_TCP,
					.port = 443 };
	pr_subject_remote_set(subject, &address, NULL);
	/* an address that a name led to, in the Internet, about which intelligence knows nothing */
	subject->remote_class = PR_CLASS_GLOBAL;
	subject->scope = PR_SCOPE_INTERNET;
	subject->known = PR_FACTS_ALL;
	subject->absent = PR_FACT_COUNTRY | PR_FACT_ASN | PR_FACT_LISTS;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of this thread: what others do on the machine meanwhile doesn't count. */
static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static double round_us(const struct pr_policy *policy, const struct pr_subject *subjects)
{
	uint64_t start = cpu_ns();
	struct pr_decision decision;

	for (int i = 0; i < N_SUBJECTS; i++) {
		pr_decide_on_link(policy, &subjects[i], &decision);
		if (decision.outcome != PR_OUTCOME_PERMIT ||
		    decision.rule != pr_policy_n_rules(policy) - 1) {
			fprintf(stderr, "the last rule doesn't match %s: %d by rule %u\n",
				subjects[i].domains[0], decision.outcome, decision.rule);
			exit(1);
		}
	}
	return (double)(cpu_ns() - start) / 1000 / N_SUBJECTS;
}

static void measure(const char *name, uint32_t n_rules, double at_most)
{
	static struct pr_subject subjects[N_SUBJECTS];
	static char names[N_SUBJECTS][64];
	uint64_t start = pr_clock_monotonic_us();
	struct pr_policy_blob blob = { 0 };
	struct pr_policy *policy = build(n_rules, &blob);
	double rounds[N_ROUNDS];

	fprintf(stderr, "%s: compiled in %.0f ms, %zu bytes\n", name,
		(double)(pr_clock_monotonic_us() - start) / 1000, blob.len);
	for (int i = 0; i < N_SUBJECTS; i++)
		draw_subject(&subjects[i], names[i]);
	round_us(policy, subjects);
	for (int i = 0; i < N_ROUNDS; i++)
		rounds[i] = round_us(policy, subjects);
	qsort(rounds, N_ROUNDS, sizeof(*rounds), compare);
	fprintf(stderr, "%s: %.3f to %.3f\n", name, rounds[0], rounds[N_ROUNDS - 1]);
	printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"us\", \"at_most\": %g}\n", name,
	       rounds[N_ROUNDS / 2], at_most);
	pr_policy_free(policy);
	pr_policy_blob_done(&blob);
}

int main(void)
{
	measure("decide_1k_us", 1000, 1);
	measure("decide_100k_us", 100000, 5);
	return 0;
}
