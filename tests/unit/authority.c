/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may change what. */
#include "daemon/authority.h"

#include "unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADMINS 900

static const struct pr_peer root = { .uid = 0, .gid = 0 };
static const struct pr_peer user = { .uid = 1000, .gid = 1000, .groups = { 27 }, .n_groups = 1 };
static const struct pr_peer member = {
	.uid = 1000, .gid = 1000, .groups = { 27, ADMINS }, .n_groups = 2
};

struct attempt {
	const char *verb, *key, *value;
	bool member_may;
};

static const struct attempt attempts[] = {
	{ "reload", NULL, NULL, true },
	{ "rule-add", "rule", "- example.com", true },
	{ "rule-add", "rule", " \t- example.com", true },
	{ "rule-add", "rule", "+ example.com", false },
	{ "rule-add", "rule", "? *", false },
	{ "rule-add", "rule", ">tor *", false },
	{ "rule-add", "rule", "", false },
	{ "rule-add", "rule", "\n- *", false },
	{ "rule-add", NULL, NULL, false },
	{ "rule-remove", "rule", "+ example.com", false },
	{ "rule-remove", "rule", "- example.com", false },
	{ "profile-edit", "text", "", false },
	{ "profile-set", "key", "default_action", false },
	{ "answer", "answer", "deny", true },
	{ "answer", "answer", "permit", false },
	{ "answer", "answer", "denying", false },
	{ "answer", NULL, NULL, false },
	{ "cut", "id", "7", true },
	{ "dns-flush", NULL, NULL, true },
	{ "intel-update", NULL, NULL, true },
	{ "intel-update", "id", "ads", true },
	{ "intel-update", "accept", "1", false },
	{ "intel-update", "accept", "0", false },
};

static void each(const struct attempt *attempt)
{
	const struct pr_change_info *info = pr_change_info(attempt->verb);
	struct pr_pairs pairs = { .n = 0 };

	assert_non_null(info);
	assert_true(pr_pairs_add(&pairs, "verb", attempt->verb));
	if (attempt->key)
		assert_true(pr_pairs_add(&pairs, attempt->key, attempt->value));
	assert_null(pr_authority_refuses(info, &pairs, &root, 0, ADMINS));
	assert_non_null(pr_authority_refuses(info, &pairs, &user, 0, ADMINS));
	/* Without the group nobody but root; (gid_t)-1 is nobody's group. */
	assert_non_null(pr_authority_refuses(info, &pairs, &member, 0, (gid_t)-1));
	assert_int_equal(pr_authority_refuses(info, &pairs, &member, 0, ADMINS) == NULL,
			 attempt->member_may);
}

static void test_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < PR_ARRAY_SIZE(attempts); i++)
		each(&attempts[i]);
	assert_null(pr_change_info("shutdown"));
	assert_null(pr_change_info(""));
}

/* A second value must not be what is done while the first is what was looked at. */
static void test_a_key_twice(void **state)
{
	struct pr_pairs pairs = { .n = 0 };

	(void)state;
	assert_true(pr_pairs_add(&pairs, "verb", "rule-add"));
	assert_true(pr_pairs_add(&pairs, "rule", "- *"));
	assert_true(pr_pairs_add(&pairs, "rule", "+ *"));
	assert_non_null(
		pr_authority_refuses(pr_change_info("rule-add"), &pairs, &member, 0, ADMINS));
}

/* To make a profile for a path takes it out of a wider pattern's: that needs root. */
static void test_a_rule_for_a_path(void **state)
{
	struct pr_pairs pairs = { .n = 0 };

	(void)state;
	assert_true(pr_pairs_add(&pairs, "verb", "rule-add"));
	assert_true(pr_pairs_add(&pairs, "rule", "- *"));
	assert_true(pr_pairs_add(&pairs, "app", "/usr/bin/curl"));
	assert_non_null(
		pr_authority_refuses(pr_change_info("rule-add"), &pairs, &member, 0, ADMINS));
}

static void test_the_kernel_says_who_it_is(void **state)
{
	struct pr_peer peer;
	int fds[2], pipe_fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pr_peer_read(fds[0], &peer), 0);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(pr_peer_read(pipe_fds[0], &peer) < 0);
	close(fds[0]);
	close(fds[1]);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	/* Neither a listening nor an unconnected socket is somebody's connection. */
	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(pr_peer_read(fds[0], &peer) < 0);
	close(fds[0]);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(pr_peer_read(fds[0], &peer) < 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_a_key_twice),
		cmocka_unit_test(test_a_rule_for_a_path),
		cmocka_unit_test(test_the_kernel_says_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
