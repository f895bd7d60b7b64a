/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/tracing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/session/judge.h"
#include "bench/session/row.h"

_Static_assert((int)TRACE_LINES == (int)RIG_MARKER_LINES, "every marker line is traced");

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

static void fill_identity(struct trace_identity *identity, const struct station *station,
			  const struct store_measurement *row)
{
	const struct rig_meter *config = station->meter_config;
	const struct meter_info *meter = meter_info(station->meter);

	trace_identity_init(identity);
	row_stamp_utc(station->tapes.meter, identity->created_utc, sizeof(identity->created_utc));
	COPY(identity->rig, row->rig);
	snprintf(identity->plan, sizeof(identity->plan), "%.63s", station->work->plan->name);
	COPY(identity->point_key, row->point_key);
	COPY(identity->board, row->board);
	COPY(identity->board_uid, row->board_uid);
	COPY(identity->chip, row->chip);
	COPY(identity->model, row->model);
	COPY(identity->model_sha256, row->model_sha256);
	COPY(identity->build, row->build);
	COPY(identity->runtime, row->runtime);
	COPY(identity->firmware_crc32, row->firmware_crc32);
	COPY(identity->meter, row->meter);
	COPY(identity->meter_model, row->meter_model);
	COPY(identity->meter_serial, row->meter_serial);
	COPY(identity->meter_calibration, row->meter_calibration);
	if (station->board->markers)
		snprintf(identity->marker_source, sizeof(identity->marker_source),
			 "%.120s, edges stamped by the host, here at sample resolution",
			 station->board->markers);
	identity->is_virtual = row->is_virtual;
	identity->attempt = row->attempt;
	identity->repeat_index = row->repeat_index;
	identity->clock_hz = row->clock_hz;
	identity->rate_hz = meter->rate_hz;
	identity->range_max_a = meter->range_max_a;
	identity->gain_u_rel = config->gain_u_rel > 0 ? config->gain_u_rel : meter->gain_u_rel;
	identity->offset_u_a = config->offset_u_a > 0 ? config->offset_u_a : meter->offset_u_a;
	identity->supply_v = config->supply_v;
	identity->supply_u_v = config->supply_u_v;
	identity->ambient_c = row->ambient_c;
}

void tracing_begin(struct tracing *tracing, const char *folder, const struct station *station,
		   const struct store_measurement *row)
{
	struct link_tape *tape = station->tapes.meter;
	struct store_measurement known = *row;
	struct trace_identity identity;
	struct trace_options options = {.folder = folder, .identity = &identity};

	memset(tracing, 0, sizeof(*tracing));
	row_fill_devices(&known, station);
	fill_identity(&identity, station, &known);
	memcpy(options.marker_input, station->meter_config->marker_input,
	       sizeof(options.marker_input));
	tracing->has_voltage = meter_info(station->meter)->caps & METER_CAP_VOLTAGE;
	options.voltage = tracing->has_voltage;
	tracing->mono_to_utc_ns = link_tape_wall_ns(tape);
	tracing->mono_to_utc_ns -= link_tape_clock_ns(tape);
	tracing->begun = true;
	tracing->failed = trace_writer_open(&options, &tracing->writer, &tracing->failure);
}

static int correct(struct tracing *tracing, const struct meter_block *block,
		   enum meter_block_flag flag, enum trace_correction_kind kind)
{
	return block->flags & flag
		       ? trace_writer_correct(tracing->writer, kind, 0, &tracing->failure)
		       : 0;
}

void tracing_append(struct tracing *tracing, const struct meter_block *block)
{
	const struct trace_block traced = {
		.current_a = block->current_a,
		.voltage_v = tracing->has_voltage ? block->voltage_v : NULL,
		.logic = block->logic,
		.count = block->count,
		.lost = block->lost,
		.meter_index = block->first_index,
		.t_mono_ns = block->t_mono_ns,
		.t_utc_ns = block->t_mono_ns + tracing->mono_to_utc_ns,
		.saturated = block->flags & METER_BLOCK_SATURATED,
	};
	int ret;

	if (!tracing->begun || tracing->failed)
		return;
	ret = correct(tracing, block, METER_BLOCK_RESYNC, TRACE_CORRECTION_RESYNC);
	if (!ret)
		ret = trace_writer_append(tracing->writer, &traced, &tracing->failure);
	if (!ret)
		ret = correct(tracing, block, METER_BLOCK_TIME_MISMATCH, TRACE_CORRECTION_MISMATCH);
	if (!ret)
		ret = correct(tracing, block, METER_BLOCK_RANGE_MISFIT, TRACE_CORRECTION_RANGE);
	tracing->failed = ret;
}

static void finish(struct tracing *tracing, enum trace_retention retention,
		   struct store_measurement *row)
{
	enum trace_keep keep = trace_retention_decide(retention, row->verdict, false);
	char sha256[TRACE_HASH_SIZE] = "", ignored[TRACE_HASH_SIZE];
	struct err again = {""};

	if (!tracing->failed)
		tracing->failed = trace_writer_finish(tracing->writer, keep, row->verdict,
						      row->reason, sha256, &tracing->failure);
	else if (tracing->writer) /* fails again, and leaves what was flushed to the next repair */
		trace_writer_finish(tracing->writer, keep, row->verdict, row->reason, ignored,
				    &again);
	tracing->writer = NULL;
	snprintf(row->trace_sha256, sizeof(row->trace_sha256), "%s", sha256);
}

/* The sentence begins with "trace: ", as the reason does. */
static void refuse(const struct err *failure, struct store_measurement *row)
{
	const char *code = verdict_entry(VERDICT_REASON_TRACE)->code, *text = failure->text;
	size_t length = strlen(code);

	if (!strncmp(text, code, length) && text[length] == ':')
		text += length + 1 + (text[length + 1] == ' ');
	judge_refuse_row(row, VERDICT_REASON_TRACE, "%s", text);
}

int tracing_end(struct tracing *tracing, enum trace_retention retention, struct link_tape *tape,
		struct store_measurement *row, struct err *err)
{
	bool taped;

	if (!tracing->begun)
		return 0;
	tracing->begun = false;
	finish(tracing, retention, row);
	taped = link_tape_flag(tape, tracing->failed != 0);
	if (tracing->failed && !taped)
		return err_set(err, -EIO, "replay: %s", tracing->failure.text);
	if (!taped)
		return 0;
	if (!tracing->failed)
		err_set(&tracing->failure, 0, "could not be written when this was recorded");
	if (!strcmp(row->verdict, "accepted") || !strcmp(row->verdict, "suspect"))
		refuse(&tracing->failure, row);
	else
		fprintf(stderr, "joulebench: %s: %s\n", row->board, tracing->failure.text);
	row->trace_sha256[0] = 0;
	return 0;
}

void tracing_drop(struct tracing *tracing)
{
	trace_writer_discard(tracing->writer);
	tracing->writer = NULL;
	tracing->begun = false;
}
