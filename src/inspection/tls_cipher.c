/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers are IANA's registry of TLS cipher suites; those of export ciphers with 56 bits were drafts. */
#include "inspection/tls_cipher.h"

#include "base/error.h"

struct range {
	uint16_t first, last;
	enum pr_tls_cipher_kind kind;
};

/* In the order of their numbers. */
static const struct range ranges[] = {
	{ 0x0000, 0x0002, PR_TLS_CIPHER_NULL },	     { 0x0003, 0x0003, PR_TLS_CIPHER_EXPORT },
	{ 0x0006, 0x0006, PR_TLS_CIPHER_EXPORT },    { 0x0008, 0x0008, PR_TLS_CIPHER_EXPORT },
	{ 0x000b, 0x000b, PR_TLS_CIPHER_EXPORT },    { 0x000e, 0x000e, PR_TLS_CIPHER_EXPORT },
	{ 0x0011, 0x0011, PR_TLS_CIPHER_EXPORT },    { 0x0014, 0x0014, PR_TLS_CIPHER_EXPORT },
	{ 0x0017, 0x0017, PR_TLS_CIPHER_EXPORT },    { 0x0018, 0x0018, PR_TLS_CIPHER_ANONYMOUS },
	{ 0x0019, 0x0019, PR_TLS_CIPHER_EXPORT },    { 0x001a, 0x001b, PR_TLS_CIPHER_ANONYMOUS },
	{ 0x001c, 0x001c, PR_TLS_CIPHER_NULL },	     { 0x0026, 0x002b, PR_TLS_CIPHER_EXPORT },
	{ 0x002c, 0x002e, PR_TLS_CIPHER_NULL },	     { 0x0034, 0x0034, PR_TLS_CIPHER_ANONYMOUS },
	{ 0x003a, 0x003a, PR_TLS_CIPHER_ANONYMOUS }, { 0x003b, 0x003b, PR_TLS_CIPHER_NULL },
	{ 0x0046, 0x0046, PR_TLS_CIPHER_ANONYMOUS }, { 0x0060, 0x0065, PR_TLS_CIPHER_EXPORT },
	{ 0x006c, 0x006d, PR_TLS_CIPHER_ANONYMOUS }, { 0x0082, 0x0083, PR_TLS_CIPHER_NULL },
	{ 0x0089, 0x0089, PR_TLS_CIPHER_ANONYMOUS }, { 0x009b, 0x009b, PR_TLS_CIPHER_ANONYMOUS },
	{ 0x00a6, 0x00a7, PR_TLS_CIPHER_ANONYMOUS }, { 0x00b0, 0x00b1, PR_TLS_CIPHER_NULL },
	{ 0x00b4, 0x00b5, PR_TLS_CIPHER_NULL },	     { 0x00b8, 0x00b9, PR_TLS_CIPHER_NULL },
	{ 0x00bf, 0x00bf, PR_TLS_CIPHER_ANONYMOUS }, { 0x00c5, 0x00c5, PR_TLS_CIPHER_ANONYMOUS },
	{ 0xc001, 0xc001, PR_TLS_CIPHER_NULL },	     { 0xc006, 0xc006, PR_TLS_CIPHER_NULL },
	{ 0xc00b, 0xc00b, PR_TLS_CIPHER_NULL },	     { 0xc010, 0xc010, PR_TLS_CIPHER_NULL },
	{ 0xc015, 0xc015, PR_TLS_CIPHER_NULL },	     { 0xc016, 0xc019, PR_TLS_CIPHER_ANONYMOUS },
	{ 0xc039, 0xc03b, PR_TLS_CIPHER_NULL },	     { 0xc046, 0xc047, PR_TLS_CIPHER_ANONYMOUS },
	{ 0xc05a, 0xc05b, PR_TLS_CIPHER_ANONYMOUS }, { 0xc084, 0xc085, PR_TLS_CIPHER_ANONYMOUS },
	{ 0xc0b4, 0xc0b5, PR_TLS_CIPHER_NULL },
};

enum pr_tls_cipher_kind pr_tls_cipher_kind(uint16_t cipher)
{
	for (unsigned int i = 0; i < PR_ARRAY_SIZE(ranges); i++) {
		if (cipher >= ranges[i].first && cipher <= ranges[i].last)
			return ranges[i].kind;
	}
	return PR_TLS_CIPHER_ENCRYPTS;
}
