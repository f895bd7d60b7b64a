/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/recording.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/session/recording_manifest.h"

struct recording {
	const struct session_work *work;
	char folder[PATH_MAX];
	char text[PATH_MAX + 256];
	bool is_replay;
	struct recording_tapes *tapes; /* per board */
	FILE **calibrations;           /* per board */
};

/* ---- the files ---- */

static int file_of(const struct recording *recording, const char *name, const char *kind,
		   char *ret_path, size_t size, struct err *err)
{
	int used;

	if (name[0] == '.' || strchr(name, '/'))
		return err_set(err, -EINVAL, "'%s' cannot name the file of a recording", name);
	used = snprintf(ret_path, size, "%s/%s.%s", recording->folder, name, kind);
	return used > 0 && (size_t)used < size
		       ? 0
		       : err_set(err, -EINVAL, "%s: the path is too long", recording->folder);
}

static int tape_open(const struct recording *recording, const char *name,
		     struct link_tape **ret_tape, struct err *err)
{
	char path[PATH_MAX + 64];
	int ret = file_of(recording, name, "link", path, sizeof(path), err);

	if (ret)
		return ret;
	return recording->is_replay ? link_tape_replay(path, ret_tape, err)
				    : link_tape_record(path, ret_tape, err);
}

/* Only a rig with a chamber or a sensor has anything to hear. */
static int ambient_open(const struct recording *recording, const char *name,
			struct ambient_tape **ret_tape, struct err *err)
{
	const struct rig *rig = recording->work->rig;
	char path[PATH_MAX + 64];
	int ret = file_of(recording, name, "ambient", path, sizeof(path), err);

	if (ret || (!rig->chamber.uri && !rig->sensor.uri))
		return ret;
	return recording->is_replay ? ambient_tape_replay(path, ret_tape, err)
				    : ambient_tape_record(path, ret_tape, err);
}

static int calibrations_open(const struct recording *recording, const char *name, FILE **ret_file,
			     struct err *err)
{
	char path[PATH_MAX + 64];
	int ret = file_of(recording, name, "calibrations", path, sizeof(path), err);

	if (ret)
		return ret;
	*ret_file = fopen(path, recording->is_replay ? "r" : "wx");
	return *ret_file ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
}

static int check_names(const struct rig *rig, struct err *err)
{
	for (unsigned i = 0; i < rig->board_count; i++)
		for (unsigned j = 0; j < rig->board_count; j++)
			if (!strcmp(rig->boards[i].name, rig->meters[rig->boards[j].meter].name))
				return err_set(err, -EINVAL,
					       "rig '%s': a board and a meter are named '%s', and "
					       "would be recorded to the same file",
					       rig->name, rig->boards[i].name);
	return 0;
}

static int tapes_open(struct recording *recording, struct err *err)
{
	const struct rig *rig = recording->work->rig;
	int ret = check_names(rig, err);

	for (unsigned i = 0; !ret && i < rig->board_count; i++) {
		const struct rig_board *board = &rig->boards[i];

		ret = tape_open(recording, board->name, &recording->tapes[i].board, err);
		if (!ret)
			ret = ambient_open(recording, board->name, &recording->tapes[i].ambient,
					   err);
		if (!ret)
			ret = tape_open(recording, rig->meters[board->meter].name,
					&recording->tapes[i].meter, err);
		if (!ret)
			ret = calibrations_open(recording, rig->meters[board->meter].name,
						&recording->calibrations[i], err);
	}
	return ret;
}

/* ---- begin and end ---- */

static int recording_new(const char *folder, const struct session_work *work, bool is_replay,
			 struct recording **ret_recording, struct err *err)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (recording) {
		recording->tapes = calloc(work->rig->board_count, sizeof(*recording->tapes));
		recording->calibrations =
			calloc(work->rig->board_count, sizeof(*recording->calibrations));
	}
	if (!recording || !recording->tapes || !recording->calibrations) {
		if (recording) {
			free(recording->calibrations);
			free(recording->tapes);
		}
		free(recording);
		return err_set(err, -ENOMEM, "out of memory");
	}
	recording->work = work;
	recording->is_replay = is_replay;
	snprintf(recording->folder, sizeof(recording->folder), "%s", folder);
	*ret_recording = recording;
	return 0;
}

static int folder_make(const char *folder, struct err *err)
{
	if (mkdir(folder, 0777) && errno != EEXIST)
		return err_set(err, -errno, "recording to %s: %s", folder, strerror(errno));
	return 0;
}

/* Tapes first: a manifest that is there has its tapes. */
int recording_begin(const char *folder, const struct session_work *work,
		    struct recording **ret_recording, struct err *err)
{
	struct recording *recording;
	int ret = folder_make(folder, err);

	if (!ret)
		ret = recording_new(folder, work, false, &recording, err);
	if (ret)
		return ret;
	ret = tapes_open(recording, err);
	if (!ret)
		ret = recording_manifest_write(recording->folder, work, err);
	if (ret) {
		recording_close(recording, NULL);
		return ret;
	}
	snprintf(recording->text, sizeof(recording->text), "recording the links to %s",
		 recording->folder);
	*ret_recording = recording;
	return 0;
}

