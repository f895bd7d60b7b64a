/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/station_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/flash/flash.h"
#include "firmware/image/image.h"

enum {
	CHECK_FLOOR_MS = 20000,
	EXIT_NEVER = 128, /* a threshold that no int8 reaches */
};

static const struct session_firmware *firmware_of(const struct station *station, unsigned build)
{
	return &station->work->firmwares[station->board_index * station->work->plan->build_count +
					 build];
}

static void print_id(const uint8_t *id, char *text)
{
	for (unsigned i = 0; i < RIG_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

/* The rig's board, where the rig says which, and the same one throughout. */
static int check_id(struct station *station, struct err *err)
{
	const struct rig_board *board = station->board;
	const uint8_t *wanted = board->has_id ? board->id : station->id;
	char answers[2 * RIG_ID_BYTES + 1], expected[2 * RIG_ID_BYTES + 1];

	if (!board->has_id && !station->has_id)
		memcpy(station->id, station->hello.uid, sizeof(station->id));
	station->has_id = true;
	if (!memcmp(station->hello.uid, wanted, RIG_ID_BYTES))
		return 0;
	print_id(station->hello.uid, answers);
	print_id(wanted, expected);
	return err_set(err, -EINVAL, "%s: id %s instead of %s",
		       board->has_id ? "not the rig's board" : "another board answers", answers,
		       expected);
}

static int greet(struct station *station, struct err *err)
{
	int ret = dut_hello(station->dut, &station->hello, err);

	if (!ret && strcmp(station->hello.chip, station->board->chip))
		ret = err_set(err, -EINVAL, "its chip is %s, the rig says %s", station->hello.chip,
			      station->board->chip);
	if (!ret)
		ret = rig_check_origin(station->work->rig,
				       !memcmp(station->hello.uid, "VIRTUAL", 7), "its chip id",
				       err);
	if (!ret)
		ret = check_id(station, err);
	if (!ret && station->hello.image_layout != IMAGE_LAYOUT_VERSION)
		ret = err_set(err, -EPROTO,
			      "its firmware runs image layout %u, this joulebench "
			      "writes %d",
			      station->hello.image_layout, IMAGE_LAYOUT_VERSION);
	return ret ? err_context(err, ret, "board %s", station->board->name) : 0;
}

static bool holds(const struct station *station, const struct session_firmware *firmware)
{
	return station->hello.app_crc32 == firmware->crc32 &&
	       station->hello.app_bytes == firmware->count;
}

int station_write_build(struct station *station, unsigned build, struct err *err)
{
	const struct session_firmware *firmware = firmware_of(station, build);
	const struct rig_board *board = station->board;
	const struct link_settings settings = {.baud = board->baud, .parity = LINK_PARITY_NONE};
	const struct flash_request request = {.link = station->link,
					      .control = &station->control,
					      .baud = board->flash_baud,
					      .address = board->flash_address,
					      .bytes = firmware->bytes,
					      .count = firmware->count,
					      .expected_id = board->flash_id,
					      .uri = board->flash_uri,
					      .config = board->flash_config,
					      .adapter_serial = board->flash_adapter_serial,
					      .tape = station->tapes.board};
	struct flash_report report;
	int ret;

	station_forget(station);
	ret = flash_find(board->flash_driver)->write(&request, &report, err);
	if (ret) {
		link_set(station->link, &settings, NULL); /* else the loader's stay */
		return err_context(err, ret, "board %s: flash", board->name);
	}
	station->flashed++;
	ret = link_set(station->link, &settings, err);
	return ret ? err_context(err, ret, "board %s", board->name) : station_reset(station, err);
}

int station_prepare_build(struct station *station, unsigned build, struct err *err)
{
	const struct session_firmware *firmware = firmware_of(station, build);
	struct err greeting = {""};
	int ret;

	if (holds(station, firmware))
		return 0;
	ret = greet(station, &greeting);
	if (!ret && holds(station, firmware))
		return 0;
	/* The wrong chip, or emulated: writing to it would be worse. No link: nothing to write to.
	 */
	if (ret == -EINVAL || ret == -ENODEV) {
		*err = greeting;
		return ret;
	}
	ret = station_write_build(station, build, err);
	if (!ret)
		ret = greet(station, err);
	if (!ret && !holds(station, firmware))
		ret = err_set(err, -EIO,
			      "board %s: runs other firmware (%08x) than was just flashed "
			      "(%08x)",
			      station->board->name, station->hello.app_crc32, firmware->crc32);
	return ret;
}

static int compare_check(const struct station *station, const struct session_model *model,
			 const struct wire_check_reply *check, struct err *err)
{
	const struct model_expected *expected = &model->expected;
	const struct model_image *image = model->image;

	if (check->layer_count != image->op_count)
		return err_set(err, -EBADMSG, "board %s: model %s: ran %u operators of %u",
			       station->board->name, image->name, check->layer_count,
			       image->op_count);
	for (uint32_t i = 0; image->layers_comparable && i < check->layer_count; i++)
		if (check->layer_crc32[i] != expected->layer_crc32[i])
			return err_set(err, -EBADMSG,
				       "board %s: model %s: operator %u gives %08x, the host %08x",
				       station->board->name, image->name, i, check->layer_crc32[i],
				       expected->layer_crc32[i]);
	if (check->output_crc32 != expected->output_crc32)
		return err_set(err, -EBADMSG, "board %s: model %s: output is %08x, the host's %08x",
			       station->board->name, image->name, check->output_crc32,
			       expected->output_crc32);
	return 0;
}

/* The check runs to the end, the measured inferences as the plan says. */
static int check_whole(struct station *station, const struct session_model *model, int timeout_ms,
		       struct wire_check_reply *ret_check, struct err *err)
{
	const struct model_image *image = model->image;
	int ret = image->has_exit ? dut_set_exit(station->dut, EXIT_NEVER, err) : 0;

	ret = ret ? ret : dut_check(station->dut, timeout_ms, ret_check, err);
	if (!ret && image->has_exit)
		ret = dut_set_exit(station->dut, image->exit_threshold, err);
	return ret;
}

/* Checks at the fastest clock the plan uses: it need not be measured, only right. */
static int check_layers(struct station *station, const struct session_model *model, struct err *err)
{
	const struct levels *levels = &station->work->levels[station->board_index];
	uint32_t fastest = levels->hz[levels->count - 1];
	struct wire_check_reply check;
	int timeout_ms, ret;

	ret = station_set_clock(station, fastest, err);
	if (ret)
		return ret;
	timeout_ms = CHECK_FLOOR_MS +
		     (int)((double)model->image->macs * STATION_CYCLES_PER_MAC_MAX / fastest * 1e3);
	ret = check_whole(station, model, timeout_ms, &check, err);
	if (ret)
		return err_context(err, ret, "board %s: check", station->board->name);
	return compare_check(station, model, &check, err);
}

static int load_image(struct station *station, const struct model_image *image, struct err *err)
{
	int ret;

	station->has_input = false;
	station->checked_crc32 = 0;
	if (image->arena_bytes > station->hello.arena_bytes)
		return err_set(err, -EMSGSIZE,
			       "board %s: model %s needs an arena of %u bytes, the "
			       "board has %u",
			       station->board->name, image->name, image->arena_bytes,
			       station->hello.arena_bytes);
	if (image->count > station->hello.slot_bytes)
		return err_set(
			err, -EMSGSIZE, "board %s: model %s is %zu bytes, the board's slot %u",
			station->board->name, image->name, image->count, station->hello.slot_bytes);
	station->hello.image_bytes = 0; /* not known until committed */
	ret = dut_load_image(station->dut, image->bytes, image->count, image->crc32, err);
	if (ret)
		return err_context(err, ret, "board %s: load %s", station->board->name,
				   image->name);
	station->hello.image_crc32 = image->crc32;
	station->hello.image_bytes = (uint32_t)image->count;
	return 0;
}

int station_prepare_model(struct station *station, unsigned model_index, struct err *err)
{
	const struct session_model *model =
		session_work_model(station->work, station->board_index, model_index);
	const struct model_image *image = model->image;
	int ret = 0;

	if (station->hello.image_crc32 != image->crc32 ||
	    station->hello.image_bytes != image->count)
		ret = load_image(station, image, err);
	if (!ret && !station->has_input) {
		ret = dut_set_input(station->dut, model->input, image->input_bytes, err);
		if (ret)
			return err_context(err, ret, "board %s: input", station->board->name);
		station->has_input = true;
	}
	if (!ret && station->checked_crc32 != image->crc32) {
		ret = check_layers(station, model, err);
		if (!ret)
			station->checked_crc32 = image->crc32;
	}
	return ret;
}

static int check_level(const struct station *station, uint32_t hz, struct err *err)
{
	const struct wire_hello_reply *hello = &station->hello;
	char known[200] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < hello->clock_count && i < WIRE_CLOCKS_MAX; i++) {
		if (hello->clock_hz[i] == hz)
			return 0;
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%g",
						 i ? ", " : "", hello->clock_hz[i] / 1e6);
	}
	return err_set(err, -EINVAL, "board %s: it has no clock level of %g MHz (it has %s MHz)",
		       station->board->name, hz / 1e6, known);
}

int station_set_clock(struct station *station, uint32_t hz, struct err *err)
{
	int ret;

	if (station->clock.hz == hz)
		return 0;
	ret = check_level(station, hz, err);
	if (ret)
		return ret;
	station->clock.hz = 0;
	station->has_settled = false;
	ret = dut_set_clock(station->dut, hz, &station->clock, err);
	if (!ret && station->clock.hz != hz) {
		ret = err_set(err, -EIO, "set %u Hz, it answers %u Hz", hz, station->clock.hz);
		station->clock.hz = 0;
	}
	return ret ? err_context(err, ret, "board %s: clock", station->board->name) : 0;
}

int station_has_restarted(struct station *station, bool *ret_restarted, struct err *err)
{
	struct wire_result_reply result;
	struct wire_hello_reply hello;
	int ret = dut_fetch_result(station->dut, &result, err);
	bool forgot = ret == -EAGAIN;

	if (!ret || forgot)
		ret = dut_hello(station->dut, &hello, err);
	if (ret)
		return err_context(err, ret, "board %s", station->board->name);
	*ret_restarted = forgot || hello.reset_cause != station->hello.reset_cause;
	return 0;
}
