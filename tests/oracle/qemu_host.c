/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a program of tests/oracle/corpus on one of the virtual cores and compares it with what QEMU
 * reported of the same file (qemu_oracle.sh runs both):
 *
 *   qemu_host m4|m7|m33|rv32 PROGRAM.elf REPORT COUNTS [results]
 *
 * REPORT is what the program printed on QEMU (corpus/runtime.c), COUNTS what qemu_plugin.c wrote.
 * Compared: the results and all static data; the instructions, in total and per address; the
 * classes of activity.h. With `results`, of programs whose timing differs by design, only the
 * first.
 *
 * The core runs twice: freely, and instruction by instruction, to count per address and to see what
 * IT skips (which QEMU counts in the instruction's class and the core as other). Both runs must
 * agree in every counter, cycles included; except cycles of the M7, which single-issues stepwise:
 * of two that issue together the first takes no cycle to stop at.
 *
 * Values that a program masks (mask_out) are counted by rule, and how many of them differ.
 *
 * Known differences, which are named and not tolerated beyond their exact number:
 *   end marker   the store that stops the core is in .tail, where QEMU is not counted
 *   faulted      an instruction that faults is counted by QEMU, not by the core; the program says
 *                how many did
 *   boot ROM     of QEMU's boards is outside of the counted addresses
 */
#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"
#include "rigs/virtual/cores/rv32.h"
#include "tests/oracle/corpus/corpus.h"
#include "tests/oracle/exceptions/rules.h"

#define CODE_BYTES   0x80000u
#define TAIL_OFFSET  0x70000u
#define RAM_BYTES    0x80000u
#define CYCLES_MAX   400000000u
#define REPORT_WORDS (7u + CORPUS_WORDS + 2 * MASKED_MAX)
#define SHOWN_MAX    12u
#define MSIP         0x02000000u /* software interrupt of QEMU's `virt` board (SiFive CLINT) */
#define MSI_NUMBER   3u
#define CSR_MIE      0x304u

struct target {
	const char *name;
	enum armv7em_model model; /* 0: RISC-V */
	uint32_t code_base, ram_base, end_marker;
	unsigned rules; /* TARGET_ */
};

/* QEMU's mps2-an386, mps2-an500, mps2-an505 (secure aliases) and virt. */
static const struct target targets[] = {
	{"m4", ARMV7EM_M4, 0x00000000, 0x20000000, 0x20100000, TARGET_M4},
	{"m7", ARMV7EM_M7, 0x00000000, 0x20000000, 0x20100000, TARGET_M7},
	{"m33", ARMV7EM_M33, 0x10000000, 0x38000000, 0x38100000, TARGET_M33},
	{"rv32", 0, 0x80000000, 0x80080000, 0x80200000, TARGET_RV32},
};

struct site {
	uint32_t code;
	unsigned long long count;
	unsigned class, condition;
	uint64_t ours, skipped;
};

struct run {
	struct core_counts counts;
	uint8_t ram[RAM_BYTES];
};

struct comparison {
	const struct target *target;
	struct armv7em *arm;
	struct rv32 *rv;
	struct core_model single_issue;
	uint32_t interrupts_enabled, software_interrupt;
	bool ended;
	uint8_t code[CODE_BYTES], image[RAM_BYTES];
	struct run free_run, stepped;
	char fault_text[320];
	struct site sites[TAIL_OFFSET / 2];
	uint32_t report[REPORT_WORDS];
	unsigned report_count;
	uint64_t faulted;
	unsigned masked[MASK_RULE_COUNT], masked_differently[MASK_RULE_COUNT];
	unsigned differences;
};

static void differ(struct comparison *c, const char *what, uint64_t core, uint64_t oracle)
{
	if (c->differences++ < SHOWN_MAX)
		printf("  %s: core %" PRIu64 " (0x%" PRIx64 "), QEMU %" PRIu64 " (0x%" PRIx64 ")\n",
		       what, core, core, oracle, oracle);
}

/* ---- inputs ---- */

static bool load_segment(struct comparison *c, FILE *file, const Elf32_Phdr *segment)
{
	uint32_t code = segment->p_paddr - c->target->code_base;
	uint32_t ram = segment->p_paddr - c->target->ram_base;
	uint8_t *to;

	if (segment->p_type != PT_LOAD || !segment->p_filesz)
		return true;
	if (code < CODE_BYTES && segment->p_filesz <= CODE_BYTES - code)
		to = c->code + code;
	else if (ram < RAM_BYTES && segment->p_filesz <= RAM_BYTES - ram)
		to = c->image + ram;
	else
		return false;
	return !fseek(file, (long)segment->p_offset, SEEK_SET) &&
	       fread(to, 1, segment->p_filesz, file) == segment->p_filesz;
}

static bool load_program(struct comparison *c, const char *path)
{
	FILE *file = fopen(path, "rb");
	Elf32_Ehdr header;
	bool ok = file && fread(&header, sizeof(header), 1, file) == 1 &&
		  !memcmp(header.e_ident, ELFMAG, SELFMAG);

	for (unsigned i = 0; ok && i < header.e_phnum; i++) {
		Elf32_Phdr segment;

		ok = !fseek(file, (long)(header.e_phoff + i * sizeof(segment)), SEEK_SET) &&
		     fread(&segment, sizeof(segment), 1, file) == 1 &&
		     load_segment(c, file, &segment);
	}
	if (file)
		fclose(file);
	return ok;
}

static bool load_report(struct comparison *c, const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned n = 0;

	while (file && n < REPORT_WORDS && fscanf(file, "%" SCNx32, &c->report[n]) == 1)
		n++;
	if (file)
		fclose(file);
	c->report_count = n;
	return n >= 6 && c->report[0] <= RAM_BYTES &&
	       c->report[0] >= sizeof(struct firmware_result);
}

static bool load_counts(struct comparison *c, const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned lines = 0, bytes;
	uint32_t address;
	struct site site = {0};
	char end[4] = "";

	while (file && fscanf(file, "%8" SCNx32 " %" SCNx32 " %u %llu %u %u\n", &address,
			      &site.code, &bytes, &site.count, &site.class, &site.condition) == 6) {
		if (address - c->target->code_base >= TAIL_OFFSET || site.class >= CORE_CLASS_COUNT)
			break;
		c->sites[(address - c->target->code_base) / 2] = site;
		lines++;
	}
	if (file && fscanf(file, "%3s", end) != 1)
		end[0] = 0;
	if (file)
		fclose(file);
	return lines && !strcmp(end, ".");
}

/* ---- the core ---- */

static void stop(struct comparison *c)
{
	c->ended = true;
	if (c->arm)
		armv7em_request_stop(c->arm);
	else
		rv32_request_stop(c->rv);
}

static void assert_interrupt(struct comparison *c)
{
	bool is_enabled = c->interrupts_enabled >> MSI_NUMBER & 1;

	rv32_set_interrupt(c->rv, c->software_interrupt & is_enabled ? MSI_NUMBER : 0);
}

static bool on_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct comparison *c = context;

	if (address == c->target->end_marker && size == 4) {
		stop(c);
		return true;
	}
	if (!c->rv || address != MSIP || size != 4)
		return false;
	c->software_interrupt = value & 1;
	assert_interrupt(c);
	return true;
}

