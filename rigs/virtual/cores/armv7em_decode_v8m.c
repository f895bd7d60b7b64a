/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv8-M mainline decoder: what it adds to Armv7E-M (Armv8-M ARM DDI 0553, C2.4), without the
 * security extension: load-acquire and store-release, TT, SG as no operation. BXNS, BLXNS, TTA,
 * VLSTM and VLLDM need the security extension and stay undefined.
 */
#include "rigs/virtual/cores/armv7em_decode.h"

/* Size in bits 5..4, as in the exclusives; rm: status of the exclusive stores. */
static bool ordered(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->ra = (uint8_t)field(d->code, 4, 2);
	return d->op->rn != 15 && !is_stack_or_pc(d->op->rd);
}

static bool store_exclusive(struct decoder *d)
{
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	return ordered(d) && !is_stack_or_pc(d->op->rm) && d->op->rm != d->op->rn &&
	       d->op->rm != d->op->rd;
}

static bool test_target(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	return d->op->rn != 15 && !is_stack_or_pc(d->op->rd);
}

static const struct encoding encodings[] = {
	{0xffffffff, 0xe97fe97f, OP_NOP, NULL}, /* SG */
	{0xfff0f0bf, 0xe840f000, OP_TT, test_target},
	{0xfff00fff, 0xe8d00f8f, OP_LOAD_ACQUIRE, ordered},
	{0xfff00fff, 0xe8d00f9f, OP_LOAD_ACQUIRE, ordered},
	{0xfff00fff, 0xe8d00faf, OP_LOAD_ACQUIRE, ordered},
	{0xfff00fff, 0xe8d00fcf, OP_LDREX, ordered},
	{0xfff00fff, 0xe8d00fdf, OP_LDREX, ordered},
	{0xfff00fff, 0xe8d00fef, OP_LDREX, ordered},
	{0xfff00fff, 0xe8c00f8f, OP_STORE_RELEASE, ordered},
	{0xfff00fff, 0xe8c00f9f, OP_STORE_RELEASE, ordered},
	{0xfff00fff, 0xe8c00faf, OP_STORE_RELEASE, ordered},
	{0xfff00ff0, 0xe8c00fc0, OP_STREX, store_exclusive},
	{0xfff00ff0, 0xe8c00fd0, OP_STREX, store_exclusive},
	{0xfff00ff0, 0xe8c00fe0, OP_STREX, store_exclusive},
};

const struct encoding_table armv8m_thumb32 = {encodings, sizeof(encodings) / sizeof(encodings[0])};
