/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS over HTTPS at a server that is on no list, by what its user does: an application that holds a link over HTTP/2 or
 * 3 and opens links with names that it was never given has them from somewhere else. One such name is nothing, an
 * address may be built in; several, and more of them than of given ones, are a habit. Which of the links it asks over can't
 * be seen: the last one with a name that it was given is told as the likely one.
 *
 * A direct-mapped table by application: who falls upon another's place begins anew.
 */
#include "engine/machine.h"
#include "engine/suspicions.h"

#include "base/hash.h"

#include <string.h>

#define NAMES_MAX 16u /* of an application that are remembered; the oldest gives way */

struct named {
	uint64_t name, us; /* its hash; when it was seen last, 0 = free */
	bool foreign;
};

struct pr_doh_user {
	uint64_t key;
	struct named names[NAMES_MAX];
	char server[PR_NAME_TEXT_SIZE]; /* with a link over HTTP/2 or 3; "" = none yet */
	char why[PR_ENGINE_WHY_SIZE];
};

void pr_doh_init(struct pr_engine *engine)
{
	engine->doh = pr_calloc(PR_ENGINE_DOH_MAX, sizeof(*engine->doh));
}

void pr_doh_done(struct pr_engine *engine)
{
	free(engine->doh);
}

static struct pr_doh_user *user_of(struct pr_engine *engine, uint32_t application, bool make)
{
	const char *text = pr_applications_key(engine->applications, application);
	uint64_t key = pr_hash(text, strlen(text));
	struct pr_doh_user *user = &engine->doh[key % PR_ENGINE_DOH_MAX];

	if (user->key == key)
		return user;
	if (!make)
		return NULL;
	*user = (struct pr_doh_user){ .key = key };
	return user;
}

static void note_name(struct pr_engine *engine, struct pr_doh_user *user, const char *name,
		      bool foreign)
{
	uint64_t hash = pr_hash(name, strlen(name));
	struct named *oldest = &user->names[0];

	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		struct named *named = &user->names[i];

		if (named->us && named->name == hash) {
			oldest = named;
			break;
		}
		if (named->us < oldest->us)
			oldest = named;
	}
	*oldest = (struct named){ hash, engine->now_us, foreign };
}

/* A name that was given is the better guess: who has a resolver of its own has asked for its name. */
static void note_server(struct pr_doh_user *user, const char *name, bool given)
{
	if (!given && user->server[0])
		return;
	snprintf(user->server, sizeof(user->server), "%s", name);
}

static unsigned int count(const struct pr_engine *engine, const struct pr_doh_user *user,
			  bool foreign)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NAMES_MAX; i++)
		n += user->names[i].us && user->names[i].foreign == foreign &&
		     engine->now_us - user->names[i].us < PR_ENGINE_DOH_US;
	return n;
}

static bool is_of_web(const struct pr_subject *subject)
{
	enum pr_speaks speaks = pr_subject_speaks(subject);

	return speaks == PR_SPEAKS_TLS || speaks == PR_SPEAKS_QUIC;
}

void pr_doh_note(struct pr_engine *engine, uint32_t application, const struct pr_subject *subject)
{
	bool given = !subject->claimed;
	const char *name = given ? subject->domains[0] : subject->claimed;
	struct pr_doh_user *user;

	if (subject->direction == PR_DIRECTION_IN || subject->own || !application ||
	    !(subject->known & ~subject->absent & PR_FACT_NAME) || !is_of_web(subject) ||
	    (given && !subject->n_domains))
		return;
	user = user_of(engine, application, true);
	note_name(engine, user, name, !given);
	if (pr_seen_offers(subject->seen, "h2") || pr_seen_offers(subject->seen, "h3"))
		note_server(user, name, given);
}

void pr_doh_set(struct pr_engine *engine, uint32_t application, struct pr_subject *subject)
{
	struct pr_doh_user *user;
	unsigned int n;

	if (!subject->claimed || !application || !is_of_web(subject))
		return;
	user = user_of(engine, application, false);
	if (!user || !user->server[0])
		return;
	n = count(engine, user, true);
	if (n < PR_ENGINE_DOH_NAMES || n <= count(engine, user, false))
		return;
	snprintf(user->why, sizeof(user->why),
		 "its last links name %u servers that it was never given, and it has one to %.80s "
		 "over HTTP/2 or 3",
		 n, user->server);
	subject->suspicions |= PR_SUSPICION_DOH;
	subject->doh_why = user->why;
}
