/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The saved names: "PRNAMES1", the number of sections; a section is one application: its key, the
 * number of its names, and these, the oldest first. All integers in network order, texts with their
 * length. Expiry is time of day, so that a reboot or a stopped clock between save and load does no
 * harm.
 */
#include "network/names_table.h"

#include "base/cursor.h"
#include "base/name.h"

#define MAGIC	    "PRNAMES1"
#define MAGIC_LEN   8
#define ALIAS	    0x80u		  /* beside the grade */
#define NAME_LEN(n) (2 + 1 + 1 + 4 + (n)) /* domain's length, grade, family, expiry */

static size_t address_len(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static bool is_saved(const struct pr_name *name)
{
	return name->grade != PR_NAME_HOSTS && name->application != PR_APPLICATION_OTHERS;
}

static const struct pr_name *name_at(const struct pr_names *names, uint32_t number)
{
	return pr_slab_at(&names->names, number);
}

/* How many of an owner's names are saved. */
static uint32_t n_saved(const struct pr_names *names, const struct pr_name_owner *owner)
{
	uint32_t n = 0;

	for (uint32_t i = owner->names.head; i != PR_SLAB_NONE; i = name_at(names, i)->by_age.next)
		n += is_saved(name_at(names, i));
	return n;
}

/* The next owner in use with names to save. */
static const struct pr_name_owner *owner_next(const struct pr_names *names, uint32_t *cursor,
					      uint32_t *ret_n)
{
	while (*cursor < names->owners.n_made) {
		const struct pr_name_owner *owner = pr_slab_at(&names->owners, (*cursor)++);

		if (owner->names.n && (*ret_n = n_saved(names, owner)))
			return owner;
	}
	return NULL;
}

size_t pr_names_saved_len(const struct pr_names *names)
{
	size_t len = MAGIC_LEN + 4;
	const struct pr_name_owner *owner;
	uint32_t cursor = 0, n;

	while ((owner = owner_next(names, &cursor, &n))) {
		len += 2 + strlen(pr_applications_key(names->applications, owner->application)) + 4;
		for (uint32_t i = owner->names.head; i != PR_SLAB_NONE;
		     i = name_at(names, i)->by_age.next)
			len += NAME_LEN(strlen(
				       pr_texts_get(&names->domains, name_at(names, i)->domain))) +
			       address_len(name_at(names, i)->address.family);
	}
	return len;
}

static void write_text(struct pr_writer *writer, const char *text)
{
	pr_write_u16(writer, (uint16_t)strlen(text));
	pr_write_bytes(writer, text, strlen(text));
}

static void write_name(struct pr_writer *writer, const struct pr_names *names,
		       const struct pr_name *name, uint32_t now_s, uint64_t real_s)
{
	uint32_t left_s = name->expiry_s > now_s ? name->expiry_s - now_s : 0;

	if (left_s > PR_NAMES_KEEP_S_MOST)
		left_s = PR_NAMES_KEEP_S_MOST;
	write_text(writer, pr_texts_get(&names->domains, name->domain));
	pr_write_u8(writer, (uint8_t)(name->grade | (name->alias ? ALIAS : 0)));
	pr_write_u8(writer, name->address.family);
	pr_write_u32(writer, (uint32_t)(real_s + left_s));
	pr_write_bytes(writer, name->address.bytes, address_len(name->address.family));
}

int pr_names_save(const struct pr_names *names, uint64_t now_us, uint64_t real_us, void *buffer,
		  size_t size, size_t *ret_len)
{
	struct pr_writer writer = pr_writer(buffer, size);
	uint32_t cursor = 0, n_owners = 0, n;
	const struct pr_name_owner *owner;

	while (owner_next(names, &cursor, &n))
		n_owners++;
	pr_write_bytes(&writer, MAGIC, MAGIC_LEN);
	pr_write_u32(&writer, n_owners);
	cursor = 0;
	while ((owner = owner_next(names, &cursor, &n))) {
		write_text(&writer, pr_applications_key(names->applications, owner->application));
		pr_write_u32(&writer, n);
		for (uint32_t i = owner->names.head; i != PR_SLAB_NONE;
		     i = name_at(names, i)->by_age.next)
			if (is_saved(name_at(names, i)))
				write_name(&writer, names, name_at(names, i),
					   (uint32_t)(now_us / 1000000u), real_us / 1000000u);
	}
	if (writer.failed)
		return -ENOBUFS;
	*ret_len = writer.position;
	return PR_NAMES_DONE;
}

/* A text of printable bytes; false when it is none, or as long as `size`. */
static bool read_text(struct pr_reader *reader, char *text, size_t size)
{
	size_t len = pr_read_u16(reader);
	const uint8_t *bytes;

	if (len == 0 || len >= size)
		return false;
	bytes = pr_read_bytes(reader, len);
	if (!bytes)
		return false;
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '\0')
			return false;
	memcpy(text, bytes, len);
	text[len] = '\0';
	return true;
}

