/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Operators packed for the Armv7E-M kernels against the portable ones, bit for bit, on the host:
 * the kernels' C, which schedules as their assembly does.
 */
#include "tests/unit/model/pack_armv7em_case.h"

enum { CASES = 1200 };

/* Which variants ran, and how many operators were left to the portable set. */
static uint32_t variant_counts[64], portable_count;
/* Outputs, and those of them that are not at a bound. */
static uint64_t output_count, inner_count;

static void output_check(const struct pack_case *test, const int8_t *output, uint32_t index)
{
	for (uint32_t i = 0; i < test->out.bytes; i++) {
		inner_count +=
			output[i] > test->op.activation_min && output[i] < test->op.activation_max;
		output_count++;
		if (output[i] == test->expected[i])
			continue;
		fail_msg("operator %u %u variant %u: output %u is %d, not %d", index,
			 test->op.variant, i, output[i], test->expected[i]);
	}
}

static void case_run(struct pack_case *test, uint32_t index)
{
	struct kernel_call call = case_call(test);

	call.weights = test->packed_weights;
	call.channels = test->packed_channels;
	call.scratch = bytes_new(test->needs.scratch_bytes);
	memset(call.scratch, 0x5A, test->needs.scratch_bytes);
	call.output = bytes_new(test->out.bytes);
	kernel_set_armv7em.functions[test->op.variant](&call);
	output_check(test, call.output, index);
	free(call.output);
	for (int i = 0; i < test->op.input_count; i++) {
		if (!(test->needs.in_place >> i & 1))
			continue;
		/* the buffer was allocated for the input, and they are equally long */
		assert_int_equal(test->in[i].bytes, test->out.bytes);
		call.output = bytes_new(test->out.bytes);
		memcpy(call.output, test->input[i], test->in[i].bytes);
		call.input[i] = call.output;
		kernel_set_armv7em.functions[test->op.variant](&call);
		output_check(test, call.output, index);
		free(call.output);
		call.input[i] = test->input[i];
	}
	free(call.scratch);
}

static void cases_run(pack_case_fn *kind, uint32_t count)
{
	struct pack_case test;

	memset(variant_counts, 0, sizeof(variant_counts));
	portable_count = 0;
	output_count = inner_count = 0;
	for (uint32_t done = 0, index = 0; done < count; index++) {
		pack_seed = index;
		case_draw(&test, kind);
		if (case_pack(&test)) {
			assert_true(test.op.variant < 64);
			variant_counts[test.op.variant]++;
			case_run(&test, index);
			done++;
		} else {
			portable_count++;
		}
		case_free(&test);
		assert_true(index < 4 * count);
	}
	print_message("%llu outputs, %llu inside the bounds; %u operators are portable\n",
		      (unsigned long long)output_count, (unsigned long long)inner_count,
		      portable_count);
	assert_true(inner_count > output_count / 4);
}

/* At least a few of each rounding, or the test says little. */
static void variants_check(enum armv7em_function function)
{
	for (int i = 0; i < ARMV7EM_ROUNDINGS; i++) {
		uint32_t count =
			variant_counts[armv7em_variant(function, (enum armv7em_rounding)i)];

		print_message("function %d rounding %d: %u\n", function, i, count);
		assert_true(count >= 20);
	}
}

static void test_conv(void **state)
{
	(void)state;
	cases_run(conv_draw, CASES);
	variants_check(ARMV7EM_GEMM);
}

static void test_depthwise(void **state)
{
	(void)state;
	cases_run(depthwise_draw, 3 * CASES);
	variants_check(ARMV7EM_DEPTHWISE);
	variants_check(ARMV7EM_DEPTHWISE3);
}

static void test_fully_connected(void **state)
{
	(void)state;
	cases_run(fully_connected_draw, CASES);
	variants_check(ARMV7EM_VECTOR);
	variants_check(ARMV7EM_GEMM);
}

static void test_add(void **state)
{
	(void)state;
	cases_run(add_draw, CASES);
	variants_check(ARMV7EM_ADD);
}

static void test_mul(void **state)
{
	(void)state;
	cases_run(mul_draw, CASES);
	variants_check(ARMV7EM_MUL);
}

static void test_pools(void **state)
{
	(void)state;
	cases_run(average_pool_draw, CASES);
	cases_run(max_pool_draw, CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_depthwise),
		cmocka_unit_test(test_fully_connected),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_mul),
		cmocka_unit_test(test_pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
