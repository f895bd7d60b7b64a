/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/session/ambient.h"
#include "bench/session/worker.h"
#include "bench/version.h"

static int begin(const struct session_options *options, int64_t *ret_id, struct err *err)
{
	char host[128] = "unknown";
	const struct store_session session = {.rig_json = options->work->rig->resolved,
					      .plan_json = options->work->plan->resolved,
					      .version = BENCH_VERSION,
					      .host = host};

	gethostname(host, sizeof(host) - 1);
	return store_session_begin(options->store, &session, ret_id, err);
}

static void *worker_main(void *argument)
{
	worker_run(argument);
	return NULL;
}

static void add_up(struct session_summary *summary, const struct worker *worker)
{
	summary->planned += worker->planned;
	summary->done_before += worker->done_before;
	summary->accepted += worker->accepted;
	summary->refused += worker->refused;
	summary->suspect += worker->suspect;
	summary->failed += worker->failed;
	summary->open += worker->planned - worker->done_before - worker->accepted;
	summary->boards_lost += worker->lost;
	summary->interrupted |= worker->stopped;
	if (!summary->first_error.text[0])
		summary->first_error = worker->first_error;
}

static const char *status_text(const struct session_summary *summary)
{
	if (summary->interrupted)
		return "interrupted";
	return summary->open ? "partial" : "done";
}

static int judge_replay(const struct session_options *options, struct session_summary *summary,
			struct err *err)
{
	int ret = recording_is_replay(options->recording)
			  ? recording_judge(options->recording, &summary->cut, err)
			  : 0;

	if (ret)
		return err_context(err, ret, "replay");
	if (summary->cut.text[0] && !summary->first_error.text[0])
		summary->first_error = summary->cut;
	return 0;
}

/* Every board at this temperature. Some ran, whatever is returned. */
static int run_temperature(struct worker *workers, unsigned count, unsigned temperature,
			   struct err *err)
{
	unsigned started = 0;
	int ret = 0;

	for (; !ret && started < count; started++) {
		workers[started].temperature = temperature;
		if (pthread_create(&workers[started].thread, NULL, worker_main,
				   &workers[started])) {
			ret = err_set(err, -EAGAIN, "no thread for board %u", started);
			break;
		}
	}
	for (unsigned i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		if (!ret && workers[i].fatal) {
			ret = workers[i].fatal;
			*err = workers[i].first_error;
		}
	}
	return ret;
}

/* NULL: a replay, in which each board has a tape of what it heard. */
static int open_ambient(const struct session_options *options, struct ambient **ret_ambient,
			struct err *err)
{
	const struct ambient_options around = {.rig = options->work->rig, .stop = options->stop};

	*ret_ambient = NULL;
	if (recording_is_replay(options->recording) &&
	    recording_tapes(options->recording, 0).ambient)
		return 0;
	return ambient_new(&around, ret_ambient, err);
}

/* Also when the operator stops it: what is open at the temperatures that are left is counted. */
static int run_temperatures(const struct session_options *options, struct worker *workers,
			    int64_t session_id, struct err *err)
{
	const struct session_work *work = options->work;
	struct ambient *ambient;
	int ret = open_ambient(options, &ambient, err);

	if (ret)
		return ret;
	for (unsigned i = 0; i < work->rig->board_count; i++)
		workers[i] = (struct worker){.options = options,
					     .session_id = session_id,
					     .board = i,
					     .ambient = ambient};
	for (unsigned t = 0; !ret && t < points_temperatures(work->plan); t++) {
		if (ambient)
			ambient_want(ambient, points_temperature_c(work->plan, t));
		ret = run_temperature(workers, work->rig->board_count, t, err);
	}
	ambient_free(ambient);
	return ret;
}

int session_run(const struct session_options *options, struct session_summary *ret_summary,
		struct err *err)
{
	unsigned count = options->work->rig->board_count;
	struct worker *workers = calloc(count, sizeof(*workers));
	struct session_summary summary = {0};
	int64_t session_id = 0;
	int ret;

	if (!workers)
		return err_set(err, -ENOMEM, "out of memory");
	ret = begin(options, &session_id, err);
	if (!ret)
		ret = run_temperatures(options, workers, session_id, err);
	for (unsigned i = 0; i < count; i++)
		add_up(&summary, &workers[i]);
	summary.interrupted = summary.interrupted && summary.open;
	if (!ret)
		ret = judge_replay(options, &summary, err);
	if (!ret)
		ret = store_session_end(options->store, session_id, status_text(&summary), err);
	else if (session_id) /* if the store can: err says already what failed */
		store_session_end(options->store, session_id, "failed", NULL);
	free(workers);
	*ret_summary = summary;
	return ret;
}
