/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Armv7E-M kernels as machine code on simulated cores, against the portable ones: each operator
 * twice, its buffers once ending and once beginning where the memory does. What lies beside them is
 * not mapped, or must not change.
 *
 * Needs firmware/test-armv7em-{m4,m7,m33}.bin of the build folder, or it is skipped.
 */
#include <stdio.h>
#include <unistd.h>

#include "rigs/virtual/cores/armv7em.h"
#include "tests/unit/model/pack_armv7em_case.h"
#include "tests/unit/model/pack_armv7em_target.h"

enum {
	CASES = 1000,
	BUFFERS = 6,
	REGION_ALIGN = 32,
	GUARD = 0x5A,
	FIRST_WRITTEN = 2, /* the output; inputs and constants are only read */
	SCRATCH = 5,
};

/* A buffer in its own mapped memory. */
struct region {
	uint8_t *memory;
	uint32_t bytes, offset, count;
};

struct target {
	struct armv7em *core;
	struct region regions[BUFFERS];
	uint8_t mailbox[TARGET_MAILBOX_BYTES], stack[TARGET_STACK_BYTES];
	bool done;
	uint64_t started, instructions;
	uint32_t bad_address;
};

static uint8_t code[TARGET_CODE_BYTES];
static enum armv7em_model core_model;

static bool bus_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct target *target = context;

	(void)size;
	(void)ret_value;
	target->bad_address = address;
	return false;
}

static bool bus_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct target *target = context;
	uint64_t now = armv7em_counts(target->core)->instructions;

	(void)size;
	if (address != TARGET_SIGNAL) {
		target->bad_address = address;
		return false;
	}
	if (value == TARGET_STARTS) {
		target->started = now;
		return true;
	}
	target->done = true;
	target->instructions = now - target->started;
	armv7em_request_stop(target->core);
	return true;
}

static void region_make(struct target *target, int index, const void *bytes, uint32_t count,
			bool at_end)
{
	struct region *region = &target->regions[index];

	region->bytes = (count + REGION_ALIGN - 1) / REGION_ALIGN * REGION_ALIGN;
	region->count = count;
	region->offset = at_end ? region->bytes - count : 0;
	region->memory = bytes_new(region->bytes);
	memset(region->memory, GUARD, region->bytes);
	if (bytes)
		memcpy(region->memory + region->offset, bytes, count);
	if (count > 0)
		armv7em_map(target->core, TARGET_BUFFER(index), region->bytes, region->memory,
			    false);
}

static uint32_t place(const struct target *target, int index)
{
	return TARGET_BUFFER(index) + target->regions[index].offset;
}

/* struct kernel_call with pointers of 32 bits, then the records. */
static void mailbox_fill(struct target *target, const struct pack_case *test)
{
	uint32_t words[3 + 2 * IMAGE_OP_INPUTS_MAX + 3] = {0}, at = TARGET_MAILBOX + 0x80;
	uint32_t *inputs = words + 2 + IMAGE_OP_INPUTS_MAX, *rest = inputs + IMAGE_OP_INPUTS_MAX;

	words[0] = at;
	memcpy(target->mailbox + 0x80, &test->op, sizeof(test->op));
	at += sizeof(test->op);
	for (int i = 0; i < 3; i++, at += sizeof(test->out)) {
		memcpy(target->mailbox + at - TARGET_MAILBOX, i < 2 ? &test->in[i] : &test->out,
		       sizeof(test->out));
		words[i < 2 ? 1 + i : 1 + IMAGE_OP_INPUTS_MAX] = at;
	}
	for (int i = 0; i < 2; i++)
		inputs[i] = place(target, i);
	for (int i = 0; i < 4; i++)
		rest[i] = place(target, 2 + i);
	memcpy(target->mailbox, words, sizeof(words));
}

static void region_check(const struct region *region, const void *expected, uint32_t index)
{
	for (uint32_t i = 0; i < region->bytes; i++) {
		bool inside = i >= region->offset && i < region->offset + region->count;

		if (!inside)
			assert_int_equal(region->memory[i], GUARD);
	}
	if (expected && memcmp(region->memory + region->offset, expected, region->count))
		fail_msg("operator %u: wrong bytes", index);
}

