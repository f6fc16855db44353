/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Application instances, numbered. An instance is what decisions are about: the profile that a
 * process matched ("profile:firefox"), or where none did, its executable or script
 * ("path:/usr/bin/curl"). The key text is the caller's; it stays the same over restarts, the number
 * does not.
 */
#pragma once

#include "base/text.h"

/* Reached: new instances share PR_APPLICATION_OTHERS, until one is released. */
#define PR_APPLICATIONS_MAX   8192u

#define PR_APPLICATION_ALL    0u /* every instance: names of a shared stub, of /etc/hosts */
#define PR_APPLICATION_OTHERS 1u /* all for which there was no room; never saved */

struct pr_applications;

struct pr_applications *pr_applications_new(uint32_t n_max); /* 0 = PR_APPLICATIONS_MAX */
void pr_applications_free(struct pr_applications *applications);
/* A counted number for `key`, always valid; give it back with _release(). */
uint32_t pr_applications_hold(struct pr_applications *applications, const char *key);
void pr_applications_hold_again(struct pr_applications *applications, uint32_t application);
void pr_applications_release(struct pr_applications *applications, uint32_t application);
/* Borrowed while the number is held; "*" and "others" for the two above. */
const char *pr_applications_key(const struct pr_applications *applications, uint32_t application);
uint32_t pr_applications_n(const struct pr_applications *applications);
