/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions that the table of inspectors names. */
#pragma once

#include "inspection/inspector.h"

enum pr_look pr_inspect_tls(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_dtls(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_smtp(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_imap(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_pop3(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_ftp(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_postgresql(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_quic(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_dns(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_wireguard(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_stun(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_ntp(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_ssdp(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_dhcp(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_http(const struct pr_transcript *transcript, struct pr_seen *seen);
enum pr_look pr_inspect_ssh(const struct pr_transcript *transcript, struct pr_seen *seen);
