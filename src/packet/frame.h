/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to packet/: what stands in front of the IP header in a captured frame. */
#pragma once

#include "packet/capture.h"

enum pr_frame_outcome {
	PR_FRAME_IP = 0,
	PR_FRAME_NOT_IP = 1,
	PR_FRAME_UNKNOWN_LINK = 2,
};

/* Takes the link layer off: moves the cursor to the IP header. *ret_way stays untouched where the
 * link layer doesn't say it. */
int pr_frame_open(uint16_t link_type, struct pr_reader *reader, enum pr_capture_way *ret_way);
