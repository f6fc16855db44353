/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the room share: the links that the process carries, from the engine's word to open one until the
 * engine was told that it is over. One thread.
 *
 *   OPENING   the way is being opened; what arrived already (its packet was let go at once) waits
 *   WAITING   open; its packet was let go, and is yet to arrive
 *   CARRYING  bytes go to and fro
 *   OVER      only the word to the engine is left
 */
#pragma once

#include "base/chain.h"
#include "base/index.h"
#include "base/slab.h"
#include "ipc/tunnel_codec.h"
#include "tunnel/engine_edge.h"
#include "tunnel/pipes.h"
#include "tunnel/upstreams.h"
#include "tunnel/watch.h"
#include "tunnel/ways.h"

#include <event2/event.h>

#define PR_TUNNEL_BUFFER       65536 /* what all streams share to read into */
#define PR_TUNNEL_ARRIVALS_MAX 4096u /* whose link is being asked for. Beyond: reset, or dropped */
#define PR_TUNNEL_ARRIVAL_S    10u   /* no answer for so long: reset, or forgotten */
#define PR_TUNNEL_HELD_BYTES   (8u << 20) /* of datagrams that wait, of all links. Beyond: dropped */
/* In by_arrival: the number is an arrival's, not a link's. */
#define PR_TUNNEL_IS_ARRIVAL (UINT32_C(1) << 31)
/* Of a socket that is watched: the far end's. */
#define PR_TUNNEL_TAG_FAR   (UINT64_C(1) << 63)
#define PR_TUNNEL_UNKNOWN_S 5u /* datagrams of no link are dropped unasked for so long */

enum pr_carried_state {
	PR_CARRIED_FREE,
	PR_CARRIED_OPENING,
	PR_CARRIED_WAITING,
	PR_CARRIED_CARRYING,
	PR_CARRIED_OVER,
};

/* What the engine is yet to be told of a link. */
enum pr_carried_tell {
	PR_TELL_NOTHING,
	PR_TELL_OPENED,
	PR_TELL_ENDED,
	PR_TELL_HAVE,
};

/* Datagrams that wait, in order. */
struct pr_held {
	struct pr_held *next;
	size_t len;
	uint8_t bytes[];
};
struct pr_held_list {
	struct pr_held *first, *last;
	unsigned int n;
};

enum pr_flow_direction { PR_FLOW_OUT, PR_FLOW_IN }; /* away from the application, back to it */

/* Bytes of a stream in one direction. */
struct pr_flow {
	struct pr_pipe *pipe; /* with `n_waiting` bytes in it; NULL = none */
	uint8_t *rest;	      /* … or here, from `rest_at` on; NULL = none */
	uint32_t n_waiting, rest_at;
	uint8_t copies;	     /* to be made before a pipe is tried again */
	bool ended;	     /* the sender's half is over */
	bool said;	     /* … and the receiver knows */
	bool bulk;	     /* many bytes come at a time */
	bool to_the_end;     /* a short read is no sign that no more is there */
	bool gathers, moved; /* moved: since the last tick */
	uint8_t idle_ticks;
	uint32_t seen;		  /* bytes that were there at the last tick */
	uint32_t since, since_ms; /* bytes that were moved since when */
};

struct pr_stream {
	int app_fd; /* -1 = it has not arrived */
	bool before; /* bytes that came before the carrier's socket was the link's alone are to be read first */
	bool never_spliced; /* urgent bytes were seen, past which splice(2) does not get */
	struct pr_flow flows[2];
};

/* Datagrams' way back: from the entry point's address that they came to, to where they came from. */
struct pr_datagrams_from {
	struct pr_tuple arrived; /* family 0 = none has arrived */
	uint32_t interface;	 /* of a link-local peer */
	struct pr_held_list held;
};

struct pr_tunnel;

/* Flows that gather (gather.c). Beyond: they don't. */
#define PR_GATHER_MAX 16u
struct pr_gathering {
	uint32_t serial, number;
	enum pr_flow_direction direction;
};
struct pr_gather {
	struct event *due;
	int timer;
	unsigned int n;
	struct pr_gathering flows[PR_GATHER_MAX];
};