static bool on_csr_read(void *context, uint32_t csr, uint32_t *ret_value)
{
	struct comparison *c = context;

	*ret_value = c->interrupts_enabled;
	return csr == CSR_MIE;
}

static bool on_csr_write(void *context, uint32_t csr, uint32_t value)
{
	struct comparison *c = context;

	if (csr != CSR_MIE)
		return false;
	c->interrupts_enabled = value;
	assert_interrupt(c);
	return true;
}

static void open_arm(struct comparison *c, uint8_t *ram)
{
	const struct armv7em_bus bus = {.context = c, .write = on_write};
	bool is_m7 = c->target->model == ARMV7EM_M7;

	c->arm = armv7em_new(&bus, c->target->model, 16);
	if (!c->arm)
		return;
	armv7em_map(c->arm, c->target->code_base, CODE_BYTES, c->code,
		    is_m7 ? ARMV7EM_MEMORY_AXI_FLASH : ARMV7EM_MEMORY_FLASH);
	armv7em_map(c->arm, c->target->ram_base, RAM_BYTES, ram,
		    is_m7 ? ARMV7EM_MEMORY_AXI_RAM : ARMV7EM_MEMORY_RAM);
	armv7em_set_flash(c->arm, 3, true, true, true);
	armv7em_reset(c->arm, c->target->code_base);
}

