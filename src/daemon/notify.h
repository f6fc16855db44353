/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sd_notify(3)'s protocol: one datagram to the socket that $NOTIFY_SOCKET names. */
#pragma once

/* Does nothing without $NOTIFY_SOCKET. A service manager that is gone is no error. */
void pr_notify(const char *state);
