/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chain of letters: what each costs after the one before, in real names, less what it costs where every letter is
 * as likely as any other. Names that people choose have vowels between consonants and few of the rare pairs; a
 * generator that draws letters does not know them.
 */
#include "intel/letters.h"

#include "intel/letters_table.h"

#include <stdbool.h>
#include <string.h>

#define SYMBOL_DIGIT 26u
#define SYMBOL_OTHER 27u
#define SYMBOL_START 28u
#define COST_TEN     13 /* 4 log2 10: which of the ten digits */
#define COST_LETTER  19 /* 4 log2 26 */
#define COST_MIXED   21 /* 4 log2 36 */

static unsigned int symbol_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a');
	return c >= '0' && c <= '9' ? SYMBOL_DIGIT : SYMBOL_OTHER;
}

int pr_letters_score(const char *label, size_t len)
{
	unsigned int before = SYMBOL_START;
	int cost = 0, n = 0;
	bool digits = false;

	if (len >= 4 && memcmp(label, "xn--", 4) == 0)
		return 0;
	for (size_t i = 0; i < len; i++) {
		unsigned int symbol = symbol_of(label[i]);

		if (label[i] == '\\')
			i += 3;
		cost += pr_letters_costs[before][symbol] - '0';
		if (symbol == SYMBOL_DIGIT) {
			cost += COST_TEN;
			digits = true;
		}
		before = symbol;
		n++;
	}
	return cost - n * (digits ? COST_MIXED : COST_LETTER);
}
