/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the board keeps about its last run beside the result: cycles of the layers, paths taken.
 */
#include <errno.h>
#include <string.h>

#include "drivers/dut/dut_internal.h"

static int run_of(const struct dut *dut, const char *what, uint16_t sequence, struct err *err)
{
	uint16_t expected = dut->exchange.run.sequence;

	if (expected && sequence == expected)
		return 0;
	return err_set(err, -EAGAIN, "dut: %s: the board has those of run %u, not of %u", what,
		       sequence, expected);
}

static int layers_read(struct dut *dut, uint32_t first, struct wire_layers_reply *ret_layers,
		       struct err *err)
{
	struct wire_frame request = {.type = WIRE_LAYERS};
	struct wire_layers layers = {.first = first};
	struct wire_frame reply;
	int rc;

	request.count = (uint16_t)wire_layers_encode(&layers, request.payload);
	rc = dut_request(dut, &request, dut->reply_ms, &reply, err);
	if (rc)
		return rc;
	if (!wire_layers_reply_decode(reply.payload, reply.count, ret_layers) ||
	    ret_layers->first != first || ret_layers->count == 0)
		return dut_reply_senseless(&request, &reply, err);
	return run_of(dut, "LAYERS", ret_layers->run_sequence, err);
}

int dut_read_layers(struct dut *dut, uint64_t *ret_cycles, size_t count, struct err *err)
{
	struct wire_layers_reply layers;

	for (size_t at = 0; at < count; at += layers.count) {
		int rc = layers_read(dut, (uint32_t)at, &layers, err);

		if (rc)
			return rc;
		if (layers.layer_count != count || layers.count > count - at)
			return err_set(err, -EPROTO, "dut: LAYERS: the board has %u, the image %zu",
				       layers.layer_count, count);
		memcpy(ret_cycles + at, layers.cycles, layers.count * sizeof(*ret_cycles));
	}
	return 0;
}

int dut_set_exit(struct dut *dut, int32_t threshold, struct err *err)
{
	struct wire_frame request = {.type = WIRE_EXIT};
	struct wire_exit to = {.threshold = threshold};
	struct wire_frame reply;
	int rc;

	request.count = (uint16_t)wire_exit_encode(&to, request.payload);
	rc = dut_request(dut, &request, dut->reply_ms, &reply, err);
	if (!rc && reply.count)
		rc = dut_reply_senseless(&request, &reply, err);
	return rc;
}

int dut_read_paths(struct dut *dut, struct wire_paths_reply *ret_paths, struct err *err)
{
	struct wire_frame request = {.type = WIRE_PATHS};
	struct wire_frame reply;
	int rc = dut_request(dut, &request, dut->reply_ms, &reply, err);

	if (rc)
		return rc;
	if (!wire_paths_reply_decode(reply.payload, reply.count, ret_paths))
		return dut_reply_senseless(&request, &reply, err);
	return run_of(dut, "PATHS", ret_paths->run_sequence, err);
}
