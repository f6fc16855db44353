/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables. Three of fixed size, each a hash table in which a key has PR_HEURISTICS_WAYS places: what depends on a
 * name alone (so that the list of public suffixes is asked only for names that are new), what hangs on an
 * application, and what hangs on an application and a registrable domain. Nothing is allocated after the start, and
 * nothing is moved: a question costs two or three lines of memory. A place is given up by who was there longest ago;
 * what is flagged stays.
 */
#include "intel/heuristics_private.h"

#include "base/hash.h"
#include "intel/letters.h"

#include <libpsl.h>
#include <pthread.h>
#include <string.h>

#define JUDGED_MIN 4u /* letters of a label that can say something of how it was made */

static const psl_ctx_t *suffixes; /* never given back: the process's */
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void load(void)
{
	suffixes = psl_latest(NULL);
	if (!suffixes)
		suffixes = psl_builtin();
}

struct pr_heuristics *pr_heuristics_new(void)
{
	struct pr_heuristics *heuristics = pr_calloc(1, sizeof(*heuristics));

	(void)pthread_once(&loaded, load);
	heuristics->names = pr_calloc(PR_HEURISTICS_NAMES, sizeof(*heuristics->names));
	heuristics->pairs = pr_calloc(PR_HEURISTICS_PAIRS_MAX, sizeof(*heuristics->pairs));
	heuristics->applications =
		pr_calloc(PR_HEURISTICS_APPLICATIONS_MAX, sizeof(*heuristics->applications));
	return heuristics;
}

void pr_heuristics_free(struct pr_heuristics *heuristics)
{
	if (!heuristics)
		return;
	free(heuristics->names);
	free(heuristics->pairs);
	free(heuristics->applications);
	free(heuristics);
}

void pr_heuristics_forget(struct pr_heuristics *heuristics)
{
	heuristics->now_s = 0;
	memset(heuristics->names, 0, PR_HEURISTICS_NAMES * sizeof(*heuristics->names));
	memset(heuristics->pairs, 0, PR_HEURISTICS_PAIRS_MAX * sizeof(*heuristics->pairs));
	memset(heuristics->applications, 0,
	       PR_HEURISTICS_APPLICATIONS_MAX * sizeof(*heuristics->applications));
}

/* Seconds of the heuristics' own clock, which stands still where the caller's runs backwards; 0 is "never". */
static uint32_t seconds(struct pr_heuristics *heuristics, uint64_t now_us)
{
	uint32_t now_s = (uint32_t)(now_us / 1000000) + 1;

	if (now_s > heuristics->now_s)
		heuristics->now_s = now_s;
	return heuristics->now_s;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t mixed = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);

	mixed ^= mixed >> 32;
	return mixed ? mixed : 1;
}

/* ---- names ---- */

/* Below a suffix that is on the list, not below one that is made up: a name of the LAN, or of nobody. */
static bool is_suffix(const char *suffix, int type)
{
	return psl_is_public_suffix2(suffixes, suffix, type | PSL_TYPE_NO_STAR_RULE);
}

static void split(const char *text, uint64_t hash, struct pr_heuristic_name *ret_name)
{
	struct pr_heuristic_name name = { .hash = hash };
	const char *domain = psl_registrable_domain(suffixes, text);

	if (domain) {
		const char *suffix = domain + strcspn(domain, ".") + 1;
		size_t len = (size_t)(suffix - domain) - 1;

		name.domain_at = (uint16_t)(domain - text);
		name.domain_hash = pr_hash(domain, strlen(domain));
		name.is_domain =
			domain == text || (domain - text == 4 && memcmp(text, "www.", 4) == 0);
		/* A suffix that is not on the list is made up: a name of the LAN, or of nobody. */
		name.judged = len >= JUDGED_MIN && is_suffix(suffix, PSL_TYPE_ANY);
		name.rented = is_suffix(suffix, PSL_TYPE_PRIVATE);
		if (name.judged)
			name.letters = (int16_t)pr_letters_score(domain, len);
		if (domain != text)
			name.data = (uint16_t)pr_tunnel_data(text, name.domain_at - 1u);
	}
	*ret_name = name;
}

static const struct pr_heuristic_name *name_of(struct pr_heuristics *heuristics, const char *text)
{
	uint64_t hash = pr_hash(text, strlen(text));
	struct pr_heuristic_name *name = &heuristics->names[hash % PR_HEURISTICS_NAMES];

	hash = hash ? hash : 1;
	if (name->hash != hash)
		split(text, hash, name);
	return name;
}

/* ---- pairs and applications ---- */

static struct pr_heuristic_pair *find_pair(const struct pr_heuristics *heuristics, uint64_t key)
{
	struct pr_heuristic_pair *set = &heuristics->pairs[key % PR_HEURISTICS_PAIRS_MAX /
							   PR_HEURISTICS_WAYS * PR_HEURISTICS_WAYS];

