/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Countries and their continents, compiled in. */
#pragma once

#include <stdbool.h>

/* The two-letter continent of a two-letter country in capitals; NULL where there is no such country. */
const char *pr_country_continent(const char *country);
/* The code of two letters in any case, in capitals; "UK", which ISO 3166 keeps for the United Kingdom, is "GB". False
 * where no country has it. */
bool pr_country_code(const char letters[2], char ret_country[3]);
bool pr_continent_exists(const char *continent);
