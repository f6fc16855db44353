/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The countries of ISO 3166-1 (and XK, which geographic databases use for Kosovo) with the continent that
 * most of each lies in, as the United Nations' M49 groups them; sorted. Russia is in Europe, Turkey,
 * Cyprus and the Caucasus in Asia, as in the common databases.
 */
#include "base/geography.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Country and continent in four letters. */
/* clang-format off */
static const char countries[][5] = {
	"ADEU", "AEAS", "AFAS", "AGNA", "AINA", "ALEU", "AMAS", "AOAF", "AQAN", "ARSA", "ASOC",
	"ATEU", "AUOC", "AWNA", "AXEU", "AZAS", "BAEU", "BBNA", "BDAS", "BEEU", "BFAF", "BGEU",
	"BHAS", "BIAF", "BJAF", "BLNA", "BMNA", "BNAS", "BOSA", "BQNA", "BRSA", "BSNA", "BTAS",
	"BVAN", "BWAF", "BYEU", "BZNA", "CANA", "CCAS", "CDAF", "CFAF", "CGAF", "CHEU", "CIAF",
	"CKOC", "CLSA", "CMAF", "CNAS", "COSA", "CRNA", "CUNA", "CVAF", "CWNA", "CXAS", "CYAS",
	"CZEU", "DEEU", "DJAF", "DKEU", "DMNA", "DONA", "DZAF", "ECSA", "EEEU", "EGAF", "EHAF",
	"ERAF", "ESEU", "ETAF", "FIEU", "FJOC", "FKSA", "FMOC", "FOEU", "FREU", "GAAF", "GBEU",
	"GDNA", "GEAS", "GFSA", "GGEU", "GHAF", "GIEU", "GLNA", "GMAF", "GNAF", "GPNA", "GQAF",
	"GREU", "GSAN", "GTNA", "GUOC", "GWAF", "GYSA", "HKAS", "HMAN", "HNNA", "HREU", "HTNA",
	"HUEU", "IDAS", "IEEU", "ILAS", "IMEU", "INAS", "IOAS", "IQAS", "IRAS", "ISEU", "ITEU",
	"JEEU", "JMNA", "JOAS", "JPAS", "KEAF", "KGAS", "KHAS", "KIOC", "KMAF", "KNNA", "KPAS",
	"KRAS", "KWAS", "KYNA", "KZAS", "LAAS", "LBAS", "LCNA", "LIEU", "LKAS", "LRAF", "LSAF",
	"LTEU", "LUEU", "LVEU", "LYAF", "MAAF", "MCEU", "MDEU", "MEEU", "MFNA", "MGAF", "MHOC",
	"MKEU", "MLAF", "MMAS", "MNAS", "MOAS", "MPOC", "MQNA", "MRAF", "MSNA", "MTEU", "MUAF",
	"MVAS", "MWAF", "MXNA", "MYAS", "MZAF", "NAAF", "NCOC", "NEAF", "NFOC", "NGAF", "NINA",
	"NLEU", "NOEU", "NPAS", "NROC", "NUOC", "NZOC", "OMAS", "PANA", "PESA", "PFOC", "PGOC",
	"PHAS", "PKAS", "PLEU", "PMNA", "PNOC", "PRNA", "PSAS", "PTEU", "PWOC", "PYSA", "QAAS",
	"REAF", "ROEU", "RSEU", "RUEU", "RWAF", "SAAS", "SBOC", "SCAF", "SDAF", "SEEU", "SGAS",
	"SHAF", "SIEU", "SJEU", "SKEU", "SLAF", "SMEU", "SNAF", "SOAF", "SRSA", "SSAF", "STAF",
	"SVNA", "SXNA", "SYAS", "SZAF", "TCNA", "TDAF", "TFAN", "TGAF", "THAS", "TJAS", "TKOC",
	"TLAS", "TMAS", "TNAF", "TOOC", "TRAS", "TTNA", "TVOC", "TWAS", "TZAF", "UAEU", "UGAF",
	"UMOC", "USNA", "UYSA", "UZAS", "VAEU", "VCNA", "VESA", "VGNA", "VINA", "VNAS", "VUOC",
	"WFOC", "WSOC", "XKEU", "YEAS", "YTAF", "ZAAF", "ZMAF", "ZWAF",
};
/* clang-format on */

static const char continents[][3] = { "AF", "AN", "AS", "EU", "NA", "OC", "SA" };

static int compare(const void *key, const void *element)
{
	return memcmp(key, element, 2);
}

const char *pr_country_continent(const char *country)
{
	const char *row;

	if (strlen(country) != 2)
		return NULL;
	row = bsearch(country, countries, PR_ARRAY_SIZE(countries), sizeof(*countries), compare);
	return row ? row + 2 : NULL;
}

static char capital(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool pr_country_code(const char letters[2], char ret_country[3])
{
	char country[3] = { capital(letters[0]), capital(letters[1]), '\0' };

	if (strcmp(country, "UK") == 0)
		memcpy(country, "GB", 2);
	if (!pr_country_continent(country))
		return false;
	memcpy(ret_country, country, sizeof(country));
	return true;
}

bool pr_continent_exists(const char *continent)
{
	for (size_t i = 0; i < PR_ARRAY_SIZE(continents); i++)
		if (strcmp(continents[i], continent) == 0)
			return true;
	return false;
}
