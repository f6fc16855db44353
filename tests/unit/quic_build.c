/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quic_build.h"

#include "base/error.h"

static const struct {
	uint8_t key[16], nonce[12];
} retry_keys[2] = {
	{ { 0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68,
	    0xc8, 0x4e },
	  { 0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb } },
	{ { 0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c,
	    0xcc, 0x92 },
	  { 0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a } },
};

struct pr_quic_cid quic_build_cid(const char *hex)
{
	struct pr_quic_cid cid = { .len = (uint8_t)(strlen(hex) / 2) };
	unsigned int value;

	for (unsigned int i = 0; i < cid.len; i++) {
		pr_assert(sscanf(hex + 2 * i, "%2x", &value) == 1);
		cid.bytes[i] = (uint8_t)value;
	}
	return cid;
}

void quic_build_varint(struct pr_writer *writer, uint64_t value)
{
	if (value < 0x40)
		pr_write_u8(writer, (uint8_t)value);
	else if (value < 0x4000)
		pr_write_u16(writer, (uint16_t)(value | 0x4000));
	else if (value < 0x40000000)
		pr_write_u32(writer, (uint32_t)value | 0x80000000);
	else
		pr_write_u64(writer, value | UINT64_C(0xc000000000000000));
}

void quic_build_crypto(struct pr_writer *frames, uint64_t offset, const uint8_t *bytes, size_t len)
{
	quic_build_varint(frames, 6);
	quic_build_varint(frames, offset);
	quic_build_varint(frames, len);
	pr_write_bytes(frames, bytes, len);
}

void quic_build_pad(struct pr_writer *frames, size_t len)
{
	while (frames->position < len && !frames->failed)
		pr_write_u8(frames, 0);
}

static void write_header(struct pr_writer *datagram, const struct quic_build *build,
			 enum pr_quic_kind kind, uint8_t low_bits)
{
	/* RFC 9369, 3.2: one further */
	unsigned int type = ((unsigned int)kind + (build->version == PR_QUIC_V2)) & 3;

	pr_write_u8(datagram, (uint8_t)(0xc0 | type << 4 | low_bits));
	pr_write_u32(datagram, build->version);
	pr_write_u8(datagram, build->dcid.len);
	pr_write_bytes(datagram, build->dcid.bytes, build->dcid.len);
	pr_write_u8(datagram, build->scid.len);
	pr_write_bytes(datagram, build->scid.bytes, build->scid.len);
}

static void mask_header(uint8_t *packet, size_t number_at, unsigned int number_len,
			const struct pr_quic_keys *keys)
{
	struct aes128_ctx aes;
	uint8_t mask[16];

	aes128_set_encrypt_key(&aes, keys->hp);
	aes128_encrypt(&aes, sizeof(mask), mask, packet + number_at + 4);
	packet[0] ^= mask[0] & 0x0f;
	for (unsigned int i = 0; i < number_len; i++)
		packet[number_at + i] ^= mask[1 + i];
}

void quic_build_initial(struct pr_writer *datagram, const struct quic_build *build, uint64_t number,
			unsigned int number_len, const uint8_t *frames, size_t len)
{
	size_t begin = datagram->position, number_at, header_len;
	struct gcm_aes128_ctx aead;
	struct pr_quic_keys keys;
	uint8_t nonce[12], *packet = datagram->bytes + begin;

	write_header(datagram, build, PR_QUIC_INITIAL, (uint8_t)(number_len - 1));
	quic_build_varint(datagram, build->token_len);
	pr_write_bytes(datagram, build->token, build->token_len);
	/* as long as RFC 9001's example has it, so that the bytes are the same */
	pr_write_u16(datagram, (uint16_t)(0x4000 | (number_len + len + 16)));
	number_at = datagram->position - begin;
	for (unsigned int i = number_len; i--;)
		pr_write_u8(datagram, (uint8_t)(number >> (8 * i)));
	header_len = datagram->position - begin;
	if (datagram->failed || len + 16 > datagram->size - datagram->position) {
		datagram->failed = true;
		return;
	}
	pr_quic_initial_keys(build->version, &build->keys_of, build->server, &keys);
	memcpy(nonce, keys.iv, sizeof(nonce));
	for (unsigned int i = 0; i < 8; i++)
		nonce[4 + i] ^= (uint8_t)(number >> (56 - 8 * i));
	gcm_aes128_set_key(&aead, keys.key);
	gcm_aes128_set_iv(&aead, sizeof(nonce), nonce);
	gcm_aes128_update(&aead, header_len, packet);
	gcm_aes128_encrypt(&aead, len, packet + header_len, frames);
	gcm_aes128_digest(&aead, 16, packet + header_len + len);
	datagram->position += len + 16;
	mask_header(packet, number_at, number_len, &keys);
}

void quic_build_long(struct pr_writer *datagram, const struct quic_build *build,
		     enum pr_quic_kind kind, size_t len)
{
	write_header(datagram, build, kind, 0);
	pr_write_u16(datagram, (uint16_t)(0x4000 | len));
	for (size_t i = 0; i < len; i++)
		pr_write_u8(datagram, (uint8_t)(i * 151 + 7));
}

void quic_build_retry(struct pr_writer *datagram, const struct quic_build *build,
		      const struct pr_quic_cid *asked)
{
	size_t begin = datagram->position;
	struct gcm_aes128_ctx aead;
	uint8_t pseudo[512], tag[16];
	struct pr_writer writer = pr_writer(pseudo, sizeof(pseudo));
	bool v2 = build->version == PR_QUIC_V2;

	write_header(datagram, build, PR_QUIC_RETRY, 0x0f);
	pr_write_bytes(datagram, build->token, build->token_len);
	pr_write_u8(&writer, asked->len);
	pr_write_bytes(&writer, asked->bytes, asked->len);
	pr_write_bytes(&writer, datagram->bytes + begin, datagram->position - begin);
	gcm_aes128_set_key(&aead, retry_keys[v2].key);
	gcm_aes128_set_iv(&aead, 12, retry_keys[v2].nonce);
	gcm_aes128_update(&aead, writer.position, pseudo);
	gcm_aes128_digest(&aead, sizeof(tag), tag);
	pr_write_bytes(datagram, tag, sizeof(tag));
}
