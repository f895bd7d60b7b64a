/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * joulebench scan: which devices are plugged into this host, and what to write into a rig file.
 */
#include "bench/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "bench/commands/options.h"
#include "bench/report/json_out.h"
#include "bench/report/scan_out.h"
#include "bench/session/scan.h"

/* Moves "--i2c TEXT", which may come several times, out of argv. */
static int take_i2c(struct scan *scan, int *argc, char **argv, struct err *err)
{
	int kept = 0, ret = 0;

	for (int i = 0; !ret && i < *argc; i++) {
		if (!strncmp(argv[i], "--i2c=", 6))
			ret = scan_i2c_parse(scan, argv[i] + 6, err);
		else if (strcmp(argv[i], "--i2c"))
			argv[kept++] = argv[i];
		else
			ret = scan_i2c_parse(scan, i + 1 < *argc ? argv[i + 1] : "", err), i++;
	}
	*argc = kept;
	return ret;
}

static void print_text(const struct scan *scan)
{
	json_t *warnings = scan_out_warnings(scan), *warning;
	size_t i;

	scan_out_print(scan, stdout);
	json_array_foreach(warnings, i, warning)
		printf("WARNING: %s\n", json_string_value(warning));
	json_decref(warnings);
	if (scan_out_has_parts(scan)) {
		puts("\n# For a rig file (with 'rig:', 'virtual: false' and 'ambient:' above):");
		scan_out_yaml(scan, stdout);
	} else {
		puts("\nNothing here that a rig file could name. A virtual rig needs no device: "
		     "rigs/virtual-nucleo-l4r5zi.yaml");
	}
}

static enum exit_status run(int argc, char **argv)
{
	bool json = false;
	const struct option_row rows[] = {{"json", NULL, &json}, {NULL, NULL, NULL}};
	const char *arguments[OPTIONS_ARGUMENTS_MAX];
	struct scan scan = {.serial = NULL};
	struct err err = {""};
	enum exit_status status;
	int count, ret = 0;

	if (take_i2c(&scan, &argc, argv, &err))
		return options_fail(&scan_command, EXIT_USAGE, "%s", err.text);
	if (!options_read(&scan_command, argc, argv, rows, arguments, &count, &status))
		return status;
	if (count)
		return options_fail(&scan_command, EXIT_USAGE, "it takes no arguments (see --help)");
	scan_all(&scan);
	if (json)
		ret = json_out_print("joulebench.scan/1", scan_out_json(&scan), &err);
	else
		print_text(&scan);
	scan_done(&scan);
	return ret ? options_fail(&scan_command, EXIT_INFRASTRUCTURE, "%s", err.text) : EXIT_DONE;
}

const struct command scan_command = {
	.name = "scan",
	.summary = "list the devices here, as parts of a rig file",
	.help = "usage: joulebench scan [--i2c BUS:ADDRESS,...] [--json]\n\n"
		"Lists serial ports, power monitors on USB, boards in their USB boot loader and "
		"GPIO chips,\n"
		"and prints lines for a rig file. Opens no serial port and changes nothing.\n\n"
		"  --i2c BUS:ADDRESS,...  also ask for power monitors on an I2C bus, at these "
		"addresses and no\n"
		"                         other: /dev/i2c-1:0x40,0x41. May come several times\n"
		"  --json                 print one JSON object (schema joulebench.scan/1)\n\n"
		"Exit status: 0 listed, also when nothing is there, 2 usage, 3 the list cannot be "
		"written.\n",
	.run = run,
};
