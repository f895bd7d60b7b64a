/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench count: what a board's core executes for one inference, without the board.
 */
#include "bench/commands/count_inputs.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/commands.h"
#include "bench/commands/folders.h"
#include "bench/commands/options.h"
#include "bench/config/levels.h"
#include "bench/report/counts.h"
#include "bench/report/json_out.h"
#include "bench/session/virtual_count.h"
#include "firmware/wire/wire.h"

/* The board whose part file is named so, or the only one with this chip. */
static bool part_is_meant(const struct count_inputs *inputs, const char *path,
			  const struct rig_part_board *part)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t length = strlen(inputs->board);

	return (!strncmp(name, inputs->board, length) && !strcmp(name + length, ".yaml")) ||
	       !strcmp(part->board.chip, inputs->board);
}

static int part_find(struct count_inputs *inputs, const glob_t *files, struct err *err)
{
	char known[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < files->gl_pathc; i++) {
		const char *path = files->gl_pathv[i], *slash = strrchr(path, '/');
		struct rig_part_board part;

		if (rig_part_board_load(path, &part, NULL))
			continue; /* a meter's, or none of ours */
		if (part_is_meant(inputs, path, &part)) {
			inputs->part = part;
			return 0;
		}
		rig_part_board_done(&part);
		if (slash && used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%.*s",
						 used ? ", " : "", (int)strlen(slash + 1) - 5,
						 slash + 1);
	}
	return err_set(err, -EINVAL, "no board '%s' (there are: %s)", inputs->board,
		       used ? known : "none");
}

int count_part_load(struct count_inputs *inputs, struct err *err)
{
	char folder[PATH_MAX], pattern[PATH_MAX + 16];
	glob_t files;
	int ret;

	folders_beside(FOLDERS_PARTS, folder, sizeof(folder));
	snprintf(pattern, sizeof(pattern), "%s/*.yaml",
		 inputs->parts_folder ? inputs->parts_folder : folder);
	if (glob(pattern, 0, NULL, &files))
		return err_set(err, -ENOENT, "no part file matches '%s'", pattern);
	ret = part_find(inputs, &files, err);
	globfree(&files);
	return ret;
}

int count_clock_read(struct count_inputs *inputs, struct err *err)
{
	struct levels_wanted wanted;
	int ret = levels_wanted_parse(inputs->clock ? inputs->clock : "fastest", &wanted, err);

	if (!ret)
		ret = levels_find(&inputs->part.board.levels, &wanted, &inputs->clock_hz, err);
	return ret ? err_context(err, ret, "--clock: %s", inputs->board) : 0;
}

int count_model_compile(struct count_inputs *inputs, struct err *err)
{
	bool optimised = !strcmp(inputs->runtime, "optimised");
	const struct model_options options = {
		.kernel_set = optimised ? inputs->part.board.kernels : IMAGE_KERNELS_PORTABLE,
		.eliminate = inputs->eliminate,
	};

	if (!optimised && strcmp(inputs->runtime, "portable"))
		return err_set(err, -EINVAL, "--runtime: '%s' is neither portable nor optimised",
			       inputs->runtime);
	return model_image_build(inputs->model_path, &options, &inputs->image, err);
}

/* The model's inputs as the file has them, in order; zeros without a file. */
static int input_load(struct count_inputs *inputs, struct err *err)
{
	size_t wanted = inputs->image->raw_input_bytes, count;
	uint8_t *raw = calloc(1, wanted + 1);
	FILE *file = NULL;
	int ret = 0;

	inputs->input = calloc(1, inputs->image->input_bytes + 1u);
	if (!raw || !inputs->input)
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret && inputs->input_path) {
		file = fopen(inputs->input_path, "rb");
		if (!file)
			ret = err_set(err, -errno, "%s: %s", inputs->input_path, strerror(errno));
	}
	if (file) {
		count = fread(raw, 1, wanted + 1, file);
		if (ferror(file) || count != wanted)
			ret = err_set(err, -EINVAL, "%s: holds %s than the model's %zu input bytes",
				      inputs->input_path, count > wanted ? "more" : "fewer",
				      wanted);
		fclose(file);
	}
	if (!ret)
		model_input_quantise(inputs->image, raw, inputs->input);
	free(raw);
	return ret;
}

static int output_crc32(const struct count_inputs *inputs, const struct virtual_count *count,
			uint32_t *ret_crc, struct err *err)
{
	size_t bytes = inputs->image->raw_output_bytes;
	uint8_t *raw;

	if (count->exited || count->output_bytes != inputs->image->output_bytes) {
		*ret_crc = wire_crc32(0, count->output, count->output_bytes);
		return 0;
	}
	raw = malloc(bytes + 1);
	if (!raw)
		return err_set(err, -ENOMEM, "out of memory");
	model_output_dequantise(inputs->image, count->output, raw);
	*ret_crc = wire_crc32(0, raw, bytes);
	free(raw);
	return 0;
}

static int report(const struct count_inputs *inputs, const struct virtual_count *count,
		  struct err *err)
{
	struct counts_report to = {
		.board = inputs->board,
		.build = inputs->build,
		.runtime = inputs->runtime,
		.eliminate = inputs->eliminate,
		.image = inputs->image,
		.count = count,
	};
	int ret = output_crc32(inputs, count, &to.output_crc32, err);

	if (ret)
		return ret;
	if (inputs->json)
		return json_out_print("joulebench.count/1", counts_json(&to), err);
	counts_print(&to, stdout);
	return 0;
}

