/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configuration of two files, parted by a zero byte: what compiles can be opened, and takes a change. The
 * first byte says which layer and kind the second file is. */
#include "profile/config.h"
#include "profile/policy.h"

#include "../target.h"

#include <string.h>

/* libconfig 1.5 loses the text that it was reading when a file is wrong; the compiler process, which reads
 * files, ends after each change. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static void change(const struct pr_config_input *input)
{
	struct pr_config_change rule = { .kind = PR_CHANGE_ADD_RULE,
					 .app = "/usr/bin/x",
					 .rule = "- example.com" };
	struct pr_config_error error;
	struct pr_config_edit edit;

	if (pr_config_apply(input, &rule, &edit, &error) == 0)
		pr_config_edit_done(&edit);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const names[] = { "portreeve.conf", "profiles/b.conf" };
	struct pr_config_file files[2] = { { .name = "profiles/a.conf" } };
	struct pr_config_input input = { .files = files, .n_files = 2, .now_s = 1000 };
	struct pr_policy_blob blob = { 0 };
	struct pr_config_error error = { "" };
	struct pr_policy *policy = NULL;
	const uint8_t *zero;

	if (len < 1 || len > 65536)
		return 0;
	zero = memchr(bytes + 1, '\0', len - 1);
	files[0].layer = PR_LAYER_ADMINISTRATOR;
	files[0].text = (const char *)bytes + 1;
	files[0].len = zero ? (size_t)(zero - bytes) - 1 : len - 1;
	files[1].layer = (enum pr_config_layer)(bytes[0] % PR_LAYER_COUNT_);
	files[1].name = names[bytes[0] >> 7];
	files[1].text = zero ? (const char *)zero + 1 : "";
	files[1].len = zero ? len - (size_t)(zero - bytes) - 1 : 0;
	if (!zero)
		input.n_files = 1;
	if (pr_settings_compile(&input, &blob, &error) < 0) {
		pr_assert(error.text[0]);
		return 0;
	}
	pr_assert(pr_policy_open(blob.bytes, blob.len, &policy) == 0);
	change(&input);
	pr_policy_free(policy);
	pr_policy_blob_done(&blob);
	return 0;
}