static void open_rv32(struct comparison *c, uint8_t *ram)
{
	const struct rv32_bus bus = {.context = c,
				     .write = on_write,
				     .csr_read = on_csr_read,
				     .csr_write = on_csr_write};

	c->rv = rv32_new(&bus);
	if (!c->rv)
		return;
	rv32_map(c->rv, c->target->code_base, CODE_BYTES, c->code, RV32_MEMORY_CACHED);
	rv32_map(c->rv, c->target->ram_base, RAM_BYTES, ram, RV32_MEMORY_RAM);
	rv32_set_flash(c->rv, 40);
	rv32_reset(c->rv, c->target->code_base);
}

static bool open_core(struct comparison *c, uint8_t *ram)
{
	c->arm = NULL;
	c->rv = NULL;
	c->ended = false;
	c->interrupts_enabled = c->software_interrupt = 0;
	memcpy(ram, c->image, RAM_BYTES);
	if (c->target->model)
		open_arm(c, ram);
	else
		open_rv32(c, ram);
	return c->arm || c->rv;
}

static void close_core(struct comparison *c, struct core_counts *ret_counts)
{
	snprintf(c->fault_text, sizeof(c->fault_text), "%s",
		 c->arm ? armv7em_fault_text(c->arm) : rv32_fault_text(c->rv));
	*ret_counts = c->arm ? *armv7em_counts(c->arm) : *rv32_counts(c->rv);
	ret_counts->instructions--; /* end marker */
	ret_counts->classes[CORE_CLASS_STORE]--;
	armv7em_free(c->arm);
	rv32_free(c->rv);
}

static uint64_t now(const struct comparison *c)
{
	return c->arm ? armv7em_now(c->arm) : rv32_now(c->rv);
}

/* False where the core can go no further. */
static bool go_on(struct comparison *c, uint64_t limit)
{
	if (c->arm) {
		enum armv7em_stop why = armv7em_run(c->arm, limit);

		if (why == ARMV7EM_STOP_SLEEP)
			return armv7em_sleep(c->arm, CYCLES_MAX) && !c->ended;
		return why == ARMV7EM_STOP_LIMIT;
	}
	return rv32_run(c->rv, limit) == RV32_STOP_LIMIT;
}

static bool finished(struct comparison *c)
{
	if (!c->ended)
		printf("  the core did not reach the end: pc 0x%08" PRIx32 ", %s\n",
		       c->arm ? armv7em_pc(c->arm) : rv32_pc(c->rv),
		       c->arm ? armv7em_fault_text(c->arm) : rv32_fault_text(c->rv));
	return c->ended;
}

static bool run_freely(struct comparison *c)
{
	if (!open_core(c, c->free_run.ram))
		return false;
	while (!c->ended && now(c) < CYCLES_MAX && go_on(c, CYCLES_MAX))
		;
	close_core(c, &c->free_run.counts);
	return c->ended;
}

/* ARMv7-M ARM, A7.3. */
static bool condition_passed(unsigned condition, uint32_t xpsr)
{
	bool n = xpsr >> 31 & 1, z = xpsr >> 30 & 1, carry = xpsr >> 29 & 1, v = xpsr >> 28 & 1;
	const bool passed[8] = {z, carry, n, v, carry && !z, n == v, n == v && !z, true};

	return passed[condition >> 1] != ((condition & 1) && condition != 15);
}

static uint64_t instructions(const struct comparison *c)
{
	return c->arm ? armv7em_counts(c->arm)->instructions : rv32_counts(c->rv)->instructions;
}

static void note_step(struct comparison *c, uint32_t pc, uint32_t xpsr)
{
	uint32_t offset = pc - c->target->code_base;
	struct site *site;

	if (offset >= TAIL_OFFSET)
		return;
	site = &c->sites[offset / 2];
	site->ours++;
	if (site->condition && !condition_passed(site->condition - 1, xpsr))
		site->skipped++;
}

