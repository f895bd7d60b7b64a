/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What armv7em_fuzz.c knows about encodings, from the architecture manuals (ARMv7-M ARM DDI 0403,
 * Armv8-M ARM DDI 0553). A long encoding has its first half-word in the upper half.
 */
#ifndef TESTS_ORACLE_ARMV7EM_RULES_H
#define TESTS_ORACLE_ARMV7EM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/armv7em.h"

bool rules_is_memory(uint32_t code); /* a load or store: give it addresses */
/* Not compared: system instructions, whose state the oracle does not have. */
bool rules_excluded(enum armv7em_model model, uint32_t code, bool in_it);
/* UNDEFINED or UNPREDICTABLE by the manual, or a should-be bit that is not. */
bool rules_reserved(enum armv7em_model model, uint32_t code, bool in_it);
/* The oracle does not fault where the manual says so. */
bool rules_fault_differs(uint32_t code, uint32_t cfsr);
/* Wrong results of the oracle, by name. */
bool rules_oracle_bug(uint32_t code, const uint32_t r[16], uint32_t flags);

#endif
