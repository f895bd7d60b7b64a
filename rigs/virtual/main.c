/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * virtual-rig: a bench of boards and meters made of software, reached as serial ports over RFC
 * 2217, and as USB devices over USB/IP.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rigs/virtual/server/companion.h"
#include "rigs/virtual/server/count.h"
#include "rigs/virtual/server/rig.h"
#include "rigs/virtual/server/version.h"

#define COUNT_VDD_V 3.3

enum { EXIT_DONE = 0, EXIT_CONFIG = 2, EXIT_INFRASTRUCTURE = 3 };

static const char usage_text[] =
	"usage: virtual-rig RIG.yaml        run the rig until SIGINT or SIGTERM\n"
	"       virtual-rig RIG.yaml -- COMMAND [ARGUMENT...]\n"
	"                                   run the rig while COMMAND runs\n"
	"       virtual-rig check RIG.yaml  check the file; opens nothing\n"
	"       virtual-rig count PART FIRMWARE.bin unix:SOCKET COUNTS.jsonl\n"
	"                                   one board alone for one client; at every edge of a\n"
	"                                   marker line writes what its core has executed\n"
	"       virtual-rig --help | --version\n"
	"\n"
	"Prints one line per port on stderr (name and address), then \"virtual-rig: ready\".\n"
	"Board faults are reported there as \"virtual-rig: BOARD: fault: ...\".\n"
	"Exit status: 0 done, 2 usage or configuration, 3 socket, file or memory; that of COMMAND\n"
	"where there is one.\n";

static const char help[] =
	"\n"
	"RIG.yaml\n"
	"  seed: 1                  every board, meter, noise and error follows from it\n"
	"  pace: 25                 virtual seconds per host second, at most\n"
	"  threads: 2               boards run on so many threads (default: processors); results\n"
	"                           do not depend on it\n"
	"  truth: PATH              what each window really cost, JSON lines\n"
	"  fault_log: PATH          what was injected, JSON lines (default: beside the truth)\n"
	"  boards:\n"
	"    - name: NAME\n"
	"      part: PART           stm32l4r5, stm32f767, stm32l552, esp32c3\n"
	"      listen: unix:PATH    or tcp:127.0.0.1:PORT; serves RFC 2217 (export: usb: USB/IP)\n"
	"      supply: NAME         a meter, a supply, or a voltage (3.3 V) without a meter\n"
	"      ambient: 21 degC     or chamber: NAME\n"
	"      flash: PATH          file that keeps its flash\n"
	"      lines: {reset: dtr, boot: \"!rts\"}   or devkit (auto-reset circuit)\n"
	"      faults: [{fault: NAME, probability: P}, {fault: NAME, at: 2 s, limit: 1}]\n"
	"  meters:\n"
	"    - {name: NAME, kind: ppk2, listen: ADDRESS, faults: [...]}\n"
	"      kind: lpm01a         feeds the board, as a ppk2 does; both over RFC 2217 (or, with\n"
	"                           export: usb, as a USB serial port)\n"
	"      kind: js220, js110, ina219, ina226, ina228   in series with supply: 3.3 V; USB/IP, the\n"
	"                           busid is the name; ina*: behind an i2c-tiny-usb, with pace: 1\n"
	"      wires: {line0: gpi0} marker lines to inputs; serial: DIGITS; of ina*: address: 0x40,\n"
	"                           shunt: 0.1 ohm, tolerance: 1 %\n"
	"      calibration: ideal   gain, zero and voltage without error (default: drawn;\n"
	"                           gain, zero, supply: an error of that one alone)\n"
	"  devices:                 SCPI over a stream socket\n"
	"    - {name: NAME, kind: supply, listen: ADDRESS, voltage: 3.3 V}\n"
	"    - {name: NAME, kind: chamber, listen: ADDRESS, ambient: 21 degC, slew: 2 K/min,\n"
	"       overshoot: 0.5 K, settle: 60 s, log: PATH}   log: the set points it was given\n"
	"\n"
	"Faults (where, how often it has a chance, what can be set):\n";

static int fail(const struct verr *err, int status)
{
	fprintf(stderr, "virtual-rig: %s\n", err->text);
	return status;
}

