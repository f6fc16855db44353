/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both ends say, as the inspector of HTTP reads it; fuzz/transcript.h has the form. */
#include "../transcript.h"

#include "../target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	return check_transcript(pr_inspect_http, bytes, len);
}
