/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake: whom it must be with, and what is said when it fails. */
#include "tunnel/layer_tls_private.h"

#include "base/address.h"
#include "network/tunnel.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static void say_why(const struct pr_tls_layer *tls, const char *host, char *why)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	const size_t size = PR_TUNNEL_WHY_MAX + 1;
	long verified = SSL_get_verify_result(tls->ssl);

	switch (verified) {
	case X509_V_OK:
		if (tls->error)
			snprintf(why, size, "the connection broke in the handshake of TLS: %s",
				 strerror(-tls->error));
		else if (tls->below_ended)
			snprintf(why, size, "it ended the connection in the handshake of TLS");
		else
			snprintf(why, size, "the handshake of TLS failed: %s",
				 reason ? reason : "no reason is given");
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		snprintf(why, size, "the certificate is of another name (expected %.150s)", host);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(why, size, "the certificate has expired");
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(why, size, "the certificate is not valid yet");
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		snprintf(why, size, "the certificate is by none that is trusted");
		break;
	default:
		snprintf(why, size, "the certificate is not accepted: %s",
			 X509_verify_cert_error_string(verified));
	}
}

int pr_layer_tls_handshake(struct pr_layer *layer, const char *host, char *why)
{
	struct pr_tls_layer *tls = (struct pr_tls_layer *)layer;
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(tls->ssl);
	if (r == 1)
		return 0;
	if (SSL_get_error(tls->ssl, r) == SSL_ERROR_WANT_READ)
		return -EAGAIN;
	say_why(tls, host, why);
	return -EPROTO;
}

bool pr_layer_tls_is_http2(const struct pr_layer *layer)
{
	const uint8_t *chosen;
	unsigned int len;

	SSL_get0_alpn_selected(((const struct pr_tls_layer *)layer)->ssl, &chosen, &len);
	return len == 2 && memcmp(chosen, "h2", 2) == 0;
}

void pr_layer_tls_expect(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
	struct pr_address address;

	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (pr_address_parse(host, &address) == 0) {
		pr_assert(X509_VERIFY_PARAM_set1_ip(parameters, address.bytes,
						    address.family == 4 ? 4 : 16) == 1);
	} else {
		pr_assert(SSL_set1_host(ssl, host) == 1);
		/* an address is no name to be sent (RFC 6066, 3) */
		(void)SSL_set_tlsext_host_name(ssl, host);
	}
}