/* Canonical: printable, without capitals (base/name.h). */
static bool is_domain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || (*text >= 'A' && *text <= 'Z'))
			return false;
	return true;
}

static int read_name(struct pr_reader *reader, struct pr_names *names, uint32_t application,
		     uint32_t now_s, uint64_t real_s)
{
	char domain[PR_NAME_TEXT_SIZE];
	struct pr_address address;
	uint8_t grade, family;
	const uint8_t *bytes;
	uint64_t expiry_s;
	bool alias;

	if (!read_text(reader, domain, sizeof(domain)) || !is_domain(domain))
		return PR_NAMES_DAMAGED;
	grade = pr_read_u8(reader);
	alias = grade & ALIAS;
	grade &= (uint8_t)~ALIAS;
	family = pr_read_u8(reader);
	expiry_s = pr_read_u32(reader);
	if (grade >= PR_NAME_HOSTS || (family != 4 && family != 6))
		return PR_NAMES_DAMAGED;
	if ((grade == PR_NAME_SHARED) != (application == PR_APPLICATION_ALL))
		return PR_NAMES_DAMAGED;
	bytes = pr_read_bytes(reader, address_len(family));
	if (!bytes)
		return PR_NAMES_DAMAGED;
	address = family == 4 ? pr_address_v4(bytes) : pr_address_v6(bytes);
	if (expiry_s <= real_s)
		return PR_NAMES_DONE;
	/* More than can have been saved: the clock was set back. */
	if (expiry_s - real_s > PR_NAMES_KEEP_S_MOST)
		expiry_s = real_s + PR_NAMES_KEEP_S_MOST;
	pr_names_learn_until(names, application, &address, domain, (enum pr_name_grade)grade, alias,
			     now_s + (uint32_t)(expiry_s - real_s));
	return PR_NAMES_DONE;
}

static int read_section(struct pr_reader *reader, struct pr_names *names, uint32_t now_s,
			uint64_t real_s)
{
	uint32_t application = PR_APPLICATION_ALL, n;
	char key[PR_TEXT_MAX];
	int r = PR_NAMES_DONE;

	if (!read_text(reader, key, sizeof(key)))
		return PR_NAMES_DAMAGED;
	n = pr_read_u32(reader);
	if (reader->failed)
		return PR_NAMES_DAMAGED;
	if (strcmp(key, "*") != 0)
		application = pr_applications_hold(names->applications, key);
	/* Each takes bytes, so a great number ends with them. */
	for (uint32_t i = 0; i < n && r == PR_NAMES_DONE; i++)
		r = read_name(reader, names, application, now_s, real_s);
	pr_applications_release(names->applications, application);
	return r;
}

int pr_names_load(struct pr_names *names, uint64_t now_us, uint64_t real_us, const void *bytes,
		  size_t len)
{
	struct pr_reader reader = pr_reader(bytes, len);
	const uint8_t *magic = pr_read_bytes(&reader, MAGIC_LEN);
	uint32_t n_sections = pr_read_u32(&reader);
	int r = PR_NAMES_DONE;

	if (!magic || memcmp(magic, MAGIC, MAGIC_LEN) != 0 || reader.failed)
		return PR_NAMES_DAMAGED;
	for (uint32_t i = 0; i < n_sections && r == PR_NAMES_DONE; i++)
		r = read_section(&reader, names, (uint32_t)(now_us / 1000000u), real_us / 1000000u);
	if (r == PR_NAMES_DONE && pr_reader_left(&reader))
		return PR_NAMES_DAMAGED;
	return r;
}
