/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig file: loading, top level, what all its parts share. See the header.
 */
#include "rigs/virtual/server/config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rigs/virtual/server/config_read.h"
#include "rigs/virtual/server/listener.h"
#include "rigs/virtual/server/usbip.h"

#define NAME_MAX_CHARS 48
#define BOARDS_MAX     64
#define CONFIG_MAX     (1 << 20)
#define DEFAULT_PACE   25.0
#define PACE_MAX       1000.0
#define THREADS_MAX    64

/* Shared readers ----------------------------------------------------------------------------- */

int read_text(struct reading *reading, struct yaml_value value, const char *key,
	      const char **ret_text)
{
	if (!value.text)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"%s: a text is needed here", key);
	*ret_text = value.text;
	return 0;
}

int read_quantity(struct reading *reading, struct yaml_value value, const char *key,
		  enum quantity quantity, double min, double max, double *ret_value)
{
	char sentence[200];
	const char *text = NULL;
	double read;
	int rc;

	if (!value.index)
		return 0;
	rc = read_text(reading, value, key, &text);
	if (rc < 0)
		return rc;
	if (quantity_read(text, quantity, &read, sentence, sizeof(sentence)) < 0)
		return yaml_tree_refuse(reading->tree, value.line, reading->err, "%s: %s", key,
					sentence);
	if (!(read >= min && read <= max))
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"%s: %s is outside %g..%g", key, text, min, max);
	*ret_value = read;
	return 0;
}

/* Notes that a text is used; refuses a second use. */
static int use_once(struct reading *reading, struct yaml_value value, const char *key,
		    struct yaml_value **list, unsigned *count)
{
	struct yaml_value *longer;

	for (unsigned i = 0; i < *count; i++)
		if (!strcmp((*list)[i].text, value.text))
			return yaml_tree_refuse(reading->tree, value.line, reading->err,
						"%s: \"%s\" is there twice, first on line %u", key,
						value.text, (*list)[i].line);
	longer = realloc(*list, (*count + 1) * sizeof(**list));
	if (!longer)
		return verr_set(reading->err, -ENOMEM, "out of memory");
	*list = longer;
	longer[(*count)++] = value;
	return 0;
}

int read_name(struct reading *reading, struct yaml_value value, const char **ret_name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";
	int rc = read_text(reading, value, "name", ret_name);

	if (rc < 0)
		return rc;
	if (strlen(*ret_name) > NAME_MAX_CHARS || (*ret_name)[strspn(*ret_name, plain)])
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"name: \"%s\": at most %d letters, digits, or one of . _ -",
					*ret_name, NAME_MAX_CHARS);
	return use_once(reading, value, "name", &reading->used.names, &reading->used.names_count);
}

int read_listen(struct reading *reading, struct yaml_value value, const char **ret_listen)
{
	struct verr why = {""};
	int rc = read_text(reading, value, "listen", ret_listen);
	size_t length;

	if (rc < 0)
		return rc;
	if (listener_check(*ret_listen, &why) < 0)
		return yaml_tree_refuse(reading->tree, value.line, reading->err, "listen: %s",
					why.text);
	length = strlen(*ret_listen);
	if (!strncmp(*ret_listen, "tcp:", 4) && !strcmp(*ret_listen + length - 2, ":0"))
		return 0; /* the system chooses: never the same */
	return use_once(reading, value, "listen", &reading->used.listens,
			&reading->used.listens_count);
}

int read_flash(struct reading *reading, struct yaml_value value, const char **ret_path)
{
	int rc = read_text(reading, value, "flash", ret_path);

	return rc ? rc
		  : use_once(reading, value, "flash", &reading->used.flashes,
			     &reading->used.flashes_count);
}

int read_choice(struct reading *reading, struct yaml_value value, const char *key,
		const char *first, const char *second, bool *ret_second)
{
	const char *text = first;
	int rc = value.index ? read_text(reading, value, key, &text) : 0;

	if (rc < 0)
		return rc;
	*ret_second = !strcmp(text, second);
	if (*ret_second || !strcmp(text, first))
		return 0;
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"%s: \"%s\" is neither %s nor %s", key, text, first, second);
}

