/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of settings is in two files: setting.c, and of groups their keys in setting_keys.c. */
#pragma once

#include "profile/setting.h"

extern const struct pr_setting_key pr_list_keys[PR_SOURCE_KEY_COUNT_];
extern const struct pr_setting_key pr_geo_keys[PR_SOURCE_KEY_COUNT_];
extern const struct pr_setting_key pr_provider_keys[PR_PROVIDER_KEY_COUNT_];
extern const struct pr_setting_key pr_tunnel_keys[PR_TUNNEL_KEY_COUNT_];