/* SIGINT, SIGTERM and a child's end as a readable descriptor. */
static int open_stop_fd(struct verr *err)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return verr_set(err, -errno, "sigprocmask: %s", strerror(errno));
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return verr_set(err, -errno, "signalfd: %s", strerror(errno));
	return fd;
}

/* Runs the rig, and beside it the command when there is one. */
static int attend(struct rig *rig, char *const *command, int stop_fd, struct companion *companion,
		  struct verr *err)
{
	int rc = command ? companion_start(command, companion, err) : 0;

	while (rc == 0) {
		rc = rig_run(rig, stop_fd, err);
		if (rc == 0 && companion_take_signals(companion, stop_fd))
			break;
	}
	companion_stop(companion);
	return rc;
}

/* 0, the command's exit status, or negative. */
static int serve(const struct config *config, char *const *command, struct verr *err)
{
	struct companion companion = {0};
	struct rig *rig;
	int stop_fd = open_stop_fd(err);
	int rc;

	if (stop_fd < 0)
		return stop_fd;
	rc = rig_new(config, &rig, err);
	if (rc < 0)
		goto err_close;
	rig_announce(rig);
	fputs("virtual-rig: ready\n", stderr);
	rc = attend(rig, command, stop_fd, &companion, err);
	rig_free(rig);
err_close:
	close(stop_fd);
	return rc < 0 ? rc : companion.status;
}

static int command_run(const char *path, char *const *command)
{
	struct config *config;
	struct verr err;
	int rc;

	if (config_load(path, &config, &err) < 0)
		return fail(&err, EXIT_CONFIG);
	rc = serve(config, command, &err);
	config_free(config);
	return rc < 0 ? fail(&err, EXIT_INFRASTRUCTURE) : rc;
}

static unsigned count_faults(const struct config *config)
{
	unsigned count = 0;

	for (unsigned i = 0; i < config->boards_count; i++)
		count += config->boards[i].faults.count;
	for (unsigned i = 0; i < config->meters_count; i++)
		count += config->meters[i].faults.count;
	return count;
}

static int command_check(const char *path)
{
	struct config *config;
	struct verr err;

	if (config_load(path, &config, &err) < 0)
		return fail(&err, EXIT_CONFIG);
	printf("%s: ok: boards %u, meters %u, devices %u, faults %u, threads %u, seed %llu\n", path,
	       config->boards_count, config->meters_count, config->devices_count,
	       count_faults(config), config->threads, (unsigned long long)config->seed);
	config_free(config);
	return EXIT_DONE;
}

static int command_count(char **arguments)
{
	const struct count_config config = {
		.part = arguments[0],
		.firmware = arguments[1],
		.listen = arguments[2],
		.counts = arguments[3],
		.vdd_v = COUNT_VDD_V,
	};
	struct verr err;
	int stop_fd = open_stop_fd(&err);
	int rc = stop_fd;

	if (stop_fd >= 0) {
		rc = count_serve(&config, stop_fd, &err);
		close(stop_fd);
	}
	if (rc == -EINVAL)
		return fail(&err, EXIT_CONFIG);
	return rc < 0 ? fail(&err, EXIT_INFRASTRUCTURE) : EXIT_DONE;
}

static int command_help(void)
{
	fputs(usage_text, stdout);
	fputs(help, stdout);
	fault_kinds_print(stdout);
	return fflush(stdout) ? EXIT_INFRASTRUCTURE : EXIT_DONE;
}

static int usage(void)
{
	fputs(usage_text, stderr);
	return EXIT_CONFIG;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return command_help();
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("virtual-rig " VIRTUAL_RIG_VERSION) < 0 ? EXIT_INFRASTRUCTURE
								    : EXIT_DONE;
	if (argc == 3 && !strcmp(argv[1], "check"))
		return command_check(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "count"))
		return command_count(argv + 2);
	if (argc == 2 && argv[1][0] != '-')
		return command_run(argv[1], NULL);
	if (argc > 3 && argv[1][0] != '-' && !strcmp(argv[2], "--"))
		return command_run(argv[1], argv + 3);
	return usage();
}
