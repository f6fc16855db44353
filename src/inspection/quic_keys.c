/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inspection/quic_keys.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>

#define TAG_LEN	   16u
#define SAMPLE_LEN 16u
#define SECRET_LEN 32u

struct version_facts {
	uint8_t salt[20];
	const char *key, *iv, *hp; /* labels */
	uint8_t retry_key[16], retry_nonce[12];
};

/* RFC 9001, 5.1, 5.2 and 5.8 */
static const struct version_facts v1 = {
	.salt = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
		  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	.key = "quic key",
	.iv = "quic iv",
	.hp = "quic hp",
	.retry_key = { 0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3,
		       0x68, 0xc8, 0x4e },
	.retry_nonce = { 0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb },
};

/* RFC 9369, 3.3 */
static const struct version_facts v2 = {
	.salt = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
		  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	.key = "quicv2 key",
	.iv = "quicv2 iv",
	.hp = "quicv2 hp",
	.retry_key = { 0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad,
		       0x7c, 0xcc, 0x92 },
	.retry_nonce = { 0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a },
};

static const struct version_facts *facts_of(uint32_t version)
{
	return version == PR_QUIC_V2 ? &v2 : &v1;
}

/* HKDF-Expand-Label with an empty context (RFC 8446, 7.1), of at most one block. `hmac` is keyed with the secret, and
 * is so again afterwards. */
static void expand_label(struct hmac_sha256_ctx *hmac, const char *label, size_t len, uint8_t *out)
{
	uint8_t info[48];
	struct pr_writer writer = pr_writer(info, sizeof(info));

	pr_write_u16(&writer, (uint16_t)len);
	pr_write_u8(&writer, (uint8_t)(6 + strlen(label)));
	pr_write_bytes(&writer, "tls13 ", 6);
	pr_write_bytes(&writer, label, strlen(label));
	pr_write_u8(&writer, 0);
	pr_write_u8(&writer, 1); /* HKDF's counter of blocks */
	hmac_sha256_update(hmac, writer.position, info);
	hmac_sha256_digest(hmac, len, out);
}

void pr_quic_initial_keys(uint32_t version, const struct pr_quic_cid *cid, bool server,
			  struct pr_quic_keys *ret_keys)
{
	const struct version_facts *facts = facts_of(version);
	struct hmac_sha256_ctx hmac;
	uint8_t secret[SECRET_LEN];

	hmac_sha256_set_key(&hmac, sizeof(facts->salt), facts->salt);
	hmac_sha256_update(&hmac, cid->len, cid->bytes);
	hmac_sha256_digest(&hmac, sizeof(secret), secret);
	hmac_sha256_set_key(&hmac, sizeof(secret), secret);
	expand_label(&hmac, server ? "server in" : "client in", sizeof(secret), secret);
	hmac_sha256_set_key(&hmac, sizeof(secret), secret);
	expand_label(&hmac, facts->key, sizeof(ret_keys->key), ret_keys->key);
	expand_label(&hmac, facts->iv, sizeof(ret_keys->iv), ret_keys->iv);
	expand_label(&hmac, facts->hp, sizeof(ret_keys->hp), ret_keys->hp);
}

void pr_quic_protection_init(struct pr_quic_protection *protection, const struct pr_quic_keys *keys)
{
	memcpy(protection->iv, keys->iv, sizeof(protection->iv));
	aes128_set_encrypt_key(&protection->header, keys->hp);
	gcm_aes128_set_key(&protection->payload, keys->key);
}

/* RFC 9001, 5.4: copies the header without its protection; its length, 0 where the packet is too short. */
static size_t unmask_header(const struct pr_quic_protection *protection,
			    const struct pr_quic_packet *packet, uint8_t *header)
{
	uint8_t mask[SAMPLE_LEN];
	unsigned int number_len;

	/* the sample begins where the payload would if the packet number had four bytes */
	if (packet->len < packet->number_at + 4 + SAMPLE_LEN)
		return 0;
	aes128_encrypt(&protection->header, sizeof(mask), mask,
		       packet->bytes + packet->number_at + 4);
	memcpy(header, packet->bytes, packet->number_at + 4);
	header[0] ^= mask[0] & 0x0f;
	number_len = (header[0] & 3u) + 1;
	for (unsigned int i = 0; i < number_len; i++)
		header[packet->number_at + i] ^= mask[1 + i];
	return packet->number_at + number_len;
}

bool pr_quic_open(struct pr_quic_protection *protection, const struct pr_quic_packet *packet,
		  int64_t largest, uint8_t *plain, size_t *ret_len, uint64_t *ret_number)
{
	/* header and payload lie in `plain` one after the other, as they do in the packet */
	size_t header_len = unmask_header(protection, packet, plain), len;
	uint8_t nonce[12], tag[TAG_LEN];
	uint32_t truncated = 0;
	uint64_t number;

	if (header_len == 0 || packet->len < header_len + TAG_LEN ||
	    plain[0] & 0x0c /* reserved (RFC 9000, 17.2) */)
		return false;
	for (size_t i = packet->number_at; i < header_len; i++)
		truncated = truncated << 8 | plain[i];
	number = pr_quic_packet_number(largest, truncated,
				       (unsigned int)(header_len - packet->number_at));
	memcpy(nonce, protection->iv, sizeof(nonce));
	for (unsigned int i = 0; i < 8; i++)
		nonce[4 + i] ^= (uint8_t)(number >> (56 - 8 * i));
	len = packet->len - header_len - TAG_LEN;
	gcm_aes128_set_iv(&protection->payload, sizeof(nonce), nonce);
	gcm_aes128_update(&protection->payload, header_len, plain);
	gcm_aes128_decrypt(&protection->payload, len, plain, packet->bytes + header_len);
	gcm_aes128_digest(&protection->payload, sizeof(tag), tag);
	if (!memeql_sec(tag, packet->bytes + packet->len - TAG_LEN, TAG_LEN))
		return false;
	*ret_len = len;
	*ret_number = number;
	return true;
}

bool pr_quic_retry_is_sound(const struct pr_quic_packet *retry, const struct pr_quic_cid *dcid)
{
	const struct version_facts *facts = facts_of(retry->version);
	uint8_t head[1 + PR_QUIC_CID_MAX + 16] = { 0 }, tag[TAG_LEN];
	size_t head_len = 1u + dcid->len, from_retry, len;
	struct gcm_aes128_ctx aead;

	if (retry->kind != PR_QUIC_RETRY || retry->len < TAG_LEN)
		return false;
	len = retry->len - TAG_LEN;
	/* what is authenticated is the id that the Retry answers, and the Retry; in two pieces, for nettle of whole
	 * blocks but for the last */
	from_retry = (16 - head_len % 16) % 16;
	if (from_retry > len)
		from_retry = len;
	head[0] = dcid->len;
	memcpy(head + 1, dcid->bytes, dcid->len);
	memcpy(head + head_len, retry->bytes, from_retry);
	gcm_aes128_set_key(&aead, facts->retry_key);
	gcm_aes128_set_iv(&aead, sizeof(facts->retry_nonce), facts->retry_nonce);
	gcm_aes128_update(&aead, head_len + from_retry, head);
	if (len > from_retry)
		gcm_aes128_update(&aead, len - from_retry, retry->bytes + from_retry);
	gcm_aes128_digest(&aead, sizeof(tag), tag);
	return memeql_sec(tag, retry->bytes + len, TAG_LEN);
}
