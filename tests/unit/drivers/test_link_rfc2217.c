/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The RFC 2217 client against a peer in a thread, well-behaved and not.
 */
#include "tests/unit/drivers/test_link_peer.h"

#include <errno.h>

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};

static struct link *open_peer(struct peer *peer)
{
	struct link *link = NULL;
	struct err err = {""};

	assert_true(peer_start(peer));
	if (link_open(peer->uri, &plain, &link, &err))
		fail_msg("%s", err.text);
	return link;
}

/* Opens a peer that must not be opened; returns the code, leaves the sentence in err. */
static int open_fails(struct peer *peer, struct err *err)
{
	struct link *link = NULL;
	int ret;

	assert_true(peer_start(peer));
	ret = link_open(peer->uri, &plain, &link, err);
	assert_true(ret < 0);
	assert_null(link);
	assert_non_null(strstr(err->text, peer->uri));
	peer_stop(peer);
	return ret;
}

static void assert_says(const struct err *err, const char *words)
{
	if (!strstr(err->text, words))
		fail_msg("'%s' does not say '%s'", err->text, words);
}

static void wait_data(struct peer *peer, size_t count)
{
	for (int i = 0; i < 2000 && atomic_load(&peer->data_count) < count; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&peer->data_count), count);
}

static void check_opened(struct peer *peer, struct link *link)
{
	assert_int_equal(peer->baud, 115200);
	assert_int_equal(peer->data_size, 8);
	assert_int_equal(peer->parity, 1);
	assert_int_equal(peer->stop_size, 1);
	assert_int_equal(peer->flow, 1);
	assert_false(peer->dtr);
	assert_false(peer->rts);
	assert_int_equal(peer->line_changes, 2);
	assert_string_equal(link_uri(link), peer->uri);
}

static void test_open_sets_everything(void **state)
{
	struct peer peer = {.signature = "ser2net 4.3"};
	struct link *link = open_peer(&peer);

	(void)state;
	check_opened(&peer, link);
	assert_string_equal(link_identity(link), "ser2net 4.3");
	assert_false(link_is_virtual(link));
	link_close(link);
	peer_stop(&peer);
}

static void test_byte_at_a_time(void **state)
{
	struct peer peer = {.signature = "virtual-rig 0.1", .one_by_one = true};
	struct link *link = open_peer(&peer);

	(void)state;
	check_opened(&peer, link);
	assert_true(link_is_virtual(link));
	link_close(link);
	peer_stop(&peer);
}

static void test_no_signature(void **state)
{
	struct peer peer = {0};
	struct link *link = open_peer(&peer);

	(void)state;
	assert_string_equal(link_identity(link), "");
	assert_false(link_is_virtual(link));
	link_close(link);
	peer_stop(&peer);
}

/* A hostile signature is cut and made printable. */
static void test_long_signature(void **state)
{
	char text[300];
	struct peer peer = {.signature = text};
	struct link *link;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	link = open_peer(&peer);
	assert_int_equal(strlen(link_identity(link)), 127);
	assert_int_equal(strspn(link_identity(link), "?"), 127);
	link_close(link);
	peer_stop(&peer);
}

static void test_tcp(void **state)
{
	struct peer peer = {.tcp = true, .signature = "s", .echo = true};
	struct link *link = open_peer(&peer);
	uint8_t back[3];

	(void)state;
	check_opened(&peer, link);
	assert_int_equal(link_write(link,
				    "a\xff"
				    "b",
				    3, 1000, NULL),
			 0);
	assert_int_equal(link_read_exactly(link, back, 3, 1000, NULL, NULL), 0);
	assert_memory_equal(back,
			    "a\xff"
			    "b",
			    3);
	link_close(link);
	peer_stop(&peer);
}

static void test_tcp6(void **state)
{
	struct peer peer = {.tcp6 = true, .signature = "s"};
	struct link *link = NULL;

	(void)state;
	if (!peer_start(&peer))
		skip();
	assert_int_equal(link_open(peer.uri, &plain, &link, NULL), 0);
	link_close(link);
	peer_stop(&peer);
}

