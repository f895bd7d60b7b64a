/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The OpenOCD flasher against a Tcl port played by the test (fake_openocd.h): one that runs
 * already, and one that the flasher starts: this program again, under the name "openocd" on the
 * path. Where a tclsh is, what the flasher sends is read by it as well.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/flash/openocd.h"
#include "drivers/flash/openocd_rpc.h"
#include "drivers/link/record.h"
#include "tests/scratch.h"
#include "tests/unit/drivers/fake_openocd.h"
#include "tests/unit/drivers/test_link_peer.h"

enum { IMAGE_BYTES = 20001 };

/* A test that waits for the end of a time limit takes the short ones. */
static const struct openocd_limits patient = {.start_ms = 20000,
					      .command_ms = 20000,
					      .image_ms = 20000,
					      .image_bytes_per_ms = 100,
					      .shutdown_ms = 20000};
static const struct openocd_limits hasty = {.start_ms = 20000,
					    .command_ms = 200,
					    .image_ms = 200,
					    .image_bytes_per_ms = 1000,
					    .shutdown_ms = 20000};

static struct bench {
	struct fake_openocd fake;
	struct peer board;
	struct link *link;
	struct control control;
	uint8_t image[IMAGE_BYTES];
	struct flash_request request;
	struct flash_report report;
	struct err err;
	size_t last_done;
} bench;

static char folder[512];

static void note_progress(void *context, size_t done, size_t total)
{
	(void)context;
	assert_true(done > bench.last_done && done <= total);
	bench.last_done = done;
}

static void fake_new(struct fake_openocd *fake)
{
	memset(fake, 0, sizeof(*fake));
	memset(fake->flash, 0xA5, sizeof(fake->flash));
	fake->flip = -1;
}

static int setup(void **state)
{
	const struct link_settings settings = {.baud = 115200, .parity = LINK_PARITY_NONE};

	(void)state;
	memset(&bench, 0, sizeof(bench));
	fake_new(&bench.fake);
	bench.board.signature = "board";
	assert_true(peer_start(&bench.board));
	assert_int_equal(link_open(bench.board.uri, &settings, &bench.link, NULL), 0);
	assert_int_equal(control_init(&bench.control, bench.link,
				      (struct control_line){.kind = CONTROL_LINE_DTR},
				      (struct control_line){.kind = CONTROL_LINE_RTS}, NULL),
			 0);
	for (size_t i = 0; i < sizeof(bench.image); i++)
		bench.image[i] = (uint8_t)(i * 31 + (i >> 8));
	bench.request = (struct flash_request){
		.link = bench.link,
		.control = &bench.control,
		.address = FAKE_BASE,
		.bytes = bench.image,
		.count = sizeof(bench.image),
		.progress = note_progress,
	};
	setenv("TMPDIR", folder, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	link_close(bench.link);
	peer_stop(&bench.board);
	return 0;
}

/* No file is left; the board was reset, and BOOT0 is inactive. */
static void check_left_well(void)
{
	DIR *files = opendir(folder);

	assert_non_null(files);
	for (struct dirent *file; (file = readdir(files));)
		assert_null(strstr(file->d_name, "joulebench"));
	closedir(files);
	assert_true(atomic_load(&bench.board.line_changes) >= 2);
	assert_false(atomic_load(&bench.board.dtr));
	assert_false(atomic_load(&bench.board.rts));
}

/* ---- a server that runs ---- */

static int write_to_fake(void)
{
	int ret;

	fake_openocd_start(&bench.fake);
	bench.request.uri = bench.fake.uri;
	bench.last_done = 0;
	bench.err.text[0] = '\0';
	ret = openocd_write(&bench.request, bench.fake.hang_at ? &hasty : &patient, &bench.report,
			    &bench.err);
	fake_openocd_stop(&bench.fake);
	check_left_well();
	assert_false(bench.fake.was_shut_down);
	return ret;
}

static void fake_succeeds(void)
{
	if (write_to_fake())
		fail_msg("%s", bench.err.text);
	assert_memory_equal(bench.fake.flash, bench.image, sizeof(bench.image));
	assert_int_equal(bench.fake.flash[IMAGE_BYTES], 0xA5);
	assert_int_equal(bench.report.written, IMAGE_BYTES);
	assert_int_equal(bench.last_done, 2 * IMAGE_BYTES);
	assert_true(bench.fake.running && !bench.fake.halted);
}

static void fake_fails(int code, const char *words)
{
	int ret = write_to_fake();

	if (ret != code || !strstr(bench.err.text, words))
		fail_msg("%d, not %d: '%s' should say '%s'", ret, code, bench.err.text, words);
	assert_int_equal(strncmp(bench.err.text, "openocd: OpenOCD at tcp://127.0.0.1:", 36), 0);
	assert_int_equal(bench.report.written, 0);
}

static void test_whole_write(void **state)
{
	char expected[2000];

	(void)state;
	fake_succeeds();
	snprintf(expected, sizeof(expected),
		 "init\nreset halt\nflash write_image erase {%s} 0x08000000 bin\n"
		 "verify_image {%s} 0x08000000 bin\nreset run\n",
		 bench.fake.image_path, bench.fake.image_path);
	assert_string_equal(bench.fake.commands, expected);
}

static void test_split_everywhere(void **state)
{
	(void)state;
	for (size_t at = 1; at < 90; at++) {
		fake_new(&bench.fake);
		bench.fake.split_at = at;
		bench.fake.asynchronous = at % 2;
		fake_succeeds();
	}
	fake_new(&bench.fake);
	bench.fake.one_by_one = true;
	bench.fake.asynchronous = true;
	fake_succeeds();
}

static void test_lines_in_between(void **state)
{
	(void)state;
	bench.fake.asynchronous = true;
	fake_succeeds();
	fake_new(&bench.fake);
	bench.fake.stale = true;
	fake_succeeds();
}

static const struct {
	const char *command, *step;
} steps[] = {
	{"init", "init: "},
	{"reset halt", "reset halt: "},
	{"flash write_image", "write 0x08000000: "},
	{"verify_image", "read back 0x08000000: "},
	{"reset run", "reset run: "},
};

enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void test_error_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < STEPS; i++) {
		fake_new(&bench.fake);
		bench.fake.fail_at = steps[i].command;
		fake_fails(-EREMOTEIO, steps[i].step);
		assert_non_null(strstr(bench.err.text, "OpenOCD says 'Unable to match requested "
						       "speed; open failed; in procedure 'x''"));
		/* whatever it was, the core is let go */
		if (i > 0 && i < STEPS - 1)
			assert_true(bench.fake.running && !bench.fake.halted);
	}
}

