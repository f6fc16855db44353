/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docs/settings.md, from the table of settings. */
#include "network/pool.h"
#include "profile/config.h"
#include "profile/setting.h"

static void print_words(FILE *out, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		fprintf(out, "%s`\"%s\"`", i ? ", " : "", words[i]);
}

/* The keys of a group, a line each. */
static void print_keys(FILE *out, const struct pr_setting *setting)
{
	for (unsigned int i = 0; i < setting->n_keys; i++) {
		const struct pr_setting_key *key = &setting->keys[i];

		if (!key->name)
			continue;
		fprintf(out, "  - `%s`: %s", key->name, key->help);
		if (key->type == PR_TYPE_WORD) {
			fputs("; one of ", out);
			print_words(out, key->words);
		} else if (key->type == PR_TYPE_NUMBER) {
			fprintf(out, "; %lld to %lld %s, %lld by default", (long long)key->least,
				(long long)key->most, key->unit, (long long)key->default_value);
		}
		fputc('\n', out);
	}
}

static void print_values(FILE *out, const struct pr_setting *setting)
{
	static const char *const kinds[] = {
		[PR_TYPE_TEXT] = "a text",
		[PR_TYPE_TUNNEL] = "a name of `tunnel_upstream`, or `\"\"`",
		[PR_TYPE_UPSTREAMS] =
			"a list of addresses, `[ \"192.0.2.53\", \"2001:db8::53@5353\" ]`",
		[PR_TYPE_IDS] = "a list of ids, `[ \"ads\", \"malware\" ]`",
		[PR_TYPE_ZONES] = "a list of domains, `[ \"corp.example\" ]`",
		[PR_TYPE_RULES] = "a list of rules, `[ \"+ .example.com TCP/443\" ]`",
		[PR_TYPE_SOURCES] = "a list of groups, `( { id = \"ads\"; url = \"…\"; } )`",
		[PR_TYPE_PROVIDERS] = "a list of groups, `( { id = \"dbl\"; type = \"dns\"; zone = "
				      "\"dbl.example\"; } )`",
		[PR_TYPE_TUNNELS] = "a list of groups, `( { name = \"tor\"; url = "
				    "\"socks5://127.0.0.1:9050\"; } )`",
		[PR_TYPE_POOL] = "a list of prefixes, `[ \"" PR_POOL_DEFAULT4
				 "\", \"" PR_POOL_DEFAULT6 "\" ]`",
		[PR_TYPE_MATCH] = "a list of groups, `( { path = \"/usr/bin/curl\"; } )`",
		[PR_TYPE_RUNTIME] = "a list of groups",
	};

	switch (setting->type) {
	case PR_TYPE_WORD:
		fputs("one of ", out);
		print_words(out, setting->words);
		break;
	case PR_TYPE_WORDS:
		fputs("a list of some of ", out);
		print_words(out, setting->words);
		break;
	case PR_TYPE_BOOL:
		fputs("`true`, `false`", out);
		break;
	case PR_TYPE_NUMBER:
		fprintf(out, "%lld to %lld %s", (long long)setting->least, (long long)setting->most,
			setting->unit);
		break;
	default:
		fputs(kinds[setting->type], out);
	}
}

static void print_default_words(FILE *out, const struct pr_setting *setting)
{
	const char *separator = "";
	int n = 0;

	while (setting->words[n])
		n++;
	if (setting->default_value == (INT64_C(1) << n) - 1) {
		fputs("all", out);
		return;
	}
	if (!setting->default_value)
		fputs("none", out);
	for (int i = 0; i < n; i++) {
		if (!(setting->default_value >> i & 1))
			continue;
		fprintf(out, "%s`\"%s\"`", separator, setting->words[i]);
		separator = ", ";
	}
}

static void print_default(FILE *out, const struct pr_setting *setting, enum pr_setting_id id)
{
	switch (setting->type) {
	case PR_TYPE_WORD:
		fprintf(out, "`\"%s\"`", setting->words[setting->default_value]);
		break;
	case PR_TYPE_WORDS:
		print_default_words(out, setting);
		break;
	case PR_TYPE_BOOL:
		fputs(setting->default_value ? "`true`" : "`false`", out);
		break;
	case PR_TYPE_NUMBER:
		fprintf(out, id == PR_SETTING_MARK_MASK ? "`0x%llx`" : "%lld",
			(long long)setting->default_value);
		break;
	case PR_TYPE_POOL:
		fprintf(out, "`[ \"%s\", \"%s\" ]`", PR_POOL_DEFAULT4, PR_POOL_DEFAULT6);
		break;
	default:
		fputs("none", out);
	}
}

static const char *place_of(const struct pr_setting *setting)
{
	if (setting->where & PR_ONLY_STATE)
		return "the state directory only";
	if (setting->type == PR_TYPE_RULES)
		return setting->where & PR_NOT_STATE ? "portreeve.conf and profiles of the "
						       "configuration directory; both count"
						     : "portreeve.conf and profiles; both count";
	if ((setting->where & PR_IN_BOTH) == PR_IN_BOTH)
		return "portreeve.conf and profiles; the profile's wins";
	return setting->where & PR_IN_GLOBAL ? "portreeve.conf" : "profiles";
}

void pr_settings_reference(FILE *out)
{
	fputs("<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n"
	      "<!-- Made from src/profile/setting.c by build/tests/tools/settings-reference. Do "
	      "not edit. -->\n"
	      "# Settings\n\n"
	      "`portreeve.conf` holds the global settings, `profiles/*.conf` one profile each, in "
	      "the "
	      "syntax of\nlibconfig. Rules are described in profile.md. Of the rules, those of all "
	      "places count: a profile's stand\nbefore the global ones.\n",
	      out);
	for (int i = 0; i < PR_SETTING_COUNT_; i++) {
		enum pr_setting_id id = (enum pr_setting_id)i;
		const struct pr_setting *setting = pr_setting(id);

		fprintf(out, "\n## %s\n%s\n\n- Values: ", setting->name, setting->help);
		print_values(out, setting);
		fputs("\n- Default: ", out);
		print_default(out, setting, id);
		fprintf(out, "\n- Stands in: %s\n", place_of(setting));
		if (setting->n_keys)
			fputs("- Keys of a group:\n", out);
		print_keys(out, setting);
	}
}