static void case_run(const struct pack_case *test, uint32_t index, bool at_end)
{
	static struct target target;
	struct armv7em_bus bus = {&target, bus_read, bus_write};
	const void *const bytes[BUFFERS] = {test->input[0],       test->input[1],        NULL,
					    test->packed_weights, test->packed_channels, NULL};
	const uint32_t counts[BUFFERS] = {test->in[0].bytes,       test->in[1].bytes,
					  test->out.bytes,         test->op.weights_bytes,
					  test->op.channels_bytes, test->op.scratch_bytes};

	memset(&target, 0, sizeof(target));
	target.core = armv7em_new(&bus, core_model, 16);
	assert_non_null(target.core);
	armv7em_map(target.core, 0, sizeof(code), code, true);
	armv7em_map(target.core, TARGET_MAILBOX, TARGET_MAILBOX_BYTES, target.mailbox, false);
	armv7em_map(target.core, TARGET_STACK, TARGET_STACK_BYTES, target.stack, false);
	for (int i = 0; i < BUFFERS; i++)
		region_make(&target, i, bytes[i], counts[i], at_end);
	mailbox_fill(&target, test);
	armv7em_reset(target.core, 0);
	armv7em_run(target.core, UINT64_C(1000000000));
	if (!target.done)
		fail_msg("operator %u variant %u: %s (address %08x)", index, test->op.variant,
			 armv7em_fault_text(target.core), target.bad_address);
	for (int i = 0; i < BUFFERS; i++) {
		region_check(&target.regions[i],
			     i == FIRST_WRITTEN ? (const void *)test->expected
			     : i == SCRATCH     ? NULL
						: bytes[i],
			     index);
		free(target.regions[i].memory);
	}
	armv7em_free(target.core);
}

static void cases_run(pack_case_fn *kind, uint32_t count)
{
	struct pack_case test;

	for (uint32_t done = 0, index = 0; done < count; index++) {
		pack_seed = index + 1000000;
		case_draw(&test, kind);
		if (case_pack(&test)) {
			case_run(&test, index, true);
			case_run(&test, index, false);
			done++;
		}
		case_free(&test);
		assert_true(index < 4 * count);
	}
}

static const struct {
	enum armv7em_model model;
	const char *name;
} models[] = {{ARMV7EM_M4, "m4"}, {ARMV7EM_M7, "m7"}, {ARMV7EM_M33, "m33"}};

static bool code_load(const char *name)
{
	const char *build = getenv("JOULEBENCH_BUILD");
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/firmware/test-armv7em-%s.bin", build ? build : "build",
		 name);
	file = fopen(path, "rb");
	if (!file)
		return false;
	memset(code, 0, sizeof(code));
	assert_true(fread(code, 1, sizeof(code), file) > 1000);
	fclose(file);
	return true;
}

/* All cases on the M4, a tenth on the cores that run the same instructions. */
static void kind_run(pack_case_fn *kind)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (!code_load(models[i].name)) {
			assert_int_not_equal(i, 0);
			continue;
		}
		core_model = models[i].model;
		cases_run(kind, i == 0 ? CASES : CASES / 10);
	}
}

static void test_conv(void **state)
{
	(void)state;
	kind_run(conv_draw);
}

static void test_depthwise(void **state)
{
	(void)state;
	kind_run(depthwise_draw);
}

static void test_fully_connected(void **state)
{
	(void)state;
	kind_run(fully_connected_draw);
}

static void test_add(void **state)
{
	(void)state;
	kind_run(add_draw);
}

static void test_mul(void **state)
{
	(void)state;
	kind_run(mul_draw);
}

static void test_average_pool(void **state)
{
	(void)state;
	kind_run(average_pool_draw);
}

static void test_max_pool(void **state)
{
	(void)state;
	kind_run(max_pool_draw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_depthwise),
		cmocka_unit_test(test_fully_connected),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_mul),
		cmocka_unit_test(test_average_pool),
		cmocka_unit_test(test_max_pool),
	};

	if (!code_load("m4")) {
		printf("skipped: no firmware/test-armv7em-m4.bin in the build folder\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
