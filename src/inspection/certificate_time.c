/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/certificate_time.h"

#include "inspection/der.h"

/* Days from 1970-01-01, by the calendar of today however far back (the era of 400 years begins in March). */
static int64_t days(int year, int month, int day)
{
	int64_t shifted = month <= 2 ? year - 1 : year, era = shifted / 400,
		of_era = shifted - era * 400,
		of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int month_len(int year, int month)
{
	static const uint8_t lens[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : lens[month - 1];
}

/* Two digits, or -1. */
static int two(struct pr_reader *reader)
{
	uint8_t high = pr_read_u8(reader), low = pr_read_u8(reader);

	if (high < '0' || high > '9' || low < '0' || low > '9') {
		reader->failed = true;
		return -1;
	}
	return (high - '0') * 10 + low - '0';
}

bool pr_certificate_time(struct pr_reader *reader, int64_t *ret_s)
{
	struct pr_der value = pr_der_next(reader);
	struct pr_reader text = pr_der_within(&value);
	int year, month, day, hour, minute, second;

	if (value.tag == PR_DER_GENERALIZED_TIME) {
		year = 100 * two(&text);
		year += two(&text);
	} else if (value.tag == PR_DER_UTC_TIME) {
		year = two(&text);
		year += year < 50 ? 2000 : 1900;
	} else {
		return false;
	}
	month = two(&text);
	day = two(&text);
	hour = two(&text);
	minute = two(&text);
	second = two(&text);
	if (pr_read_u8(&text) != 'Z' || pr_reader_left(&text) || text.failed || month < 1 ||
	    month > 12 || day < 1 || day > month_len(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return false;
	*ret_s = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}