static void test_settings_and_lines(void **state)
{
	struct peer peer = {.signature = "s", .confirm_delay_ms = 3};
	struct link *link = open_peer(&peer);
	const struct link_settings even = {57600, LINK_PARITY_EVEN},
				   odd = {3686400, LINK_PARITY_ODD};

	(void)state;
	assert_int_equal(link_set(link, &even, NULL), 0);
	assert_int_equal(peer.baud, 57600);
	assert_int_equal(peer.parity, 3);
	assert_int_equal(link_set(link, &odd, NULL), 0);
	assert_int_equal(peer.baud, 3686400);
	assert_int_equal(peer.parity, 2);
	assert_int_equal(link_set_lines(link, true, false, NULL), 0);
	assert_true(peer.dtr && !peer.rts);
	assert_int_equal(link_set_lines(link, false, true, NULL), 0);
	assert_true(!peer.dtr && peer.rts);
	link_close(link);
	peer_stop(&peer);
}

static void test_bad_settings(void **state)
{
	struct peer peer = {.signature = "s"};
	struct link *link = open_peer(&peer);

	(void)state;
	assert_int_equal(link_set(link, &(struct link_settings){0, LINK_PARITY_NONE}, NULL),
			 -EINVAL);
	assert_int_equal(link_set(link, &(struct link_settings){9600, 0}, NULL), -EINVAL);
	assert_int_equal(link_set(link, &(struct link_settings){9600, 4}, NULL), -EINVAL);
	link_close(link);
	peer_stop(&peer);
}

static void test_every_byte_both_ways(void **state)
{
	struct peer peer = {.signature = "s", .echo = true};
	struct link *link = open_peer(&peer);
	uint8_t bytes[1024], back[1024];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i < 512 ? i : 255);
	assert_int_equal(link_write(link, bytes, sizeof(bytes), 1000, NULL), 0);
	assert_int_equal(link_read_exactly(link, back, sizeof(back), 2000, &count, NULL), 0);
	assert_int_equal(count, sizeof(back));
	assert_memory_equal(back, bytes, sizeof(bytes));
	assert_memory_equal(peer.data, bytes, sizeof(bytes));
	link_close(link);
	peer_stop(&peer);
}