int recording_begin_inside(const char *folder, const struct session_work *work,
			   struct recording **ret_recording, struct err *err)
{
	time_t now = time(NULL);
	char own[PATH_MAX], stamp[32];
	struct tm parts;
	int used, ret = folder_make(folder, err);

	if (ret)
		return ret;
	gmtime_r(&now, &parts);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &parts);
	used = snprintf(own, sizeof(own), "%s/%s-%d", folder, stamp, (int)getpid());
	if (used < 0 || (size_t)used >= sizeof(own))
		return err_set(err, -EINVAL, "%s: the path is too long", folder);
	return recording_begin(own, work, ret_recording, err);
}

int recording_replay(const char *folder, const struct session_work *work,
		     struct recording **ret_recording, struct err *err)
{
	struct recording *recording;
	char about[200];
	int ret = recording_manifest_check(folder, work, about, sizeof(about), err);

	if (!ret)
		ret = recording_new(folder, work, true, &recording, err);
	if (ret)
		return ret;
	ret = tapes_open(recording, err);
	if (ret) {
		recording_close(recording, NULL);
		return ret;
	}
	snprintf(recording->text, sizeof(recording->text),
		 "a replay: no device is touched, everything comes from %s (%s)", folder, about);
	*ret_recording = recording;
	return 0;
}

/* The first failure counts. */
int recording_close(struct recording *recording, struct err *err)
{
	int ret = 0;

	if (!recording)
		return 0;
	for (unsigned i = 0; i < recording->work->rig->board_count; i++) {
		const struct recording_tapes *tapes = &recording->tapes[i];
		int closed = ambient_tape_close(tapes->ambient, ret ? NULL : err);

		ret = ret ? ret : closed;
		closed = link_tape_close(tapes->board, ret ? NULL : err);
		ret = ret ? ret : closed;
		closed = link_tape_close(tapes->meter, ret ? NULL : err);
		ret = ret ? ret : closed;
		if (recording->calibrations[i] && fclose(recording->calibrations[i]) && !ret)
			ret = err_set(err, -EIO, "%s: a calibration could not be written",
				      recording->folder);
	}
	free(recording->calibrations);
	free(recording->tapes);
	free(recording);
	return ret;
}

/* ---- what others ask ---- */

bool recording_is_replay(const struct recording *recording)
{
	return recording && recording->is_replay;
}

const char *recording_text(const struct recording *recording)
{
	return recording->text;
}

struct recording_tapes recording_tapes(const struct recording *recording, unsigned board)
{
	return recording ? recording->tapes[board] : (struct recording_tapes){0};
}

static int calibration_write(FILE *file, const struct calibration *calibration, struct err *err)
{
	char *text = calibration_format(calibration);
	int ret = 0;

	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	if (fprintf(file, "%s\n", text) < 0 || fflush(file))
		ret = err_set(err, -EIO, "its calibration could not be recorded");
	free(text);
	return ret;
}

int recording_calibration(const struct recording *recording, unsigned board,
			  struct calibration *calibration, struct err *err)
{
	FILE *file = recording ? recording->calibrations[board] : NULL;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!file)
		return 0;
	if (!recording->is_replay)
		return calibration_write(file, calibration, err);
	if (getline(&line, &size, file) > 0)
		ret = calibration_parse(line, calibration, err);
	free(line);
	return ret;
}

/* How a tape's replay went. */
struct end {
	enum link_tape_outcome outcome;
	int64_t when_ns;
	struct err sentence;
};

/* What ended a board's replay is what came first; what followed on its other tapes is only that. */
static struct end judge_board(const struct recording_tapes *tapes)
{
	struct end ends[3], first;

	ends[0].outcome = link_tape_outcome(tapes->board, &ends[0].when_ns, &ends[0].sentence);
	ends[1].outcome = link_tape_outcome(tapes->meter, &ends[1].when_ns, &ends[1].sentence);
	ends[2].outcome = ambient_tape_outcome(tapes->ambient, &ends[2].when_ns, &ends[2].sentence);
	first = ends[0];
	for (unsigned i = 1; i < 3; i++)
		if (ends[i].when_ns != first.when_ns ? ends[i].when_ns < first.when_ns
						     : first.outcome == LINK_TAPE_WHOLE)
			first = ends[i];
	return first;
}

int recording_judge(const struct recording *recording, struct err *ret_cut, struct err *err)
{
	static const int codes[] = {[LINK_TAPE_REST] = -EPROTO,
				    [LINK_TAPE_DIFFERS] = -EPROTO,
				    [LINK_TAPE_DAMAGED] = -EBADMSG};
	int ret = 0;

	*ret_cut = (struct err){""};
	for (unsigned i = 0; !ret && i < recording->work->rig->board_count; i++) {
		struct end end = judge_board(&recording->tapes[i]);

		if (end.outcome == LINK_TAPE_CUT && !ret_cut->text[0])
			*ret_cut = end.sentence;
		ret = end.outcome == LINK_TAPE_CUT ? 0 : codes[end.outcome];
		if (ret)
			err_set(err, ret, "%s", end.sentence.text);
	}
	return ret;
}
