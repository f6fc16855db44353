/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Countries and their continents, compiled in. */
#pragma once

#include <stdbool.h>

/* The two-letter continent of a two-letter country in capitals; NULL where there is no such country. */
const char *pr_country_continent(const char *country);
bool pr_continent_exists(const char *continent);
