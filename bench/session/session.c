/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int session_run(const struct session_options *options, struct session_summary *ret_summary,
		struct err *err)
{
	unsigned count = options->work->rig->board_count;
	struct worker *workers = calloc(count, sizeof(*workers));
	struct session_summary summary = {0};
	unsigned started = 0;
	int64_t session_id;
	int ret;

	if (!workers)
		return err_set(err, -ENOMEM, "out of memory");
	ret = begin(options, &session_id, err);
	for (; !ret && started < count; started++) {
		struct worker *worker = &workers[started];

		worker->options = options;
		worker->session_id = session_id;
		worker->board = started;
		if (pthread_create(&worker->thread, NULL, worker_main, worker)) {
			ret = err_set(err, -EAGAIN, "no thread for board %u", started);
			break;
		}
	}
	for (unsigned i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		add_up(&summary, &workers[i]);
		if (!ret && workers[i].fatal) {
			ret = workers[i].fatal;
			*err = workers[i].first_error;
		}
	}
	summary.interrupted = summary.interrupted && summary.open;
	if (!ret)
		ret = judge_replay(options, &summary, err);
	if (!ret)
		ret = store_session_end(options->store, session_id, status_text(&summary), err);
	else if (started) /* if the store can: err says already what failed */
		store_session_end(options->store, session_id, "failed", NULL);
	free(workers);
	*ret_summary = summary;
	return ret;
}