/* A step may be an exception entry: then nothing was executed at pc. */
static bool run_stepwise(struct comparison *c)
{
	bool ok;

	if (!open_core(c, c->stepped.ram))
		return false;
	if (c->arm) {
		c->single_issue = *c->arm->model;
		c->single_issue.pairs = false;
		c->arm->model = &c->single_issue;
	}
	while (!c->ended && now(c) < CYCLES_MAX) {
		uint32_t pc = c->arm ? armv7em_pc(c->arm) : rv32_pc(c->rv);
		uint32_t xpsr = c->arm ? armv7em_register(c->arm, 16) : 0;
		uint64_t before = instructions(c);

		ok = go_on(c, now(c) + 1);
		if (instructions(c) == before + 1)
			note_step(c, pc, xpsr);
		else if (instructions(c) != before)
			differ(c, "instructions in one step", instructions(c) - before, 1);
		if (!ok)
			break;
	}
	ok = finished(c);
	close_core(c, &c->stepped.counts);
	return ok;
}

/* ---- comparison ---- */

/* FNV-1a, as in corpus/runtime.c. */
static uint32_t memory_sum(const uint8_t *from, uint32_t bytes)
{
	uint32_t sum = 0x811c9dc5;

	for (uint32_t i = 0; i < bytes; i++)
		sum = (sum ^ from[i]) * 0x01000193u;
	return sum;
}

static unsigned results_shown(const struct comparison *c)
{
	unsigned count = c->report[4] < CORPUS_WORDS ? c->report[4] : CORPUS_WORDS;

	return 6 + count <= c->report_count ? count : c->report_count - 6;
}

static const struct {
	const char *name;
	unsigned targets;
} mask_rules[] = {
#define X(name, targets, reason) {#name, targets},
	MASK_RULES(X)
#undef X
};

/* The same rules in the same order; bits may differ where the rule is about the target. */
static void compare_masked(struct comparison *c)
{
	const struct firmware_masked *mine = (const void *)(c->free_run.ram + MASKED_OFFSET);
	const uint32_t *other = c->report + 6 + results_shown(c);
	unsigned left = c->report_count - 6 - results_shown(c);

	if (!left || mine->count != *other || left != 1 + 2 * mine->count) {
		differ(c, "number of masked values (or more than fit)", mine->count,
		       left ? *other : 0);
		return;
	}
	for (unsigned i = 0; i < mine->count; i++) {
		uint32_t rule = mine->entries[i].rule, bits = mine->entries[i].bits;

		if (rule >= MASK_RULE_COUNT || rule != other[1 + 2 * i]) {
			differ(c, "rule", rule, other[1 + 2 * i]);
			return;
		}
		c->masked[rule]++;
		if (bits == other[2 + 2 * i])
			continue;
		c->masked_differently[rule]++;
		if (!(mask_rules[rule].targets & c->target->rules))
			differ(c, mask_rules[rule].name, bits, other[2 + 2 * i]);
	}
}

static void compare_results(struct comparison *c)
{
	struct firmware_result result;
	char what[40];

	memcpy(&result, c->free_run.ram, sizeof(result));
	c->faulted = result.faulted;
	if (result.unexpected || c->report[3]) {
		differ(c, "unexpected exception", result.unexpected, c->report[3]);
		printf("  %s\n", c->fault_text);
	}
	if (result.faulted != c->report[2])
		differ(c, "faulted instructions", result.faulted, c->report[2]);
	if (!result.count || result.count != c->report[4])
		differ(c, "number of results", result.count, c->report[4]);
	if (result.sum != c->report[5])
		differ(c, "check sum of results", result.sum, c->report[5]);
	for (unsigned i = 0; i < results_shown(c); i++) {
		snprintf(what, sizeof(what), "result %u", i);
		if (result.words[i] != c->report[6 + i])
			differ(c, what, result.words[i], c->report[6 + i]);
	}
	if (memory_sum(c->free_run.ram, c->report[0]) != c->report[1])
		differ(c, "check sum of data", memory_sum(c->free_run.ram, c->report[0]),
		       c->report[1]);
}

static void compare_sites(struct comparison *c, uint64_t faulted)
{
	uint64_t surplus = 0;

	for (uint32_t i = 0; i < TAIL_OFFSET / 2; i++) {
		const struct site *site = &c->sites[i];
		char what[64];

		if (site->count == site->ours)
			continue;
		if (site->count > site->ours && surplus + site->count - site->ours <= faulted) {
			surplus += site->count - site->ours;
			continue;
		}
		snprintf(what, sizeof(what), "times at 0x%08x (0x%x)", c->target->code_base + 2 * i,
			 site->code);
		differ(c, what, site->ours, site->count);
	}
	if (surplus != faulted)
		differ(c, "faulted instructions found", surplus, faulted);
}