static void test_no_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < STEPS; i++) {
		fake_new(&bench.fake);
		bench.fake.hang_at = steps[i].command;
		fake_fails(-ETIMEDOUT, steps[i].step);
		assert_non_null(strstr(bench.err.text, "no answer within "));
	}
}

static void test_hangs_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < STEPS; i++) {
		for (unsigned bytes = 0; bytes < 16; bytes += 5) {
			fake_new(&bench.fake);
			bench.fake.die_at = steps[i].command;
			bench.fake.die_after = bytes;
			fake_fails(-ENODEV, steps[i].step);
			assert_non_null(strstr(bench.err.text, "hung up"));
		}
	}
}

static void test_wrong_flash(void **state)
{
	(void)state;
	bench.fake.flip = 16;
	fake_fails(-EREMOTEIO, "read back 0x08000000: OpenOCD says 'checksum mismatch");
	fake_new(&bench.fake);
	bench.fake.no_flash = true;
	fake_fails(-EREMOTEIO, "write 0x08000000: not wrote 20001 bytes: OpenOCD says 'wrote 0 "
			       "bytes");
	assert_non_null(strstr(bench.err.text, "no flash bank found"));
}

static void test_no_tcl_port(void **state)
{
	(void)state;
	bench.fake.garbage = true;
	fake_fails(-EPROTO, "init: an answer to nothing: 'Open On-Chip 1 0'");
	fake_new(&bench.fake);
	bench.fake.endless = true;
	fake_fails(-EPROTO, "init: an answer without an end");
	bench.request.uri = bench.fake.uri; /* nobody listens there any more */
	assert_int_equal(openocd_write(&bench.request, &patient, &bench.report, &bench.err),
			 -ECONNREFUSED);
	assert_int_equal(strncmp(bench.err.text, "openocd: OpenOCD at tcp://127", 29), 0);
}

static void test_senseless_requests(void **state)
{
	static const char *const config[] = {"a.cfg", NULL};

	(void)state;
	assert_int_equal(openocd_write(&bench.request, &patient, &bench.report, &bench.err),
			 -EINVAL);
	bench.request.uri = "tcp://127.0.0.1:1";
	bench.request.config = config;
	assert_int_equal(openocd_write(&bench.request, &patient, &bench.report, &bench.err),
			 -EINVAL);
	bench.request.uri = NULL;
	bench.request.count = 0;
	assert_int_equal(openocd_write(&bench.request, &patient, &bench.report, &bench.err),
			 -EINVAL);
	bench.request.count = 1;
	bench.request.adapter_serial = "1; shutdown";
	assert_int_equal(openocd_write(&bench.request, &patient, &bench.report, &bench.err),
			 -EINVAL);
	assert_non_null(strstr(bench.err.text, "'1; shutdown' is no serial number"));
}