/* What the far end says between confirmations is data, and is kept in order. */
static void test_data_between_confirmations_is_kept(void **state)
{
	struct peer peer = {.signature = "s", .chatter = "hi\xff"};
	struct link *link = open_peer(&peer);
	char said[64];
	size_t count;

	(void)state;
	/* eight answers: signature, two lines, five settings */
	assert_int_equal(link_read_exactly(link, said, 24, 1000, NULL, NULL), 0);
	for (int i = 0; i < 8; i++)
		assert_memory_equal(said + 3 * i, "hi\xff", 3);
	assert_int_equal(link_set_lines(link, true, true, NULL), 0);
	assert_int_equal(link_read(link, said, 4, 0, &count, NULL), 0);
	assert_int_equal(count, 4);
	assert_int_equal(link_read(link, said, sizeof(said), 0, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(link_read(link, said, sizeof(said), 0, &count, NULL), 0);
	assert_int_equal(count, 0);
	link_close(link);
	peer_stop(&peer);
}

static void test_strange_options_are_refused(void **state)
{
	struct peer peer = {.signature = "s", .ask_strange = true};
	struct link *link = open_peer(&peer);
	bool wont = false, dont = false;

	(void)state;
	for (unsigned i = 0; i < peer.heard; i++) {
		wont |= peer.negotiations[i].verb == 252 && peer.negotiations[i].option == 24;
		dont |= peer.negotiations[i].verb == 254 && peer.negotiations[i].option == 1;
		assert_false(peer.negotiations[i].option == 77);
	}
	assert_true(wont && dont);
	assert_true(peer.heard < 10);
	link_close(link);
	peer_stop(&peer);
}

static void test_refusals(void **state)
{
	struct peer no_com_port = {.refuse_com_port = true}, no_binary = {.refuse_binary = true};
	struct err err = {""};

	(void)state;
	assert_int_equal(open_fails(&no_com_port, &err), -EPROTO);
	assert_says(&err, "does not speak RFC 2217");
	assert_int_equal(open_fails(&no_binary, &err), -EPROTO);
	assert_says(&err, "BINARY");
}

static void test_wrong_confirmations(void **state)
{
	struct peer baud = {.wrong_baud = 57600, .signature = "s"};
	struct peer parity = {.wrong_parity = 3, .signature = "s"};
	struct err err = {""};

	(void)state;
	assert_int_equal(open_fails(&baud, &err), -EPROTO);
	assert_says(&err, "asked for 115200, the far end set 57600");
	assert_int_equal(open_fails(&parity, &err), -EPROTO);
	assert_says(&err, "asked for none, the far end set even");
}

static void test_silent_peer(void **state)
{
	struct peer peer = {.mute = true};
	struct err err = {""};
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(open_fails(&peer, &err), -EPROTO);
	assert_in_range(link_now_ns() - begin_ns, 1900000000, 2900000000);
}

static void test_lines_not_confirmed(void **state)
{
	struct peer peer = {.ignore_control = true, .signature = "s"};
	struct err err = {""};
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(open_fails(&peer, &err), -ETIMEDOUT);
	assert_says(&err, "did not confirm its DTR");
	assert_in_range(link_now_ns() - begin_ns, 1900000000, 2900000000);
}

static void test_port_in_use(void **state)
{
	struct peer busy = {.greeting = "Port already in use\r\n"}, other = {.greeting = "bye"};
	struct err err = {""};

	(void)state;
	assert_int_equal(open_fails(&busy, &err), -EBUSY);
	assert_says(&err, "Port already in use");
	assert_int_equal(open_fails(&other, &err), -ENODEV);
	assert_says(&err, "bye");
}

static void test_hang_up(void **state)
{
	struct peer peer = {.signature = "s", .echo = true};
	struct link *link = open_peer(&peer);
	uint8_t bytes[8];
	size_t count = 0;
	int64_t begin_ns;
	struct err err = {""};

	(void)state;
	assert_int_equal(link_write(link, "last", 4, 1000, NULL), 0);
	wait_data(&peer, 4);
	atomic_store(&peer.hang_up, true);
	begin_ns = link_now_ns();
	assert_int_equal(link_read_exactly(link, bytes, sizeof(bytes), 2500, &count, &err),
			 -ENODEV);
	assert_true(link_now_ns() - begin_ns < 500000000);
	assert_int_equal(count, 4);
	assert_memory_equal(bytes, "last", 4);
	assert_says(&err, "closed");
	assert_int_equal(link_read(link, bytes, 8, 1000, &count, NULL), -ENODEV);
	assert_int_equal(link_write(link, "x", 1, 1000, NULL), -ENODEV);
	assert_int_equal(link_set(link, &plain, NULL), -ENODEV);
	assert_int_equal(link_set_lines(link, true, true, NULL), -ENODEV);
	assert_int_equal(link_discard(link, 10, 100, NULL), -ENODEV);
	link_close(link);
	peer_stop(&peer);
}

static void test_time_outs(void **state)
{
	struct peer peer = {.signature = "s"};
	struct link *link = open_peer(&peer);
	int64_t begin_ns = link_now_ns();
	uint8_t bytes[8];
	size_t count = 99;
	struct err err = {""};

	(void)state;
	assert_int_equal(link_read(link, bytes, 8, 30, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_in_range(link_now_ns() - begin_ns, 29000000, 500000000);
	assert_int_equal(link_read_exactly(link, bytes, 8, 30, &count, &err), -ETIMEDOUT);
	assert_int_equal(count, 0);
	assert_says(&err, "0 of 8 bytes came within 30 ms");
	begin_ns = link_now_ns();
	assert_int_equal(link_discard(link, 20, 200, NULL), 0);
	assert_in_range(link_now_ns() - begin_ns, 19000000, 150000000);
	link_close(link);
	peer_stop(&peer);
}

static void test_write_time_out(void **state)
{
	struct peer peer = {.signature = "s", .deaf = true};
	struct link *link = open_peer(&peer);
	size_t size = 16 << 20;
	uint8_t *bytes = calloc(1, size);
	int64_t begin_ns = link_now_ns();

	(void)state;
	assert_int_equal(link_write(link, bytes, size, 100, NULL), -ETIMEDOUT);
	assert_in_range(link_now_ns() - begin_ns, 99000000, 1000000000);
	free(bytes);
	link_close(link);
	peer_stop(&peer);
}

/* Every 500 bytes, asks for an option nobody knows, so that the client's reader has to answer. */
static void ask_now_and_then(struct peer *peer, const uint8_t *bytes, size_t count)
{
	const uint8_t strange[] = {255, 253, 99};

	(void)bytes;
	(void)count;
	if (atomic_load(&peer->data_count) % 500 == 0)
		peer_send_raw(peer, strange, sizeof(strange));
}

struct writer {
	struct link *link;
	const uint8_t *bytes;
	size_t count;
	int ret;
};

static void *writer_main(void *arg)
{
	struct writer *writer = arg;

	for (size_t at = 0; at < writer->count && !writer->ret; at += 100)
		writer->ret = link_write(writer->link, writer->bytes + at, 100, 2000, NULL);
	return NULL;
}

/* A writer beside a reader that has refusals to send: neither cuts into the other's bytes. */
static void test_reader_beside_writer(void **state)
{
	enum { COUNT = 20000 };
	static uint8_t bytes[COUNT], back[COUNT];
	struct peer peer = {.signature = "s", .echo = true, .on_data = ask_now_and_then};
	struct link *link = open_peer(&peer);
	struct writer writer = {.link = link, .bytes = bytes, .count = COUNT};
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		bytes[i] = (uint8_t)(i % 3 ? 255 : i);
	pthread_create(&thread, NULL, writer_main, &writer);
	assert_int_equal(link_read_exactly(link, back, COUNT, 2500, NULL, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(writer.ret, 0);
	assert_memory_equal(back, bytes, COUNT);
	assert_memory_equal(peer.data, bytes, COUNT);
	/* five offers of the client's, and a refusal each 500 bytes; the last one nobody reads for
	 */
	for (int i = 0; i < 2000 && atomic_load(&peer.heard) < 5 + COUNT / 500 - 1; i++)
		usleep(1000);
	assert_in_range(peer.heard, 5 + COUNT / 500 - 1, 5 + COUNT / 500);
	link_close(link);
	peer_stop(&peer);
}

static void test_nobody_there(void **state)
{
	struct link *link = NULL;
	struct err err = {""};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char uri[64];

	(void)state;
	/* bound, not listening */
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(uri, sizeof(uri), "rfc2217://127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(link_open(uri, &plain, &link, &err), -ECONNREFUSED);
	close(fd);
	assert_int_equal(link_open("rfc2217+unix:/tmp/jb-no-such-socket", &plain, &link, &err),
			 -ENOENT);
	assert_null(link);
}

static void test_malformed_uris(void **state)
{
	static const char *const uris[] = {
		"",
		"nonsense",
		"tty:/dev/null",
		"rfc2217:",
		"rfc2217:localhost:1",
		"rfc2217://",
		"rfc2217://host",
		"rfc2217://host:",
		"rfc2217://:2217",
		"rfc2217://host:0",
		"rfc2217://host:65536",
		"rfc2217://host:22x",
		"rfc2217://host:2217/path",
		"rfc2217://[::1]",
		"rfc2217://[::1:2217",
		"rfc2217://[]:2217",
		"rfc2217://::1:2217",
		"rfc2217+unix:",
		"rfc2217+unix:/a/path/that/is/quite/a/bit/longer/than/the/hundred/and/seven/"
		"characters/that/an/"
		"address/of/a/unix/socket/has/room/for",
		"serial:",
		"serial:ttyACM0",
		"RFC2217://host:1",
	};
	struct link *link = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct err err = {""};
		int ret = link_open(uris[i], &plain, &link, &err);

		if (ret != -EINVAL || !err.text[0] || link)
			fail_msg("'%s': %d, %s", uris[i], ret, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_sets_everything),
		cmocka_unit_test(test_byte_at_a_time),
		cmocka_unit_test(test_no_signature),
		cmocka_unit_test(test_long_signature),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp6),
		cmocka_unit_test(test_settings_and_lines),
		cmocka_unit_test(test_bad_settings),
		cmocka_unit_test(test_every_byte_both_ways),
		cmocka_unit_test(test_data_between_confirmations_is_kept),
		cmocka_unit_test(test_strange_options_are_refused),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_wrong_confirmations),
		cmocka_unit_test(test_silent_peer),
		cmocka_unit_test(test_lines_not_confirmed),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_time_outs),
		cmocka_unit_test(test_write_time_out),
		cmocka_unit_test(test_reader_beside_writer),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_malformed_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
