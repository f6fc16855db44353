/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of TLS and DTLS that the inspectors know (IANA's registries of TLS parameters). */
#pragma once

enum pr_tls_content {
	PR_TLS_CHANGE_CIPHER_SPEC = 20,
	PR_TLS_ALERT = 21,
	PR_TLS_HANDSHAKE = 22,
	PR_TLS_APPLICATION_DATA = 23,
	PR_TLS_HEARTBEAT = 24,
};

enum pr_tls_message {
	PR_TLS_HELLO_REQUEST = 0,
	PR_TLS_CLIENT_HELLO = 1,
	PR_TLS_SERVER_HELLO = 2,
	PR_TLS_HELLO_VERIFY_REQUEST = 3, /* DTLS */
	PR_TLS_CERTIFICATE = 11,
	PR_TLS_SUPPLEMENTAL_DATA = 23, /* RFC 4680: may stand in front of the certificate */
};

enum pr_tls_version {
	PR_SSL_2_0 = 0x0002,
	PR_SSL_3_0 = 0x0300,
	PR_TLS_1_0 = 0x0301,
	PR_TLS_1_1 = 0x0302,
	PR_TLS_1_2 = 0x0303,
	PR_TLS_1_3 = 0x0304,
	PR_DTLS_1_0 = 0xfeff,
	PR_DTLS_1_2 = 0xfefd,
	PR_DTLS_1_3 = 0xfefc,
};

enum pr_tls_extension {
	PR_TLS_EXTENSION_SERVER_NAME = 0,
	PR_TLS_EXTENSION_SIGNATURES = 13,
	PR_TLS_EXTENSION_ALPN = 16,
	PR_TLS_EXTENSION_EARLY_DATA = 42,
	PR_TLS_EXTENSION_VERSIONS = 43,
	PR_TLS_EXTENSION_ECH = 0xfe0d,	/* RFC 9849 */
	PR_TLS_EXTENSION_ESNI = 0xffce, /* its first drafts */
};

#define PR_TLS_RANDOM_LEN     32
#define PR_TLS_SESSION_ID_MAX 32
#define PR_TLS_RECORD_HEADER  5
#define PR_TLS_MESSAGE_HEADER 4 /* of a handshake message: type and length */