/* ---- one that is started ---- */

/* The program "openocd": its arguments go to ARGUMENTS in the folder, its flash to FLASH. */
static int be_openocd(int argc, char **argv)
{
	const char *mode = getenv("FAKE_OPENOCD");
	struct fake_openocd *fake = calloc(1, sizeof(*fake));
	char path[600];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/arguments", getenv("TMPDIR"));
	stream = fopen(path, "w");
	for (int i = 1; i < argc; i++)
		fprintf(stream, "%s\n", argv[i]);
	fclose(stream);
	fprintf(stderr, "Open On-Chip Debugger 0.12.0\nInfo : the files are read\n");
	if (!strcmp(mode, "bad-file")) {
		fprintf(stderr, "embedded:startup.tcl:28: Error: Can't find b.cfg\n"
				"Error: Can't find b.cfg\n");
		return 1;
	}
	if (!strcmp(mode, "silent"))
		pause();
	if (!strcmp(mode, "stubborn"))
		signal(SIGTERM, SIG_IGN);
	fake_new(fake);
	if (!strcmp(mode, "dies"))
		fake->die_at = "flash write_image";
	if (!strcmp(mode, "no-probe"))
		fake->fail_at = "init";
	fprintf(stderr, "Info : Listening on port %u for tcl connections\n",
		fake_openocd_listen(fake));
	fake->fd = accept(fake->listener, NULL, NULL);
	close(fake->listener);
	fake_openocd_serve(fake);
	if (!strcmp(mode, "dies")) {
		fprintf(stderr,
			"Info : something\nError: libusb_handle_events() failed with "
			"LIBUSB_ERROR_NO_DEVICE\nError: CMSIS-DAP command CMD_INFO failed.\n");
		kill(getpid(), SIGKILL);
	}
	if (!strcmp(mode, "stubborn"))
		for (;;)
			pause();
	snprintf(path, sizeof(path), "%s/flash", getenv("TMPDIR"));
	stream = fopen(path, "wb");
	fwrite(fake->flash, 1, sizeof(fake->flash), stream);
	fclose(stream);
	return fake->was_shut_down ? 0 : 3;
}

static void read_whole(const char *name, void *bytes, size_t size)
{
	char path[600];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "rb");
	assert_non_null(stream);
	memset(bytes, 0, size);
	assert_true(fread(bytes, 1, size, stream) > 0);
	fclose(stream);
	unlink(path);
}

static int write_by_own(const char *mode, const struct openocd_limits *limits)
{
	static const char *const config[] = {"interface/stlink.cfg", "target/stm32l4x.cfg", NULL};
	int ret;

	setenv("FAKE_OPENOCD", mode, 1);
	bench.request.config = config;
	bench.request.adapter_serial = "066BFF303435554157";
	ret = openocd_write(&bench.request, limits, &bench.report, &bench.err);
	check_left_well();
	return ret;
}

static void test_own(void **state)
{
	static char arguments[2000];
	static uint8_t flash[IMAGE_BYTES];

	(void)state;
	if (write_by_own("good", &patient))
		fail_msg("%s", bench.err.text);
	read_whole("flash", flash, sizeof(flash)); /* written when it was shut down */
	assert_memory_equal(flash, bench.image, sizeof(bench.image));
	read_whole("arguments", arguments, sizeof(arguments) - 1);
	assert_string_equal(arguments,
			    "-c\nnoinit; gdb_port disabled; telnet_port disabled; "
			    "tcl_port 0\n-f\ninterface/stlink.cfg\n-f\n"
			    "target/stm32l4x.cfg\n-c\nadapter serial 066BFF303435554157\n");
}

static void own_fails(const char *mode, int code, const char *words, const char *log)
{
	struct openocd_limits limits = patient;
	int ret;

	if (!strcmp(mode, "silent"))
		limits.start_ms = 300;
	limits.shutdown_ms = 300;
	ret = write_by_own(mode, &limits);
	if (ret != code || !strstr(bench.err.text, words) || !strstr(bench.err.text, log))
		fail_msg("%s: %d: '%s' should say '%s' and '%s'", mode, ret, bench.err.text, words,
			 log);
	assert_ptr_equal(strstr(bench.err.text,
				"openocd: OpenOCD with interface/stlink.cfg, target/stm32l4x.cfg "
				"(066BFF303435554157): "),
			 bench.err.text);
}