	for (unsigned int i = 0; i < PR_HEURISTICS_WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

static struct pr_heuristic_pair *get_pair(struct pr_heuristics *heuristics, uint64_t key,
					  uint32_t now_s)
{
	struct pr_heuristic_pair *pair = find_pair(heuristics, key), *set, *oldest = NULL;

	if (pair) {
		pair->seen_s = now_s;
		return pair;
	}
	set = &heuristics->pairs[key % PR_HEURISTICS_PAIRS_MAX / PR_HEURISTICS_WAYS *
				 PR_HEURISTICS_WAYS];
	for (unsigned int i = 0; i < PR_HEURISTICS_WAYS; i++) {
		if (oldest && pr_tunnel_is(&set[i], now_s) >= pr_tunnel_is(oldest, now_s) &&
		    (set[i].seen_s >= oldest->seen_s ||
		     pr_tunnel_is(&set[i], now_s) > pr_tunnel_is(oldest, now_s)))
			continue;
		oldest = &set[i];
	}
	memset(oldest, 0, sizeof(*oldest));
	oldest->key = key;
	oldest->seen_s = oldest->since_s = oldest->halved_s = now_s;
	return oldest;
}

static struct pr_heuristic_application *get_application(struct pr_heuristics *heuristics,
							uint64_t application, uint32_t now_s)
{
	uint64_t key = mix(application, 0);
	struct pr_heuristic_application *set =
		&heuristics->applications[key % PR_HEURISTICS_APPLICATIONS_MAX /
					  PR_HEURISTICS_WAYS * PR_HEURISTICS_WAYS];
	struct pr_heuristic_application *oldest = set;

	for (unsigned int i = 0; i < PR_HEURISTICS_WAYS; i++) {
		if (set[i].key == key) {
			set[i].seen_s = now_s;
			return &set[i];
		}
		if (set[i].seen_s < oldest->seen_s)
			oldest = &set[i];
	}
	*oldest = (struct pr_heuristic_application){
		.key = key, .seen_s = now_s, .since_s = now_s, .leaked_s = now_s
	};
	return oldest;
}

/* ---- questions ---- */

unsigned int pr_heuristics_asked(struct pr_heuristics *heuristics, uint64_t now_us,
				 uint64_t application, const char *text, uint16_t type)
{
	const struct pr_heuristic_name *name = name_of(heuristics, text);
	uint32_t now_s = seconds(heuristics, now_us);
	struct pr_heuristic_pair *pair;
	unsigned int suspicions = 0;

	if (!name->domain_hash)
		return 0;
	pair = get_pair(heuristics, mix(application, name->domain_hash), now_s);
	if (pr_generated_asked(get_application(heuristics, application, now_s), pair, name, now_s))
		suspicions |= PR_SUSPICION_GENERATED;
	if (pr_tunnel_asked(pair, name, text, type, now_s))
		suspicions |= PR_SUSPICION_TUNNEL;
	return suspicions;
}

void pr_heuristics_answered(struct pr_heuristics *heuristics, uint64_t now_us, uint64_t application,
			    const char *text, unsigned int rcode, size_t bytes)
{
	const struct pr_heuristic_name *name = name_of(heuristics, text);
	uint32_t now_s = seconds(heuristics, now_us);
	struct pr_heuristic_pair *pair;

	if (!name->domain_hash)
		return;
	pair = get_pair(heuristics, mix(application, name->domain_hash), now_s);
	pr_generated_answered(get_application(heuristics, application, now_s), pair, name, rcode,
			      now_s);
	pr_tunnel_answered(pair, name, rcode, bytes);
}

unsigned int pr_heuristics_look(struct pr_heuristics *heuristics, uint64_t now_us,
				uint64_t application, const char *text)
{
	const struct pr_heuristic_name *name = name_of(heuristics, text);
	uint32_t now_s = seconds(heuristics, now_us);
	const struct pr_heuristic_pair *pair;
	unsigned int suspicions = 0;

	if (!name->domain_hash)
		return 0;
	pair = find_pair(heuristics, mix(application, name->domain_hash));
	if (pr_generated_is(get_application(heuristics, application, now_s), pair, name, now_s))
		suspicions |= PR_SUSPICION_GENERATED;
	if (pair && pr_tunnel_is(pair, now_s))
		suspicions |= PR_SUSPICION_TUNNEL;
	return suspicions;
}

const char *pr_heuristics_explain(struct pr_heuristics *heuristics, uint64_t now_us,
				  uint64_t application, const char *text_of,
				  enum pr_suspicion suspicion, char text[PR_HEURISTICS_TEXT_SIZE])
{
	const struct pr_heuristic_name *name = name_of(heuristics, text_of);
	uint32_t now_s = seconds(heuristics, now_us);
	const struct pr_heuristic_pair *pair;

	text[0] = '\0';
	if (suspicion == PR_SUSPICION_GENERATED) {
		pr_generated_explain(get_application(heuristics, application, now_s), now_s, text);
		return text;
	}
	pair = find_pair(heuristics, mix(application, name->domain_hash));
	if (pair)
		pr_tunnel_explain(pair, text_of + name->domain_at, now_s, text);
	return text;
}
