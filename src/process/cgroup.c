/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process/cgroup.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

#define CONTAINER_ID_LEN 64

/* A piece of text, borrowed. */
struct piece {
	const char *text;
	size_t len;
};

static bool ends_with(struct piece piece, const char *end)
{
	size_t len = strlen(end);

	return piece.len > len && memcmp(piece.text + piece.len - len, end, len) == 0;
}

static bool starts_with(struct piece piece, const char *start)
{
	size_t len = strlen(start);

	return piece.len >= len && memcmp(piece.text, start, len) == 0;
}

static bool is(struct piece piece, const char *text)
{
	return piece.len == strlen(text) && memcmp(piece.text, text, piece.len) == 0;
}

static bool copy(struct piece piece, char *ret_text, size_t size)
{
	if (!piece.len || piece.len >= size)
		return false;
	memcpy(ret_text, piece.text, piece.len);
	ret_text[piece.len] = 0;
	return true;
}

/* The next component of a path; false at its end. */
static bool next_component(const char **at, struct piece *ret_piece)
{
	const char *end;

	*at += strspn(*at, "/");
	if (!**at)
		return false;
	end = *at + strcspn(*at, "/");
	*ret_piece = (struct piece){ *at, (size_t)(end - *at) };
	*at = end;
	return true;
}

/* ---- /proc/PID/cgroup: "hierarchy:controllers:path", one a line (cgroups(7)) ---- */

enum rank { RANK_ROOT, RANK_V1, RANK_SYSTEMD, RANK_V2 };

static enum rank rank_line(struct piece number, struct piece controllers, struct piece path)
{
	if (is(path, "/"))
		return RANK_ROOT;
	if (is(number, "0") && !controllers.len)
		return RANK_V2;
	return is(controllers, "name=systemd") ? RANK_SYSTEMD : RANK_V1;
}

bool pr_cgroup_choose(const char *text, char ret_path[PR_CGROUP_PATH_MAX])
{
	struct piece best = { 0 };
	enum rank best_rank = RANK_ROOT;

	while (*text) {
		const char *end = text + strcspn(text, "\n");
		const char *first = memchr(text, ':', (size_t)(end - text));
		const char *second =
			first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;

		if (second && second + 1 < end && second[1] == '/') {
			struct piece number = { text, (size_t)(first - text) };
			struct piece controllers = { first + 1, (size_t)(second - first - 1) };
			struct piece path = { second + 1, (size_t)(end - second - 1) };
			enum rank rank = rank_line(number, controllers, path);

			if (!best.len || rank > best_rank) {
				best = path;
				best_rank = rank;
			}
		}
		text = *end ? end + 1 : end;
	}
	return copy(best, ret_path, PR_CGROUP_PATH_MAX);
}

/* ---- units ---- */

static bool is_slice(struct piece piece)
{
	return ends_with(piece, ".slice");
}

bool pr_cgroup_unit(const char *path, char ret_unit[PR_CGROUP_NAME_MAX])
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };
	struct piece piece;

	while (next_component(&path, &piece)) {
		if (is_slice(piece))
			continue;
		for (size_t i = 0; i < PR_ARRAY_SIZE(kinds); i++)
			if (ends_with(piece, kinds[i]))
				return copy(piece, ret_unit, PR_CGROUP_NAME_MAX);
		return false;
	}
	return false;
}

/* ---- containers ---- */

static struct piece cut(struct piece piece, size_t front, size_t back)
{
	return (struct piece){ piece.text + front, piece.len - front - back };
}

static bool is_container_id(struct piece piece)
{
	if (piece.len != CONTAINER_ID_LEN)
		return false;
	for (size_t i = 0; i < piece.len; i++)
		if (!isdigit((unsigned char)piece.text[i]) &&
		    (piece.text[i] < 'a' || piece.text[i] > 'f'))
			return false;
	return true;
}

/* "docker-ID.scope", "libpod-ID", "crio-ID.scope", "cri-containerd-ID.scope", "ID": the identifier
 * stands last. */
static bool engine_container(struct piece piece, struct piece *ret_id)
{
	struct piece id;

	if (ends_with(piece, ".scope"))
		piece = cut(piece, 0, strlen(".scope"));
	if (piece.len < CONTAINER_ID_LEN)
		return false;
	/* Podman's monitor is not in the container. */
	if (starts_with(piece, "libpod-conmon-") || starts_with(piece, "crio-conmon-"))
		return false;
	id = cut(piece, piece.len - CONTAINER_ID_LEN, 0);
	if (!is_container_id(id))
		return false;
	if (id.text > piece.text && id.text[-1] != '-' && id.text[-1] != ':')
		return false;
	*ret_id = id;
	return true;
}

static bool machine_container(struct piece before, struct piece piece, struct piece *ret_name)
{
	static const char nspawn[] = "systemd-nspawn@", lxc[] = "lxc.payload.",
			  machine[] = "machine-";

	if (starts_with(piece, nspawn) && ends_with(piece, ".service"))
		*ret_name = cut(piece, strlen(nspawn), strlen(".service"));
	else if (starts_with(piece, lxc))
		*ret_name = cut(piece, strlen(lxc), 0);
	else if (is(before, "lxc"))
		*ret_name = piece;
	else if (is(before, "machine.slice") && starts_with(piece, machine) &&
		 ends_with(piece, ".scope") && piece.len > strlen(machine) + strlen(".scope"))
		*ret_name = cut(piece, strlen(machine), strlen(".scope"));
	else
		return false;
	return ret_name->len > 0;
}

/* systemd.unit(5): "\x2d" stands for a minus within a unit's name. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (strncmp(in, "\\x2d", 4) == 0) {
			*out++ = '-';
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = 0;
}

/* "user@1000.service": the digits. */
static bool user_manager(struct piece piece, struct piece *ret_uid)
{
	struct piece uid;

	if (!starts_with(piece, "user@") || !ends_with(piece, ".service") ||
	    piece.len <= strlen("user@.service"))
		return false;
	uid = cut(piece, strlen("user@"), strlen(".service"));
	for (size_t i = 0; i < uid.len; i++)
		if (!isdigit((unsigned char)uid.text[i]))
			return false;
	*ret_uid = uid;
	return uid.len <= 10;
}

bool pr_cgroup_container(const char *path, char ret_container[PR_CGROUP_NAME_MAX])
{
	struct piece piece, before = { "", 0 }, user = { "", 0 }, found = { "", 0 };
	char name[PR_CGROUP_NAME_MAX];
	int n;

	/* The innermost one, but a name that was given by root before one that a user gave. */
	while (next_component(&path, &piece)) {
		struct piece candidate;

		if (!user.len && !found.len)
			(void)user_manager(piece, &user);
		if (engine_container(piece, &candidate) ||
		    machine_container(before, piece, &candidate))
			found = candidate;
		before = piece;
	}
	if (!copy(found, name, sizeof(name)))
		return false;
	unescape(name);
	n = snprintf(ret_container, PR_CGROUP_NAME_MAX, "%.*s%s%s", (int)user.len, user.text,
		     user.len ? ":" : "", name);
	return n > 0 && n < PR_CGROUP_NAME_MAX;
}