static void test_own_fails(void **state)
{
	(void)state;
	own_fails("bad-file", -EPIPE, "OpenOCD ended by itself (status 1)",
		  "its log ends 'Error: Can't find b.cfg'");
	own_fails("dies", -EPIPE, "write 0x08000000: ",
		  "its log ends 'Error: libusb_handle_events() failed with LIBUSB_ERROR_NO_DEVICE; "
		  "Error: CMSIS-DAP command CMD_INFO failed.'");
	assert_non_null(strstr(bench.err.text, "OpenOCD was ended by signal 9"));
	own_fails("no-probe", -EREMOTEIO, "init: OpenOCD says 'Unable",
		  "its log ends 'Open On-Chip Debugger 0.12.0; Info : the files are read");
	own_fails("silent", -ETIMEDOUT, "does not listen within 300 ms", "");
}

/* One that does not go when it is asked is sent away, and nothing of it stays. */
static void test_own_stubborn(void **state)
{
	struct openocd_limits limits = patient;

	(void)state;
	limits.shutdown_ms = 300;
	if (write_by_own("stubborn", &limits))
		fail_msg("%s", bench.err.text);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_no_program(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", "/nowhere", 1);
	assert_int_equal(write_by_own("good", &patient), -ENOENT);
	setenv("PATH", path, 1);
	free(path);
	assert_non_null(strstr(bench.err.text, "there is no program 'openocd' on the path"));
}

/* ---- the real one ---- */

static char *own_path; /* as the program was started with */

/* A chip that is not there, behind a probe that is not there, with flash that takes everything and
 * gives nothing back: all of it OpenOCD's own test doubles. */
static const char faux[] = "adapter driver dummy\nadapter speed 100\ntransport select jtag\n"
			   "jtag newtap chip cpu -irlen 4 -expected-id 0\n"
			   "target create chip.cpu testee -chain-position chip.cpu\n"
			   "flash bank chip.flash faux 0x08000000 0x100000 0 0 chip.cpu testee\n";

static int write_by_real(uint32_t address)
{
	static char path[600];
	static const char *const config[] = {path, NULL};
	char *with_fake = strdup(getenv("PATH"));
	FILE *stream;
	int ret;

	snprintf(path, sizeof(path), "%s/faux.cfg", folder);
	stream = fopen(path, "w");
	fputs(faux, stream);
	fclose(stream);
	bench.request.config = config;
	bench.request.address = address;
	setenv("PATH", own_path, 1);
	ret = openocd_write(&bench.request, &patient, &bench.report, &bench.err);
	setenv("PATH", with_fake, 1);
	free(with_fake);
	check_left_well();
	return ret;
}

static void test_real(void **state)
{
	int ret = write_by_real(FAKE_BASE);

	(void)state;
	if (ret == -ENOENT) {
		print_message("no openocd: skipped\n");
		skip();
	}
	/* everything up to reading back */
	assert_int_equal(ret, -EREMOTEIO);
	if (!strstr(bench.err.text, "read back 0x08000000: OpenOCD says 'Target chip.cpu doesn't "
				    "support checksum_memory'"))
		fail_msg("%s", bench.err.text);
	assert_int_equal(bench.last_done, IMAGE_BYTES);
	assert_int_equal(write_by_real(0x20000000), -EREMOTEIO);
	if (!strstr(bench.err.text, "write 0x20000000: not wrote 20001 bytes: OpenOCD says") ||
	    !strstr(bench.err.text, "no flash bank found for address 0x20000000"))
		fail_msg("%s", bench.err.text);
}

/* ---- on a tape ---- */

static int write_taped(const char *path, bool is_replay)
{
	struct link_tape *tape = NULL;
	int ret = is_replay ? link_tape_replay(path, &tape, &bench.err)
			    : link_tape_record(path, &tape, &bench.err);

	assert_int_equal(ret, 0);
	bench.request.tape = tape;
	ret = openocd_write(&bench.request, &patient, &bench.report, &bench.err);
	bench.request.tape = NULL;
	assert_int_equal(link_tape_close(tape, &bench.err), 0);
	return ret;
}

static void test_taped(void **state)
{
	static const char *const fail_at[] = {NULL, "verify_image"};
	char path[600];

	(void)state;
	for (int i = 0; i < 2; i++) {
		int expected = i ? -EREMOTEIO : 0;

		snprintf(path, sizeof(path), "%s/tape-%d", folder, i);
		fake_new(&bench.fake);
		bench.fake.fail_at = fail_at[i];
		fake_openocd_start(&bench.fake);
		bench.request.uri = bench.fake.uri;
		bench.last_done = 0;
		assert_int_equal(write_taped(path, false), expected);
		fake_openocd_stop(&bench.fake); /* nobody listens any more */
		assert_int_equal(write_taped(path, true), expected);
		if (i)
			assert_non_null(strstr(bench.err.text, "failed in the recorded session"));
	}
}

/* ---- what Tcl makes of a command ---- */

static void read_by_tcl(const char *line, const char *expected)
{
	char path[600], command[700], answer[400] = "";
	FILE *stream;

	snprintf(path, sizeof(path), "%s/line.tcl", folder);
	stream = fopen(path, "w");
	fprintf(stream,
		"set log {}\n"
		"proc capture {c} { global log\n set code [catch {uplevel $c} said]\n"
		" return -code $code [expr {$log eq {} ? $said : $log}] }\n"
		"proc init {} { error {no probe} }\n"
		"proc reset {how} { global log\n set log \"target {halted}\\n\"\n return {} }\n"
		"proc flash {args} { global log\n set log \"padding\\n\"\n return \"wrote 7 "
		"bytes\" }\n"
		"proc verify_image {args} { global log\n set log {}\n return {verified 5 bytes} }\n"
		"puts -nonewline [eval {%s}]\n",
		line);
	fclose(stream);
	snprintf(command, sizeof(command), "tclsh %s 2>&1", path);
	stream = popen(command, "r");
	assert_true(fread(answer, 1, sizeof(answer) - 1, stream) > 0);
	pclose(stream);
	assert_string_equal(answer, expected);
}

static void test_tcl(void **state)
{
	static const struct {
		const char *command, *expected;
	} rows[] = {
		{"init", "joulebench 1 1 \nno probe"},
		{"reset halt", "joulebench 1 0 \ntarget {halted}\n"},
		{"flash write_image erase {/tmp/a b} 0x08000000 bin",
		 "joulebench 1 0 wrote 7 bytes\npadding\n"},
		{"verify_image {/tmp/a b} 0x08000000 bin",
		 "joulebench 1 0 verified 5 bytes\nverified 5 bytes"},
	};

	(void)state;
	if (system("echo exit | tclsh >/dev/null 2>&1")) {
		print_message("no tclsh: skipped\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct openocd_rpc *rpc = calloc(1, sizeof(*rpc));

		fake_new(&bench.fake);
		fake_openocd_start(&bench.fake);
		assert_int_equal(openocd_rpc_open(rpc, bench.fake.uri, NULL), 0);
		openocd_rpc_run(rpc, rows[i].command, 400, NULL);
		openocd_rpc_close(rpc);
		free(rpc);
		fake_openocd_stop(&bench.fake);
		read_by_tcl(bench.fake.last_line, rows[i].expected);
	}
}

static void test_tails(void **state)
{
	static const struct {
		const char *text, *tail;
	} rows[] = {
		{"", ""},
		{"a\n", "a"},
		{"\n\r\na\r\nb\n\n", "a; b"},
		{"  a\n  b\x01\n", "  a; b?"},
		{"0123456789\n0123456789\n0123456789abcdefg\n", "0123456789; 0123456789abcdefg"},
		{"0123456789abcdefghijklmnopqrstuvwxyz0123",
		 "123456789abcdefghijklmnopqrstuvwxyz0123"},
		{"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char tail[40];

		openocd_text_tail(rows[i].text, tail, sizeof(tail));
		assert_string_equal(tail, rows[i].tail);
	}
}

#define bench_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* A folder on the path in which this program is called openocd. */
static void make_path(void)
{
	char self[512] = "", link_path[600], path[4096];

	if (!realpath(scratch_folder(), folder) ||
	    readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		abort();
	own_path = strdup(getenv("PATH"));
	snprintf(link_path, sizeof(link_path), "%s/openocd", folder);
	snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
	if (symlink(self, link_path) || setenv("PATH", path, 1))
		abort();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		bench_test(test_whole_write),
		bench_test(test_split_everywhere),
		bench_test(test_lines_in_between),
		bench_test(test_error_status),
		bench_test(test_no_answer),
		bench_test(test_hangs_up),
		bench_test(test_wrong_flash),
		bench_test(test_no_tcl_port),
		bench_test(test_senseless_requests),
		bench_test(test_own),
		bench_test(test_own_fails),
		bench_test(test_own_stubborn),
		bench_test(test_real),
		bench_test(test_no_program),
		bench_test(test_taped),
		bench_test(test_tcl),
		cmocka_unit_test(test_tails),
	};

	if (!strcmp(argv[0], "openocd"))
		return be_openocd(argc, argv);
	make_path();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