void count_paths_fill(const struct count_inputs *inputs, struct count_paths *ret_paths)
{
	char folder[PATH_MAX];

	folders_beside(FOLDERS_FIRMWARE, folder, sizeof(folder));
	folders_beside(FOLDERS_VIRTUAL_RIG, ret_paths->program, sizeof(ret_paths->program));
	snprintf(ret_paths->firmware, sizeof(ret_paths->firmware), "%s/%s-%s.bin",
		 inputs->firmware_folder ? inputs->firmware_folder : folder,
		 inputs->part.board.firmware, inputs->build);
}

static int count_and_report(struct count_inputs *inputs, struct err *err)
{
	struct count_paths paths;
	struct virtual_count_job job = {
		.chip = inputs->part.board.chip,
		.firmware = paths.firmware,
		.clock_hz = inputs->clock_hz,
		.image = inputs->image,
		.input = inputs->input,
	};
	struct virtual_count count;
	int ret;

	count_paths_fill(inputs, &paths);
	ret = virtual_count_run(paths.program, &job, &count, err);
	if (ret)
		return err_context(err, ret, "%s on %s", inputs->image->name, inputs->board);
	ret = report(inputs, &count, err);
	virtual_count_done(&count);
	return ret;
}

static int count_simulated(struct count_inputs *inputs, struct err *err)
{
	int ret = count_part_load(inputs, err);

	ret = ret ? ret : count_clock_read(inputs, err);
	ret = ret ? ret : count_model_compile(inputs, err);
	ret = ret ? ret : input_load(inputs, err);
	return ret ? ret : count_and_report(inputs, err);
}

static enum exit_status count_model(struct count_inputs *inputs)
{
	struct err err = {""};
	int ret = inputs->identify      ? count_table_make(inputs, &err)
		  : inputs->counts_path ? count_by_table(inputs, &err)
					: count_simulated(inputs, &err);

	free(inputs->input);
	model_image_free(inputs->image);
	rig_part_board_done(&inputs->part);
	if (!ret)
		return EXIT_DONE;
	return options_fail(&count_command,
			    ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : EXIT_INFRASTRUCTURE,
			    "%s", err.text);
}

static enum exit_status run(int argc, char **argv)
{
	struct count_inputs inputs = {.build = "O2", .runtime = "optimised"};
	const struct option_row rows[] = {
		{"board", &inputs.board, NULL},
		{"clock", &inputs.clock, NULL},
		{"build", &inputs.build, NULL},
		{"runtime", &inputs.runtime, NULL},
		{"input", &inputs.input_path, NULL},
		{"firmware", &inputs.firmware_folder, NULL},
		{"parts", &inputs.parts_folder, NULL},
		{"eliminate", NULL, &inputs.eliminate},
		{"json", NULL, &inputs.json},
		{"identify", NULL, &inputs.identify},
		{"out", &inputs.out_path, NULL},
		{"networks", &inputs.networks, NULL},
		{"counts", &inputs.counts_path, NULL},
		{"partial", NULL, &inputs.partial},
		{NULL, NULL, NULL},
	};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	enum exit_status status;
	int count;

	if (!options_read(&count_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (inputs.identify ? count != 0 || !inputs.board || !inputs.out_path
			    : count != 1 || (!inputs.board && !inputs.counts_path))
		return options_fail(&count_command, EXIT_USAGE,
				    inputs.identify
					    ? "give --board and --out, and no model (see --help)"
					    : "give a model and --board or --counts (see --help)");
	inputs.model_path = arguments[0];
	return count_model(&inputs);
}

const struct command count_command = {
	.name = "count",
	.summary = "count what one inference executes, without a board",
	.help = "usage: joulebench count MODEL.tflite --board BOARD [options]\n"
		"       joulebench count --identify --board BOARD --out FILE [options]\n"
		"       joulebench count MODEL.tflite --counts FILE [options]\n\n"
		"Runs the board's firmware with the model on a virtual board and prints "
		"instructions,\n"
		"cycles and instruction classes of one inference, whole and per layer. "
		"Instructions are\n"
		"exact; cycles are modelled.\n\n"
		"--identify finds how the counts of each kernel follow from the shapes of layers, "
		"by\n"
		"counting networks of random layers (minutes), and writes a table of polynomials. "
		"With\n"
		"--counts a model is counted by such a table, in microseconds, without toolchain,\n"
		"firmware or virtual board; each layer says whether it is exact or bounded.\n\n"
		"  --board BOARD     a part of rigs/parts (nucleo-l4r5zi, ...) or its chip "
		"(stm32l4r5, ...)\n"
		"  --clock CLOCK     clock level: '120 MHz', slowest, fastest (the default); all, "
		"to\n"
		"                    identify cycles at each (at most 8, the slowest and fastest "
		"among "
		"them)\n"
		"  --build BUILD     named firmware build: O2 (the default), Os, O3, clang\n"
		"  --runtime KIND    portable | optimised (the default)\n"
		"  --eliminate       leave out channels that are proved constant\n"
		"  --input FILE      raw bytes of the model's input tensors, in order; zeros if "
		"none\n"
		"  --firmware DIR    where the builds are\n"
		"  --parts DIR       where the parts are\n"
		"  --networks N      networks to identify from (default 48); a quarter more are "
		"held out\n"
		"  --out FILE        where the table goes\n"
		"  --counts FILE     table, or predictor that holds one; gives board, build and "
		"runtime\n"
		"  --partial         count the layers that the table knows and leave out the "
		"others\n"
		"  --json            print one JSON object (schema joulebench.count/1)\n",
	.run = run,
};