/* QEMU's counts as the core would count: faulted ones out, skipped ones as other. */
static void expected_classes(const struct comparison *c, uint64_t *ret_classes)
{
	memset(ret_classes, 0, CORE_CLASS_COUNT * sizeof(*ret_classes));
	for (uint32_t i = 0; i < TAIL_OFFSET / 2; i++) {
		const struct site *site = &c->sites[i];
		uint64_t executed = site->count;

		if (executed > site->ours && executed - site->ours <= c->faulted)
			executed = site->ours;
		ret_classes[site->class] += executed - site->skipped;
		ret_classes[CORE_CLASS_OTHER] += site->skipped;
	}
}

static void compare_counts(struct comparison *c)
{
	static const char *const names[CORE_CLASS_COUNT] = {
		"ALU", "load",   "store", "load multiple", "store multiple", "MUL", "MAC", "SIMD",
		"DIV", "branch", "FP",    "other"};
	const struct core_counts *counts = &c->free_run.counts;
	uint64_t classes[CORE_CLASS_COUNT], total = 0;

	for (uint32_t i = 0; i < TAIL_OFFSET / 2; i++)
		total += c->sites[i].count;
	if (counts->instructions + c->faulted != total)
		differ(c, "instructions", counts->instructions + c->faulted, total);
	compare_sites(c, c->faulted);
	expected_classes(c, classes);
	for (unsigned i = 0; i < CORE_CLASS_COUNT; i++)
		if (counts->classes[i] != classes[i])
			differ(c, names[i], counts->classes[i], classes[i]);
	if (c->target->model == ARMV7EM_M7)
		c->stepped.counts.cycles = counts->cycles;
	if (memcmp(counts, &c->stepped.counts, sizeof(*counts)))
		differ(c, "counters, freely and stepwise (cycles are)", counts->cycles,
		       c->stepped.counts.cycles);
	if (memcmp(c->free_run.ram, c->stepped.ram, RAM_BYTES))
		differ(c, "memory, freely and stepwise", 1, 0);
}

static bool load_all(struct comparison *c, char **argv)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (!strcmp(argv[1], targets[i].name))
			c->target = &targets[i];
	if (!c->target)
		fprintf(stderr, "qemu_host: no target '%s'\n", argv[1]);
	else if (!load_program(c, argv[2]))
		fprintf(stderr, "qemu_host: cannot load %s\n", argv[2]);
	else if (!load_report(c, argv[3]))
		fprintf(stderr, "qemu_host: no report in %s\n", argv[3]);
	else if (!load_counts(c, argv[4]))
		fprintf(stderr, "qemu_host: no counts in %s\n", argv[4]);
	else
		return true;
	return false;
}

static void print_summary(const struct comparison *c, bool results_only)
{
	const struct firmware_result *result = (const void *)c->free_run.ram;
	uint64_t skipped = 0;

	for (uint32_t i = 0; i < TAIL_OFFSET / 2; i++)
		skipped += c->sites[i].skipped;
	printf("results %u sum %08x instructions %" PRIu64 "%s skipped %" PRIu64 " faulted %" PRIu64
	       " differences %u\n",
	       result->count, result->sum, c->free_run.counts.instructions,
	       results_only ? " (not compared)" : "", skipped, c->faulted, c->differences);
	for (unsigned i = 0; i < MASK_RULE_COUNT; i++)
		if (c->masked[i])
			printf("mask %s %u %u\n", mask_rules[i].name, c->masked[i],
			       c->masked_differently[i]);
}

int main(int argc, char **argv)
{
	bool results_only = argc == 6 && !strcmp(argv[5], "results");
	struct comparison *c = calloc(1, sizeof(*c));
	int status = 2;

	if (!c || argc < 5 || (argc > 5 && !results_only)) {
		fprintf(stderr,
			"usage: qemu_host m4|m7|m33|rv32 PROGRAM.elf REPORT COUNTS [results]\n");
	} else if (load_all(c, argv)) {
		if (!run_freely(c) || !run_stepwise(c))
			differ(c, "reached the end", 0, 1);
		compare_results(c);
		compare_masked(c);
		if (!results_only)
			compare_counts(c);
		print_summary(c, results_only);
		status = c->differences ? 1 : 0;
	}
	free(c);
	return status;
}