struct pr_carried {
	struct pr_tunnel *tunnel;
	uint64_t id;	 /* the engine's; 0 = a new engine is yet to give one */
	uint32_t serial; /* tells it from others at the same place, before and after */
	uint32_t number;
	uint32_t opening; /* as of ipc/tunnel_codec.h */
	enum pr_carried_state state;
	enum pr_carried_tell tell;
	enum pr_tunnel_outcome outcome; /* to be told */
	bool is_stream, adopting;
	bool has_more;	   /* it had its turn, and may go on */
	uint32_t seen_s;   /* of the last byte, or of the last change of state */
	uint64_t began_us; /* its way */
	uint8_t n_ways;	   /* that were chosen for it */
	bool was_named;	   /* one of them failed once it was told the destination */
	struct pr_tuple tuple;
	char *texts; /* upstream, application, name; each with its zero */
	uint16_t application_at, name_at;
	char *why; /* to be told; NULL = nothing */
	struct pr_carrier *carrier;
	int far_fd; /* the carrier's; -1 = by its calls */
	struct pr_upstream_count *count;
	struct pr_way_mark mark;
	struct pr_chain_node told; /* of those that the engine is to be told of */
	struct pr_chain_node more; /* of those that have more */
	union {
		struct pr_stream stream;
		struct pr_datagrams_from datagrams;
	};
};

/* What came to the entry point, until the engine says whose it is. */
struct pr_arrival {
	uint64_t spare; /* the slab's where it is free */
	uint32_t serial, number;
	bool is_used;
	struct pr_tuple tuple; /* from its sender to the entry point's address */
	int fd;		       /* of a stream; -1 */
	uint32_t interface;
	uint32_t since_s;
	bool asked, unknown;
	struct pr_held_list held;
	struct pr_chain_node node; /* of those that are to be asked for */
};

/* A word to the engine on what is no link of ours. */
#define PR_TUNNEL_OTHERS_MAX 1024u /* not told yet. Beyond: the engine's own deadlines end them */
struct pr_other {
	uint64_t id;
	const char *why; /* a literal */
	uint32_t opening;
	enum pr_message_kind kind;
	enum pr_tunnel_outcome outcome;
};

struct pr_tunnel {
	struct event_base *base;
	struct pr_dialer *dialer;
	struct pr_ways *ways;
	struct pr_carriers *carriers;
	struct pr_upstreams_known *upstreams;
	struct pr_tunnel_engine *engine;
	struct pr_watch *watch;
	struct pr_pipes pipes;
	struct pr_gather gather;
	struct event *sweep_due, *more_due;
	uint32_t now_s, next_serial, swept;
	uint32_t engine_seen_s; /* when there was one last */
	size_t held_bytes;

	struct pr_slab links, arrivals;
	struct pr_index by_id,
		by_arrival; /* by_arrival: datagrams; arrivals' numbers have the highest bit */
	struct pr_chain to_tell, to_ask, with_more;
	struct pr_other others[PR_TUNNEL_OTHERS_MAX];
	unsigned int n_others;

	int tcp[2], udp[2]; /* IPv4, IPv6; -1 = none */
	uint16_t udp_port[2];
	struct event *on_tcp[2], *on_udp[2];
	bool accept_paused;	       /* for want of descriptors, until the next second */
	struct pr_datagram_room *room; /* to read datagrams into */
	uint8_t *buffer;	       /* PR_TUNNEL_BUFFER */
};

/* ---- tunnel.c ---- */
/* `base`, `tcp` and `udp` are set, the rest is zero. 0 or -errno; what was set up is to be undone in any case. */
PR_MUST_USE int pr_tunnel_set_up(struct pr_tunnel *tunnel);
void pr_tunnel_undo(struct pr_tunnel *tunnel);
/* What is due once a second. */
void pr_tunnel_second(struct pr_tunnel *tunnel, uint32_t now_s);

/* ---- carried.c ---- */
void pr_carried_open(struct pr_tunnel *tunnel, uint64_t id, const struct pr_tunnel_link *link);
/* Cut, without a word to the engine. */
void pr_carried_forget(struct pr_tunnel *tunnel, struct pr_carried *carried);
/* Its id is another one from now on; 0 = none. */
void pr_carried_name(struct pr_tunnel *tunnel, struct pr_carried *carried, uint64_t id);
struct pr_carried *pr_carried_find(struct pr_tunnel *tunnel, uint64_t id);
/* The link at this place, unless that is another one by now. */
struct pr_carried *pr_carried_at(struct pr_tunnel *tunnel, uint32_t number, uint32_t serial);
/* It is over, and the engine is told. Unless OPEN both ends learn that it broke. `why` is copied. */
void pr_carried_end(struct pr_tunnel *tunnel, struct pr_carried *carried,
		    enum pr_tunnel_outcome outcome, const char *why);
