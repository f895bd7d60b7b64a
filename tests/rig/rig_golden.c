/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loads each model of a plan into the rig's first board and compares every operator's CRC-32 with the golden
 * files beside the models, for every recorded input.
 *
 * usage: rig_golden RIG.yaml PLAN.yaml FIRMWARE_FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/station.h"

enum { CHECK_TIMEOUT_MS = 60000 };

struct tally {
	unsigned layers, outputs, wrong;
};

static void beside(const char *model_path, const char *suffix, char *path, size_t size)
{
	int stem = (int)(strlen(model_path) - strlen(".tflite"));

	snprintf(path, size, "%.*s%s", stem, model_path, suffix);
}

static void compare_line(const char *line, uint32_t vector, const struct wire_check_reply *check,
			 struct tally *tally)
{
	unsigned k, op, tensor, bytes, crc;
	bool same;

	if (sscanf(line, "layer %u %u %u %u %x", &k, &op, &tensor, &bytes, &crc) == 5 && k == vector) {
		same = op < check->layer_count && check->layer_crc32[op] == crc;
		tally->layers++;
	} else if (sscanf(line, "output %u %u %u %x", &k, &op, &bytes, &crc) == 4 && k == vector) {
		same = check->output_crc32 == crc && check->output_bytes == bytes;
		tally->outputs++;
	} else {
		return;
	}
	if (!same) {
		printf("differs from: %.60s\n", line);
		tally->wrong++;
	}
}

static int compare_file(const char *path, uint32_t vector, const struct wire_check_reply *check,
			struct tally *tally)
{
	static char line[1 << 16];
	FILE *stream = fopen(path, "r");

	if (!stream) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), stream))
		compare_line(line, vector, check, tally);
	fclose(stream);
	return 0;
}

static int run_vectors(struct station *station, const char *model_path, struct tally *tally,
		       struct err *err)
{
	char inputs_path[4096], golden_path[4096];
	struct wire_check_reply check;
	uint32_t head[3];
	uint8_t *input;
	FILE *stream;
	int ret = 0;

	beside(model_path, ".inputs.bin", inputs_path, sizeof(inputs_path));
	beside(model_path, ".golden.txt", golden_path, sizeof(golden_path));
	stream = fopen(inputs_path, "rb");
	if (!stream || fread(head, 1, sizeof(head), stream) != sizeof(head) ||
	    memcmp(head, "GINP", 4)) {
		if (stream)
			fclose(stream);
		return err_set(err, -1, "%s: not a file of inputs", inputs_path);
	}
	input = malloc(head[2]);
	for (uint32_t k = 0; !ret && input && k < head[1]; k++) {
		if (fread(input, 1, head[2], stream) != head[2])
			ret = err_set(err, -1, "%s: cut off", inputs_path);
		if (!ret)
			ret = dut_set_input(station->dut, input, head[2], err);
		if (!ret)
			ret = dut_check(station->dut, CHECK_TIMEOUT_MS, &check, err);
		if (!ret && compare_file(golden_path, k, &check, tally))
			ret = err_set(err, -1, "%s: cannot be read", golden_path);
	}
	free(input);
	fclose(stream);
	return ret;
}

static int run_models(const struct session_work *work, struct err *err)
{
	struct station station = {0};
	int ret = station_open(&station, work, 0, err);

	if (!ret)
		ret = station_prepare_build(&station, 0, err);
	for (unsigned i = 0; !ret && i < work->plan->model_count; i++) {
		struct tally tally = {0};

		ret = station_prepare_model(&station, i, err);
		if (!ret)
			ret = run_vectors(&station, work->plan->models[i], &tally, err);
		if (ret)
			break;
		station.has_input = false;
		printf("%s: %u layers and %u outputs compared, %u differ\n",
		       work->models[i].image->name, tally.layers, tally.outputs, tally.wrong);
		if (tally.wrong || !tally.layers || !tally.outputs)
			ret = err_set(err, -1, "not equal to the golden vectors");
	}
	station_close(&station, NULL);
	return ret;
}

int main(int argc, char **argv)
{
	struct rig *rig = NULL;
	struct plan *plan = NULL;
	struct session_work work = {0};
	struct err err = {""};
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: rig_golden RIG.yaml PLAN.yaml FIRMWARE_FOLDER\n");
		return 2;
	}
	ret = rig_load(argv[1], &rig, &err);
	if (!ret)
		ret = plan_load(argv[2], &plan, &err);
	if (!ret)
		ret = session_work_prepare(plan, rig, argv[3], &work, &err);
	if (!ret)
		ret = run_models(&work, &err);
	if (ret)
		fprintf(stderr, "rig_golden: %s\n", err.text);
	session_work_done(&work);
	plan_free(plan);
	rig_free(rig);
	return ret != 0;
}
