/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random worlds and subjects, drawn from alphabets so small that they meet. */
#pragma once

#include "decide_world.h"

void draw_seed(uint64_t seed);
uint32_t draw(uint32_t n); /* less than n */
bool one_in(uint32_t n);
const char *draw_name(void);
/* Lists, rather few of those of `among`; NULL: none. */
const uint64_t *draw_bits(uint64_t among);

void draw_world(struct world *world);
void draw_subject(struct pr_subject *subject, uint32_t app);
/* What the packets have shown of a link: all there is to it. Of static memory, until the next call. */
void draw_seen(struct pr_subject *subject);
/* Settles what is open at random; what is known stays. */
void draw_rest(struct pr_subject *subject, uint32_t app);
