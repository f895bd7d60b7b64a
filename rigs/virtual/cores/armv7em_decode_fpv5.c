/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Decoder: what FPv5-SP adds to FPv4-SP (Armv8-M ARM DDI 0553, C2.4; also in the M7): selection,
 * maximum and minimum, rounding to integral values, conversions with their own rounding.
 */
#include "rigs/virtual/cores/armv7em_decode.h"
#include "rigs/virtual/cores/armv7em_fp.h"

static bool registers(struct decoder *d)
{
	d->op->rd = (uint8_t)(field(d->code, 12, 4) << 1 | field(d->code, 22, 1));
	d->op->rn = (uint8_t)(field(d->code, 16, 4) << 1 | field(d->code, 7, 1));
	d->op->rm = (uint8_t)(field(d->code, 0, 4) << 1 | field(d->code, 5, 1));
	return true;
}

static bool outside_it(struct decoder *d)
{
	return registers(d) && !d->in_it;
}

/* imm: condition code. */
static bool select(struct decoder *d)
{
	static const uint8_t conditions[4] = {0, 6, 10, 12}; /* EQ, VS, GE, GT */

	d->op->imm = conditions[field(d->code, 20, 2)];
	return outside_it(d);
}

/* The two bits of VRINTA..M and VCVTA..M. */
static unsigned rounding(const struct decoder *d)
{
	static const uint8_t modes[4] = {FP_ROUND_AWAY, FP_ROUND_NEAREST, FP_ROUND_UP,
					 FP_ROUND_DOWN};

	return modes[field(d->code, 16, 2)];
}

/* imm: 1 signed, ra: rounding. */
static bool convert(struct decoder *d)
{
	d->op->imm = field(d->code, 7, 1);
	d->op->ra = (uint8_t)rounding(d);
	return outside_it(d);
}

/* ra: rounding, imm: 1 says when it was inexact. */
static bool round_directed(struct decoder *d)
{
	d->op->ra = (uint8_t)rounding(d);
	return outside_it(d);
}

static bool round_zero_or_mode(struct decoder *d)
{
	d->op->ra = field(d->code, 7, 1) ? FP_ROUND_ZERO : FP_ROUND_MODE;
	return registers(d);
}

static bool round_exact(struct decoder *d)
{
	d->op->ra = FP_ROUND_MODE;
	d->op->imm = 1;
	return registers(d);
}

static const struct encoding encodings[] = {
	{0xff800f50, 0xfe000a00, OP_VSEL, select},
	{0xffb00f50, 0xfe800a00, OP_VMAXNM, outside_it},
	{0xffb00f50, 0xfe800a40, OP_VMINNM, outside_it},
	{0xffbc0fd0, 0xfeb80a40, OP_VRINT, round_directed},
	{0xffbc0f50, 0xfebc0a40, OP_VCVT_F32_TO_INT, convert},
	{0xffbf0f50, 0xeeb60a40, OP_VRINT, round_zero_or_mode},
	{0xffbf0fd0, 0xeeb70a40, OP_VRINT, round_exact},
};

const struct encoding_table armv7em_fpv5 = {encodings, sizeof(encodings) / sizeof(encodings[0])};
