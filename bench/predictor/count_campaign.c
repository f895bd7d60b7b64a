/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random networks drawn and counted on virtual boards, some at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/count_identify_parts.h"

enum {
	NET_IMAGE_BYTES = 300 << 10,
	NET_ARENA_BYTES = 120 << 10,
	ATTEMPTS = 4,
	REDRAW_STEP = 100003,
};

static int clock_run(const struct count_identify_job *job, struct net_result *result,
		     unsigned clock, struct err *err)
{
	const struct virtual_count_job run = {
		.chip = job->chip,
		.firmware = job->firmware,
		.clock_hz = job->clocks_hz[clock],
		.image = result->net.image,
		.input = result->net.input,
	};
	const size_t layers = result->net.image->op_count;
	struct virtual_count count;
	int ret = -ETIMEDOUT;

	/* a loaded host lets the bench's patience end before the virtual board's answer */
	for (int i = 0; i < ATTEMPTS && ret && ret != -EINVAL; i++)
		ret = virtual_count_run(job->rig_program, &run, &count, err);
	if (ret)
		return err_context(err, ret, "%s", result->net.image->name);
	result->whole[clock] = count.whole;
	memcpy(result->layers + clock * layers, count.layers, layers * sizeof(*count.layers));
	result->class_count = count.class_count;
	memcpy(result->class_names, count.class_names, sizeof(result->class_names));
	virtual_count_done(&count);
	return 0;
}

/* A network that came out too large for the board is drawn again. */
static int net_draw(const struct count_identify_job *job, unsigned index, struct count_net *ret_net,
		    struct err *err)
{
	int ret = -EINVAL;

	for (unsigned i = 0; ret == -EINVAL && i < ATTEMPTS; i++) {
		const struct count_net_wish wish = {
			.seed = job->seed + index + (uint64_t)i * REDRAW_STEP,
			.kernel_set = job->kernel_set,
			/* of two sizes: what surrounds the layers is told from what each adds */
			.layers = index < job->nets ? job->layers : job->layers / 2,
			.wild = index % 2,
			.arena_bytes = NET_ARENA_BYTES,
			.image_bytes = NET_IMAGE_BYTES,
			.kinds = UINT32_MAX,
		};

		ret = count_net_make(&wish, ret_net, err);
	}
	return ret;
}

static int net_run(const struct count_identify_job *job, unsigned index, struct net_result *result,
		   struct err *err)
{
	int ret = net_draw(job, index, &result->net, err);

	if (ret)
		return ret;
	result->layers = calloc((size_t)job->clock_count * result->net.image->op_count,
				sizeof(*result->layers));
	if (!result->layers)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; !ret && i < job->clock_count; i++)
		ret = clock_run(job, result, i, err);
	return ret;
}

static void *nets_work(void *context)
{
	struct campaign *campaign = context;

	for (;;) {
		unsigned index;
		struct err err;
		int ret;

		pthread_mutex_lock(&campaign->lock);
		index = campaign->failure ? campaign->count : campaign->next++;
		pthread_mutex_unlock(&campaign->lock);
		if (index >= campaign->count)
			return NULL;
		ret = net_run(campaign->job, index, &campaign->results[index], &err);
		pthread_mutex_lock(&campaign->lock);
		if (ret && !campaign->failure) {
			campaign->failure = ret;
			campaign->err = err;
		}
		campaign->done++;
		if (campaign->job->log)
			fprintf(campaign->job->log, "\r%u of %u networks counted", campaign->done,
				campaign->count);
		pthread_mutex_unlock(&campaign->lock);
	}
}

int campaign_count(struct campaign *campaign, struct err *err)
{
	pthread_t threads[16];
	unsigned started = 0, wanted = campaign->job->threads < 16 ? campaign->job->threads : 16;

	pthread_mutex_init(&campaign->lock, NULL);
	while (started < wanted && !pthread_create(&threads[started], NULL, nets_work, campaign))
		started++;
	if (started == 0)
		nets_work(campaign);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&campaign->lock);
	if (campaign->job->log)
		fputc('\n', campaign->job->log);
	if (campaign->failure)
		*err = campaign->err;
	return campaign->failure;
}
