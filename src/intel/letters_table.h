/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which letter follows which in the names of real sites, of 12948 registrable domains: written by
 * bench/heuristics/train.py, which says where they come from. A row is what came before (the last one: the beginning of
 * the label), a column what comes after, in the order of PR_LETTERS_SYMBOLS. A character is the cost in quarters of a
 * bit, -4 log2 p, counted from '0'.
 */
#pragma once

#define PR_LETTERS_SYMBOLS "abcdefghijklmnopqrstuvwxyz0-" /* "0": any digit; "-": all the rest */

static const char pr_letters_costs[29][29] = {
	"MEB@NJDLBPG=?;OCX=@>HEKNCGON",	 /* a */
	"<GEI:RPM=PT=LL<NV?CI?RONHRLK",	 /* b */
	"<LIK>NN:AW>ANK;MWADADWSSIVMM",	 /* c */
	"<FHH9HGK:PSHHH=I\\A@GDILQHLJJ", /* d */
	"@DABBIGLHSIAD>FEW;<@KGCDJNMH",	 /* e */
	"=QJO>CNQ:\\U?HP:LX<HB?XOLKXJO", /* f */
	"9HKK;KGB>PPCIF<HR@CGAOPUJSJL",	 /* g */
	";KMB8MOM=QPHHH;ILEHE@VJQH^LL",	 /* h */
	"@I?AAGDOPPFAB:BBUC@?NDQHNDQN",	 /* i */
	"5LLL>U_M?MHPJJ:COGHM>ULULeLK",	 /* j */
	"=IHJ9JLH;ULDFH@G[C>D@MKPFNGH",	 /* k */
	"<JIB;JMP:WJ?GL=HaNBDCOQRBTDK",	 /* l */
	"8EJM9NHO=UQLGN<B`LBIDPMRCQLO",	 /* m */
	"@HD>:G=I?ODCIF?HVN@>HKOMHNLJ",	 /* n */
	"FFDBLGDNGMFBA<ACY:BAACCHKOOM",	 /* o */
	";OHK=OME?SJ>LK8DW>DCCQSVMTIO",	 /* p */
	"@DCGEJXIBDJCGLGGEGEE6FMHMJBH",	 /* q */
	"<JEE9KIO=VFDG?>JYHB?CKNVEPNL",	 /* r */
	"AIBK=IK??TGGDGA@SL@9CNIPITHI",	 /* s */
	"=JEN;KM>=XSHIK<K]>AE@EHQERMJ",	 /* t */
	"F=CBDJGPERH@A<OAS;=>RPPKKIKN",	 /* u */
	"?MJI6MJL6URLMI@FUJGHMM[ROPHM",	 /* v */
	";KKL:LLC=MNIJ@<K[H:HOWHUKRIM",	 /* w */
	"CFDEDFIAAKOIEEF>XHC>GFR8BPDD",	 /* x */
	"?CBF@DFFELLDCB<>SF=@EHFNPMEG",	 /* y */
	">IKK;NPJ7OMBKJ<JpNKGHcPeD?FL",	 /* z */
	"IIGFLHHGLJJIDKJGPIFDFNJJPM3J",	 /* 0 */
	"B@?@EABCDHJD@DDAXD>?FFDLOHDM",	 /* - */
	"@A@@DABCDFED@DF@QC>?HFCIJMGv",	 /* ^ */
};