int read_export(struct reading *reading, struct yaml_value value, struct yaml_value name,
		bool always, bool *ret_usb)
{
	int rc = read_choice(reading, value, "export", "serial", "usb", ret_usb);

	if (rc < 0)
		return rc;
	*ret_usb |= always;
	if (!*ret_usb || strlen(name.text) <= VUSBIP_BUSID_MAX)
		return 0;
	return yaml_tree_refuse(reading->tree, name.line, reading->err,
				"name: \"%s\": at most %d characters for a USB device", name.text,
				VUSBIP_BUSID_MAX);
}

/* Top ---------------------------------------------------------------------------------------- */

struct top_values {
	struct yaml_value seed, pace, repeat, threads, truth, fault_log, boards, meters, devices;
};

static int read_seed(struct reading *reading, struct yaml_value value)
{
	const char *text = NULL;
	char *end;
	int rc = read_text(reading, value, "seed", &text);

	if (rc < 0)
		return rc;
	errno = 0;
	reading->config->seed = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"seed: \"%s\" is no number from 0 to 2^64 - 1", text);
	return 0;
}

static int read_pace(struct reading *reading, struct yaml_value value)
{
	double pace = DEFAULT_PACE;
	int rc = read_quantity(reading, value, "pace", QUANTITY_NUMBER, 0, PACE_MAX, &pace);

	if (rc == 0 && !(pace > 0))
		rc = yaml_tree_refuse(reading->tree, value.line, reading->err,
				      "pace: must be above 0");
	reading->config->pace = pace;
	return rc;
}

static int read_repeat(struct reading *reading, struct yaml_value value)
{
	const char *text = "on";
	int rc = value.index ? read_text(reading, value, "repeat", &text) : 0;

	if (rc < 0)
		return rc;
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"repeat: \"%s\": on or off", text);
	reading->config->repeat = strcmp(text, "on") == 0;
	return 0;
}

static int read_threads(struct reading *reading, struct yaml_value value)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	double threads = processors < 1 ? 1 : fmin((double)processors, THREADS_MAX);
	int rc =
		read_quantity(reading, value, "threads", QUANTITY_NUMBER, 1, THREADS_MAX, &threads);

	if (rc == 0 && threads != floor(threads))
		rc = yaml_tree_refuse(reading->tree, value.line, reading->err,
				      "threads: %s is no whole number", value.text);
	reading->config->threads = (unsigned)threads;
	return rc;
}

static int read_fault_log(struct reading *reading, struct yaml_value value)
{
	static const char ending[] = ".jsonl", faults[] = ".faults.jsonl";
	struct config *config = reading->config;
	size_t length;

	if (value.index)
		return read_text(reading, value, "fault_log", &config->fault_log);
	if (!config->truth)
		return 0;
	length = strlen(config->truth);
	if (length > strlen(ending) && !strcmp(config->truth + length - strlen(ending), ending))
		length -= strlen(ending);
	config->fault_log_default = malloc(length + sizeof(faults));
	if (!config->fault_log_default)
		return verr_set(reading->err, -ENOMEM, "out of memory");
	memcpy(config->fault_log_default, config->truth, length);
	strcpy(config->fault_log_default + length, faults);
	config->fault_log = config->fault_log_default;
	return 0;
}

/* A list of boards, meters or devices into an array of the configuration. */
static int read_list(struct reading *reading, struct yaml_value list, const char *what, size_t size,
		     int (*read)(struct reading *reading, struct yaml_value value, unsigned index),
		     void **ret_array, unsigned *ret_count)
{
	unsigned count;
	int rc = yaml_tree_count(reading->tree, list, what, BOARDS_MAX, &count, reading->err);

	if (rc < 0 || count == 0)
		return rc;
	*ret_array = calloc(count, size);
	if (!*ret_array)
		return verr_set(reading->err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < count && rc == 0; i++) {
		*ret_count = i + 1; /* a half-read one is freed, too */
		rc = read(reading, yaml_tree_item(reading->tree, list, i), i);
	}
	return rc;
}

static int check_meters_used(struct reading *reading, struct yaml_value list)
{
	const struct config *config = reading->config;

	for (unsigned i = 0; i < config->meters_count; i++) {
		unsigned board = 0;

		while (board < config->boards_count && config->boards[board].meter != i)
			board++;
		if (board == config->boards_count)
			return yaml_tree_refuse(
				reading->tree, yaml_tree_item(reading->tree, list, i).line,
				reading->err, "%s feeds no board", config->meters[i].name);
	}
	return 0;
}

