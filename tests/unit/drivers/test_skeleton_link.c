/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kind of link that others are copied from, through what every kind promises; beside it RFC
 * 2217, so that the promises are those the product keeps.
 */
#include "tests/unit/drivers/test_link_peer.h"

#include "tests/unit/drivers/conformance_link.h"
#include "tests/unit/drivers/skeletons.h"

static char address[32];

static const char *plug_skeleton(size_t bytes)
{
	snprintf(address, sizeof(address), "%zu", bytes);
	return address;
}

static struct peer peer;

static const char *plug_peer(size_t bytes)
{
	(void)bytes;
	memset(&peer, 0, sizeof(peer));
	peer.signature = "s";
	atomic_store(&peer.echo, true);
	assert_true(peer_start(&peer));
	return strchr(peer.uri, ':') + 1;
}

static void hang_up_peer(void)
{
	peer_stop(&peer);
}

static void unplug_peer(void)
{
	if (!atomic_load(&peer.stop))
		peer_stop(&peer);
}

static const char *const not_skeletons[] = {"x", "-1", "1x", " 1", NULL};
static const char *const not_sockets[] = {"", NULL};

static const struct conformance_link skeleton = {
	.ops = &link_skeleton, .malformed = not_skeletons, .plug = plug_skeleton};

static const struct conformance_link rfc2217 = {.ops = &link_rfc2217_unix,
						.malformed = not_sockets,
						.has_settings = true,
						.plug = plug_peer,
						.hang_up = hang_up_peer,
						.unplug = unplug_peer};

static void conforms(void **state)
{
	conformance_link_all(*state);
}

static void full_and_unknown(void **state)
{
	static uint8_t bytes[5000];
	void *link = conformance_link_open(&skeleton, 1000000);
	const struct link_ops *ops;
	const char *rest;
	struct err err = {""};

	(void)state;
	/* nobody reads: the time is kept, and nothing hangs */
	assert_int_equal(link_skeleton.write(link, bytes, sizeof(bytes), 50, &err), -ETIMEDOUT);
	conformance_link_close(&skeleton, link);
	/* no user can name it */
	assert_int_equal(link_kind_find("skeleton:", &ops, &rest, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{.name = "skeleton", .test_func = conforms, .initial_state = (void *)&skeleton},
		{.name = "rfc2217", .test_func = conforms, .initial_state = (void *)&rfc2217},
		cmocka_unit_test(full_and_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