/* … because of an error of its far end, or of the application's. */
void pr_carried_broke(struct pr_tunnel *tunnel, struct pr_carried *carried, bool far, int error);
/* It had its turn, and may go on at the next. */
void pr_carried_again(struct pr_tunnel *tunnel, struct pr_carried *carried);
/* Those whose way is not what it was: cut, or opened anew. */
void pr_carried_other_upstreams(struct pr_tunnel *tunnel);
/* Those that are being opened by what was just found not to work go by another, where there is one. */
void pr_carried_leave_ill(struct pr_tunnel *tunnel);
void pr_carried_more(struct pr_tunnel *tunnel);
void pr_carried_sweep(struct pr_tunnel *tunnel);
void pr_carried_free(struct pr_tunnel *tunnel);

/* ---- gather.c: many small pieces are taken together ---- */
PR_MUST_USE int pr_gather_set_up(struct pr_tunnel *tunnel);
void pr_gather_undo(struct pr_tunnel *tunnel);
/* So many bytes were read at once. */
void pr_gather_moved(struct pr_tunnel *tunnel, struct pr_carried *carried,
		     enum pr_flow_direction direction, size_t n);

/* ---- telling.c: what the engine hears, and says of what it heard ---- */
void pr_telling_add(struct pr_tunnel *tunnel, struct pr_carried *carried,
		    enum pr_carried_tell tell);
void pr_telling_remove(struct pr_tunnel *tunnel, struct pr_carried *carried);
/* `why` is a literal. */
void pr_telling_other(struct pr_tunnel *tunnel, enum pr_message_kind kind, uint64_t id,
		      uint32_t opening, enum pr_tunnel_outcome outcome, const char *why);
/* As much as the engine takes now. */
void pr_telling_go(struct pr_tunnel *tunnel);
/* There is another engine, or none. */
void pr_telling_engine_gone(struct pr_tunnel *tunnel);
void pr_telling_engine_new(struct pr_tunnel *tunnel);
/* TUNNEL_LINK */
void pr_telling_link(struct pr_tunnel *tunnel, uint64_t ticket, uint64_t id);

/* ---- entry.c ---- */
PR_MUST_USE int pr_entry_listen(struct pr_tunnel *tunnel);
/* NULL: there are too many. Takes `fd`, unless NULL. */
struct pr_arrival *pr_entry_arrived(struct pr_tunnel *tunnel, const struct pr_tuple *tuple, int fd);
struct pr_arrival *pr_entry_at(struct pr_tunnel *tunnel, uint32_t number, uint32_t serial);
/* The engine's word: whose it is; 0 = nobody's. */
void pr_entry_known(struct pr_tunnel *tunnel, struct pr_arrival *arrival, uint64_t id);
void pr_entry_forget(struct pr_tunnel *tunnel, struct pr_arrival *arrival);
/* Those that were not answered for wait for another engine. */
void pr_entry_ask_again(struct pr_tunnel *tunnel);
void pr_entry_sweep(struct pr_tunnel *tunnel);
void pr_entry_free(struct pr_tunnel *tunnel);
/* A socket is closed so that its peer hears a reset. */
void pr_entry_reset(int fd);

/* ---- relay.c: streams ---- */
/* Both ends are there. */
void pr_relay_start(struct pr_tunnel *tunnel, struct pr_carried *carried);
/* Something may have become possible: of the flows away from, or towards the application. */
void pr_relay_go(struct pr_tunnel *tunnel, struct pr_carried *carried);
void pr_relay_watched(struct pr_tunnel *tunnel, struct pr_carried *carried, bool far,
		      uint32_t events);
/* One flow's turn. False: the link is over. */
bool pr_relay_flow(struct pr_tunnel *tunnel, struct pr_carried *carried,
		   enum pr_flow_direction direction);
void pr_relay_done(struct pr_tunnel *tunnel, struct pr_carried *carried); /* frees what it holds */

/* ---- datagrams.c ---- */
PR_MUST_USE int pr_datagrams_listen(struct pr_tunnel *tunnel);
/* One that came to the entry point; `interface`: of a link-local sender. */
void pr_datagrams_take(struct pr_tunnel *tunnel, const struct pr_tuple *tuple, uint32_t interface,
		       const uint8_t *bytes, size_t len);
/* Both ends are there. */
void pr_datagrams_start(struct pr_tunnel *tunnel, struct pr_carried *carried);
/* From the far end. */
void pr_datagrams_readable(struct pr_tunnel *tunnel, struct pr_carried *carried);
void pr_datagrams_join(struct pr_tunnel *tunnel, struct pr_carried *carried,
		       struct pr_arrival *arrival);
void pr_datagrams_done(struct pr_tunnel *tunnel, struct pr_carried *carried);
void pr_datagrams_release(struct pr_tunnel *tunnel, struct pr_held_list *held);
void pr_datagrams_free(struct pr_tunnel *tunnel);