static int read_top(struct reading *reading)
{
	static const struct yaml_key keys[] = {
		{"seed", true, offsetof(struct top_values, seed)},
		{"pace", false, offsetof(struct top_values, pace)},
		{"repeat", false, offsetof(struct top_values, repeat)},
		{"threads", false, offsetof(struct top_values, threads)},
		{"truth", false, offsetof(struct top_values, truth)},
		{"fault_log", false, offsetof(struct top_values, fault_log)},
		{"boards", true, offsetof(struct top_values, boards)},
		{"meters", false, offsetof(struct top_values, meters)},
		{"devices", false, offsetof(struct top_values, devices)},
	};
	struct config *config = reading->config;
	struct top_values values = {{0}};
	int rc = yaml_tree_take(reading->tree, yaml_tree_root(reading->tree), "a rig", keys,
				READ_COUNT(keys), &values, reading->err);

	if (rc == 0)
		rc = read_seed(reading, values.seed);
	if (rc == 0)
		rc = read_pace(reading, values.pace);
	if (rc == 0)
		rc = read_repeat(reading, values.repeat);
	if (rc == 0)
		rc = read_threads(reading, values.threads);
	if (rc == 0 && values.truth.index)
		rc = read_text(reading, values.truth, "truth", &config->truth);
	if (rc == 0)
		rc = read_fault_log(reading, values.fault_log);
	if (rc == 0)
		rc = read_list(reading, values.devices, "devices", sizeof(config->devices[0]),
			       read_device, (void **)&config->devices, &config->devices_count);
	if (rc == 0)
		rc = read_list(reading, values.meters, "meters", sizeof(config->meters[0]),
			       read_meter, (void **)&config->meters, &config->meters_count);
	if (rc == 0)
		rc = read_list(reading, values.boards, "boards", sizeof(config->boards[0]),
			       read_board, (void **)&config->boards, &config->boards_count);
	return rc ? rc : check_meters_used(reading, values.meters);
}

/* Loading ------------------------------------------------------------------------------------ */

static int read_file(const char *path, char **ret_text, size_t *ret_length, struct verr *err)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(CONFIG_MAX + 1);
	int rc = 0;
	size_t length = 0;

	if (!file)
		rc = verr_set(err, -errno, "%s: %s", path, strerror(errno));
	else if (!text)
		rc = verr_set(err, -ENOMEM, "out of memory");
	else
		length = fread(text, 1, CONFIG_MAX + 1, file);
	if (rc == 0 && ferror(file))
		rc = verr_set(err, -EIO, "%s: %s", path, strerror(errno));
	if (rc == 0 && length > CONFIG_MAX)
		rc = verr_set(err, -EFBIG, "%s: larger than 1 MiB: no rig file", path);
	if (file)
		fclose(file);
	if (rc < 0) {
		free(text);
		return rc;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

static int load_text(const char *path, const char *text, size_t length, struct config *config,
		     struct verr *err)
{
	struct reading reading = {.config = config, .err = err};
	int rc = yaml_tree_load(path, text, length, &config->tree, err);

	if (rc < 0)
		return rc;
	reading.tree = config->tree;
	rc = read_top(&reading);
	free(reading.used.names);
	free(reading.used.listens);
	free(reading.used.flashes);
	return rc;
}

int config_load(const char *path, struct config **ret_config, struct verr *err)
{
	struct config *config;
	size_t length;
	char *text;
	int rc = read_file(path, &text, &length, err);

	if (rc < 0)
		return rc;
	config = calloc(1, sizeof(*config));
	rc = config ? load_text(path, text, length, config, err)
		    : verr_set(err, -ENOMEM, "out of memory");
	free(text);
	if (rc < 0) {
		config_free(config);
		return rc;
	}
	*ret_config = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (unsigned i = 0; i < config->boards_count; i++)
		free(config->boards[i].faults.list);
	for (unsigned i = 0; i < config->meters_count; i++)
		free(config->meters[i].faults.list);
	free(config->boards);
	free(config->meters);
	free(config->devices);
	free(config->fault_log_default);
	yaml_tree_free(config->tree);
	free(config);
}
