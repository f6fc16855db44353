/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One table: method, path, who may, what answers. docs/api.yaml describes the same; a test holds the two
 * against each other.
 */
#include "api/front_private.h"

#include "api/pairs_json.h"
#include "ipc/peer.h"

#include <event2/keyvalq_struct.h>
#include <string.h>

struct call {
	struct pr_front *front;
	struct evhttp_request *request;
	struct pr_reader_rights rights;
	struct evkeyvalq arguments; /* of the URI's query */
};

static const char *argument(const struct call *call, const char *key)
{
	return evhttp_find_header(&call->arguments, key);
}

/* What is never the asker's to say. */
static bool is_ours(const struct call *call, const char *key)
{
	return strcmp(key, "query") == 0 || strcmp(key, "after") == 0 || strcmp(key, "root") == 0 ||
	       (!call->rights.reads_all && strcmp(key, "uid") == 0);
}

/* The URI's arguments become the query's; who may not see all has "uid" set to its own, root has "root". */
static void ask_engine(struct call *call, const char *query)
{
	struct pr_pairs pairs = { .n = 0 };
	struct evkeyval *pair;
	char uid[16];
	bool fits = pr_pairs_add(&pairs, "query", query);

	snprintf(uid, sizeof(uid), "%u", call->rights.uid);
	if (!call->rights.reads_all)
		fits = fits && pr_pairs_add(&pairs, "uid", uid);
	if (call->rights.uid == 0)
		fits = fits && pr_pairs_add(&pairs, "root", "1");
	for (pair = call->arguments.tqh_first; pair; pair = pair->next.tqe_next) {
		if (!is_ours(call, pair->key))
			fits = fits && pr_pairs_add(&pairs, pair->key, pair->value);
	}
	if (!fits)
		return pr_reply_error(call->request, 400, "too many arguments, or one is too long");
	pr_pending_query(call->front, call->request, &pairs);
}

static void get_links(struct call *call)
{
	ask_engine(call, "links");
}

static void get_communications(struct call *call)
{
	ask_engine(call, "communications");
}

static void get_apps(struct call *call)
{
	ask_engine(call, "apps");
}

static void get_prompts(struct call *call)
{
	ask_engine(call, "prompts");
}

static void get_attacks(struct call *call)
{
	ask_engine(call, "attacks");
}

static void get_tunnels(struct call *call)
{
	ask_engine(call, "tunnels");
}

static void get_explain(struct call *call)
{
	ask_engine(call, "explain");
}

static void get_dns_query(struct call *call)
{
	ask_engine(call, "dns-query");
}

static void get_dns_cache(struct call *call)
{
	ask_engine(call, "dns-cache");
}

static void get_intel_providers(struct call *call)
{
	ask_engine(call, "intel-providers");
}

static void get_lists(struct call *call)
{
	const char *id = argument(call, "id");
	struct pr_pairs pairs = { .n = 0 };

	pr_pairs_add(&pairs, "query", argument(call, "refused") ? "list-refused" : "lists");
	if (id && !pr_pairs_add(&pairs, "id", id))
		return pr_reply_error(call->request, 400, "the id is too long");
	pr_pending_supervisor_query(call->front, call->request, &pairs);
}

static void get_intel(struct call *call)
{
	ask_engine(call, "intel");
}

static void get_dns_answers(struct call *call)
{
	ask_engine(call, "dns-answers");
}

static void get_status(struct call *call)
{
	pr_pending_status(call->front, call->request);
}

static void get_events(struct call *call)
{
	pr_stream_read(call->front->stream, call->request, &call->rights);
}

/* The rows of an array, one a line; NULL: there is no such profile. Takes `rows`. */
static void reply_rows(struct call *call, json_t *rows)
{
	struct evbuffer *body;

	if (!rows)
		return pr_reply_error(call->request, 404, "no profile is called \"%s\"",
				      argument(call, "profile") ? argument(call, "profile") : "");
	body = evbuffer_new();
	for (size_t i = 0; i < json_array_size(rows); i++)
		pr_buffer_add_json(body, json_incref(json_array_get(rows, i)));
	json_decref(rows);
	evhttp_add_header(evhttp_request_get_output_headers(call->request), "Content-Type",
			  "application/x-ndjson");
	evhttp_send_reply(call->request, 200, NULL, body);
	evbuffer_free(body);
}

static void get_profiles(struct call *call)
{
	const char *name = argument(call, "profile");
	json_t *object;

	if (!name)
		return reply_rows(call, pr_policy_profiles_json(call->front->policy));
	object = pr_policy_profile_json(call->front->policy, name);
	if (!object)
		return reply_rows(call, NULL);
	pr_reply_json(call->request, 200, object);
}

static void get_rules(struct call *call)
{
	reply_rows(call, pr_policy_rules_json(call->front->policy, argument(call, "profile")));
}

