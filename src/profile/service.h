/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of services and protocols as rules write them, in any case. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool pr_service_find(const char *name, unsigned int *ret_port);
bool pr_protocol_find(const char *name, unsigned int *ret_proto);
/* A protocol's name in canonical form ("TCP"), NULL where it has none. */
const char *pr_protocol_name(unsigned int proto);
/* True for the protocols whose links have ports. */
bool pr_protocol_has_ports(unsigned int proto);

/* For the unit test: the look-ups need it. */
bool pr_service_tables_sorted(void);
