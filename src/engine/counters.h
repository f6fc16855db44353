/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the engine counts, for `status`. One list gives the struct and the names; all are uint64_t, so
 * that the struct travels as an array of PR_ENGINE_N_COUNTERS numbers in this order.
 */
#pragma once

#include <stdint.h>

#define PR_ENGINE_COUNTERS(X)                                                \
	/* packets that the queue handed up, and what became of them */      \
	X(packets)                                                           \
	X(packets_known_link)                                                \
	X(packets_malformed)                                                 \
	X(packets_later_fragment)                                            \
	X(packets_spoofed)                                                   \
	X(packets_untracked)                                                 \
	X(verdict_accept)                                                    \
	X(verdict_block)                                                     \
	X(verdict_drop)                                                      \
	X(verdict_reroute_nameserver)                                        \
	X(verdict_reroute_tunnel)                                            \
	/* parked packets */                                                 \
	X(parked)                                                            \
	X(parked_now)                                                        \
	X(parked_expired)                                                    \
	X(dropped_parking_full)                                              \
	X(dropped_link_parking_full)                                         \
	X(dropped_table_full)                                                \
	X(dropped_unasked_answer)                                            \
	X(dropped_no_policy)                                                 \
	/* decisions */                                                      \
	X(communications_decided)                                            \
	X(communications_reused)                                             \
	X(links_decided)                                                     \
	X(links_redecided)                                                   \
	X(decided_missing_data)                                              \
	X(communications_now)                                                \
	X(links_now)                                                         \
	X(links_adopted_now)                                                 \
	X(links_adopted)                                                     \
	X(links_grace)                                                       \
	X(links_ended)                                                       \
	X(links_cut)                                                         \
	X(instances_now)                                                     \
	/* links that are looked into, and their packets that wait for it */ \
	X(inspections)                                                       \
	X(inspections_now)                                                   \
	X(inspections_finished)                                              \
	X(inspections_given_up_time)                                         \
	X(inspections_given_up_room)                                         \
	X(inspections_given_up_limit)                                        \
	X(inspections_contradicted)                                          \
	X(inspection_bytes_now)                                              \
	X(inspection_decided)                                                \
	X(inspection_denied)                                                 \
	X(inspection_held)                                                   \
	X(inspection_held_now)                                               \
	X(inspection_held_full)                                              \
	X(inspection_sent_again)                                             \
	X(inspection_dropped)                                                \
	X(inspection_texts_full)                                             \
	/* links through the tunnel */                                       \
	X(tunnel_asked)                                                      \
	X(tunnel_opened)                                                     \
	X(tunnel_failed)                                                     \
	X(tunnel_direct)                                                     \
	X(tunnel_at_once)                                                    \
	X(tunnel_strangers)                                                  \
	X(tunnel_now)                                                        \
	/* who */                                                            \
	X(owner_known)                                                       \
	X(owner_waited)                                                      \
	X(owner_none)                                                        \
	X(owner_self)                                                        \
	X(owner_kernel)                                                      \
	X(owner_expired)                                                     \
	X(owner_busy)                                                        \
	/* questions and names */                                            \
	X(questions)                                                         \
	X(questions_denied_before)                                           \
	X(questions_denied_after)                                            \
	X(questions_given_again)                                             \
	X(questions_answered)                                                \
	X(questions_failed)                                                  \
	X(questions_held)                                                    \
	X(questions_unanswered)                                              \
	X(questions_malformed)                                               \
	X(questions_full)                                                    \
	X(answers_found)                                                     \
	X(answers_missed)                                                    \
	X(answers_evicted)                                                   \
	X(answers_now)                                                       \
	X(answers_bytes_now)                                                 \
	X(names_recorded)                                                    \
	X(names_now)                                                         \
	/* names that are left to the far end */                             \
	X(pool_given)                                                        \
	X(pool_full)                                                         \
	X(pool_now)                                                          \
	/* prompts */                                                        \
	X(prompts_raised)                                                    \
	X(prompts_answered)                                                  \
	X(prompts_expired)                                                   \
	X(prompts_full)                                                      \
	X(prompts_now)                                                       \
	/* events that nobody would have read */                             \
	X(events_unwatched)                                                  \
	/* policy */                                                         \
	X(policy_swaps)                                                      \
	X(intel_swaps)                                                       \
	/* providers */                                                      \
	X(intel_asked)                                                       \
	X(intel_answered)                                                    \
	X(intel_unanswered)                                                  \
	X(intel_waited)                                                      \
	X(intel_went_without)                                                \
	X(intel_redecided)                                                   \
	X(intel_answers_now)                                                 \
	/* attacks */                                                        \
	X(attacks_probes)                                                    \
	X(attacks_vertical_scan)                                             \
	X(attacks_horizontal_scan)                                           \
	X(attacks_slow_scan)                                                 \
	X(attacks_distributed_scan)                                          \
	X(attacks_flag_scan)                                                 \
	X(attacks_udp_scan)                                                  \
	X(attacks_sctp_scan)                                                 \
	X(attacks_protocol_scan)                                             \
	X(attacks_half_open_flood)                                           \
	X(attacks_spoofed_packets)                                           \
	X(attacks_malformed_packets)                                         \
	X(attacks_gateway_claim)                                             \
	X(attacks_now)                                                       \
	X(attacks_not_told)                                                  \
	X(attacks_unwatched)                                                 \
	X(attacks_sources_evicted)                                           \
	X(attackers_blocked)                                                 \
	X(attackers_blocked_now)                                             \
	X(attackers_spared)                                                  \
	X(generations_asked)                                                 \
	X(generations_set)

struct pr_engine_counters {
#define X(name) uint64_t name;
	PR_ENGINE_COUNTERS(X)
#undef X
};

#define PR_ENGINE_N_COUNTERS (sizeof(struct pr_engine_counters) / sizeof(uint64_t))

/* The name of counter `i` as `status` shows it; those that end in "_now" are levels, the rest only grow. */
const char *pr_engine_counter_name(unsigned int i);