static void post_changes(struct call *call)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(call->request);
	size_t len = evbuffer_get_length(body);
	struct pr_pairs ordered = { .n = 0 }, pairs;
	struct pr_pairs_text text;
	json_error_t error;
	const char *verb;
	json_t *object;

	object = json_loadb((const char *)evbuffer_pullup(body, -1), len, 0, &error);
	if (!object)
		return pr_reply_error(call->request, 400, "the body is not JSON: %s (column %d)",
				      error.text, error.column);
	verb = json_string_value(json_object_get(object, "verb"));
	if (!verb || pr_pairs_from_json(object, &text, &pairs) < 0) {
		pr_reply_error(call->request, 400,
			       "a change is one JSON object of texts and numbers with a \"verb\"");
	} else {
		bool fits = pr_pairs_add(&ordered, "verb", verb);

		for (unsigned int i = 0; i < pairs.n; i++)
			if (strcmp(pairs.pairs[i].key, "verb") != 0)
				fits = fits && pr_pairs_add(&ordered, pairs.pairs[i].key,
							    pairs.pairs[i].value);
		if (fits)
			pr_pending_change(call->front, call->request, &ordered);
		else
			pr_reply_error(call->request, 400, "the change has too many members");
	}
	json_decref(object);
}

enum needs { NEEDS_NOTHING, NEEDS_POLICY };
enum readers { READ_BY_ALL, READ_BY_GROUP };

static const struct route {
	enum evhttp_cmd_type method;
	const char *path;
	enum readers readers; /* of all: narrowed to what is their own */
	enum needs needs;
	void (*answer)(struct call *call);
} routes[] = {
	{ EVHTTP_REQ_GET, "/v1/status", READ_BY_ALL, NEEDS_NOTHING, get_status },
	{ EVHTTP_REQ_GET, "/v1/events", READ_BY_ALL, NEEDS_NOTHING, get_events },
	{ EVHTTP_REQ_GET, "/v1/apps", READ_BY_ALL, NEEDS_NOTHING, get_apps },
	{ EVHTTP_REQ_GET, "/v1/communications", READ_BY_ALL, NEEDS_NOTHING, get_communications },
	{ EVHTTP_REQ_GET, "/v1/links", READ_BY_ALL, NEEDS_NOTHING, get_links },
	{ EVHTTP_REQ_GET, "/v1/prompts", READ_BY_ALL, NEEDS_NOTHING, get_prompts },
	{ EVHTTP_REQ_GET, "/v1/attacks", READ_BY_GROUP, NEEDS_NOTHING, get_attacks },
	{ EVHTTP_REQ_GET, "/v1/tunnels", READ_BY_GROUP, NEEDS_NOTHING, get_tunnels },
	{ EVHTTP_REQ_GET, "/v1/explain", READ_BY_GROUP, NEEDS_NOTHING, get_explain },
	{ EVHTTP_REQ_GET, "/v1/dns/query", READ_BY_GROUP, NEEDS_NOTHING, get_dns_query },
	{ EVHTTP_REQ_GET, "/v1/dns/cache", READ_BY_GROUP, NEEDS_NOTHING, get_dns_cache },
	{ EVHTTP_REQ_GET, "/v1/dns/answers", READ_BY_GROUP, NEEDS_NOTHING, get_dns_answers },
	{ EVHTTP_REQ_GET, "/v1/intel/providers", READ_BY_GROUP, NEEDS_NOTHING,
	  get_intel_providers },
	{ EVHTTP_REQ_GET, "/v1/intel", READ_BY_GROUP, NEEDS_NOTHING, get_intel },
	{ EVHTTP_REQ_GET, "/v1/intel/lists", READ_BY_GROUP, NEEDS_NOTHING, get_lists },
	{ EVHTTP_REQ_GET, "/v1/profiles", READ_BY_GROUP, NEEDS_POLICY, get_profiles },
	{ EVHTTP_REQ_GET, "/v1/rules", READ_BY_GROUP, NEEDS_POLICY, get_rules },
	{ EVHTTP_REQ_POST, "/v1/changes", READ_BY_ALL, NEEDS_NOTHING, post_changes },
};

static const struct route *find_route(const char *path, enum evhttp_cmd_type method,
				      bool *ret_path_known)
{
	*ret_path_known = false;
	for (size_t i = 0; i < PR_ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		*ret_path_known = true;
		if (routes[i].method == method)
			return &routes[i];
	}
	return NULL;
}

static int read_rights(struct call *call)
{
	gid_t group = call->front->group;
	struct pr_peer peer;
	int r = pr_peer_read(pr_request_fd(call->request), &peer);

	if (r < 0)
		return r;
	call->rights = (struct pr_reader_rights){
		.uid = peer.uid,
		.reads_all =
			peer.uid == 0 || (group != (gid_t)-1 && pr_peer_in_group(&peer, group)),
	};
	return 0;
}

static void answer(struct call *call, const struct route *route)
{
	int r = read_rights(call);

	if (r < 0)
		pr_reply_error(call->request, 403, "the connection has no peer credentials");
	else if (route->readers == READ_BY_GROUP && !call->rights.reads_all)
		pr_reply_error(call->request, 403,
			       "only root and members of the group portreeve may ask this");
	else if (route->needs == NEEDS_POLICY && !call->front->policy)
		pr_reply_error(call->request, 503, "no policy is in force yet");
	else
		route->answer(call);
}

void pr_route(struct evhttp_request *request, void *front)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	struct call call = { .front = front, .request = request };
	const struct route *route;
	bool path_known;

	route = find_route(path ? path : "", evhttp_request_get_command(request), &path_known);
	if (!route) {
		pr_reply_error(request, path_known ? 405 : 404,
			       path_known ? "this method is not for this path"
					  : "there is no such path; docs/api.yaml lists them");
		return;
	}
	if (evhttp_parse_query_str(query ? query : "", &call.arguments) < 0)
		pr_reply_error(request, 400, "the query of the address is malformed");
	else
		answer(&call, route);
	evhttp_clear_headers(&call.arguments);
}
