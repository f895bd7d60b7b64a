/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig file: schema, defaults, checks. See the header.
 */
#include "rigs/virtual/server/config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/plant/plant.h"
#include "rigs/virtual/server/listener.h"
#include "rigs/virtual/server/yaml_position.h"

#define TEXT_MAX        256
#define NAME_MAX_CHARS  48
#define BOARDS_MAX      64
#define CONFIG_MAX      (1 << 20)
#define DEFAULT_PACE    25.0
#define PACE_MAX        1000.0
#define DEFAULT_AMBIENT 21.0
#define AMBIENT_MIN_C   (-40.0)
#define AMBIENT_MAX_C   105.0 /* the parts' range */

/* Schema ------------------------------------------------------------------------------------- */

#define TEXT(key, type, member)                                                                    \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, TEXT_MAX)
#define TEXT_OPTIONAL(key, type, member)                                                           \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1,     \
			       TEXT_MAX)

static const cyaml_schema_field_t lines_fields[] = {
	TEXT_OPTIONAL("reset", struct config_lines, reset),
	TEXT_OPTIONAL("boot", struct config_lines, boot),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t board_fields[] = {
	TEXT("name", struct config_board, name),
	TEXT("part", struct config_board, part),
	TEXT("listen", struct config_board, listen),
	TEXT("supply", struct config_board, supply),
	TEXT_OPTIONAL("ambient", struct config_board, ambient),
	TEXT_OPTIONAL("flash", struct config_board, flash),
	CYAML_FIELD_MAPPING_PTR("lines", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct config_board, lines_text, lines_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t board_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_board, board_fields),
};

static const cyaml_schema_field_t meter_fields[] = {
	TEXT("name", struct config_meter, name),
	TEXT("kind", struct config_meter, kind),
	TEXT("listen", struct config_meter, listen),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t meter_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_meter, meter_fields),
};

static const cyaml_schema_field_t config_fields[] = {
	TEXT("seed", struct config, seed_text),
	TEXT_OPTIONAL("pace", struct config, pace_text),
	TEXT_OPTIONAL("truth", struct config, truth),
	CYAML_FIELD_SEQUENCE("boards", CYAML_FLAG_POINTER, struct config, boards, &board_schema, 1,
			     BOARDS_MAX),
	CYAML_FIELD_SEQUENCE("meters", CYAML_FLAG_POINTER, struct config, meters, &meter_schema, 1,
			     BOARDS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, config_fields),
};

/* What libcyaml says: its first sentence, and the line of the innermost element it was in. */
struct complaint {
	char text[256];
	unsigned line;
};

static void take_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
	struct complaint *complaint = context;
	char text[256];
	const char *line;

	(void)level;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	line = strstr(text, "(line: ");
	if (!complaint->text[0])
		snprintf(complaint->text, sizeof(complaint->text), "%s",
			 !strncmp(text, "Load: ", 6) ? text + 6 : text);
	else if (!complaint->line && line)
		complaint->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
}

static const cyaml_config_t *cyaml_settings(struct complaint *complaint)
{
	static cyaml_config_t settings;

	settings = (cyaml_config_t){
		.log_fn = take_log,
		.log_ctx = complaint,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_DEFAULT,
	};
	return &settings;
}

/* Checks ------------------------------------------------------------------------------------- */

struct check {
	const char *path;
	struct yaml_positions *positions;
	struct config *config;
	struct verr *err;
};

__attribute__((format(printf, 5, 6))) static int refuse(const struct check *check, const char *list,
							unsigned index, const char *key,
							const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return verr_set(check->err, -EINVAL, "%s:%u: %s%s%s", check->path,
			yaml_positions_line(check->positions, list, index, key), key ? key : "",
			key ? ": " : "", text);
}

/* A sentence of libcyaml's with the right line: it reports the element before. */
static int refuse_complaint(const struct check *check, const struct complaint *complaint)
{
	static const char unknown[] = "Unexpected key: ", again[] = "Mapping field already seen: ";
	unsigned line = 0;

	if (!strncmp(complaint->text, unknown, strlen(unknown)))
		line = yaml_positions_key_line(check->positions, complaint->text + strlen(unknown),
					       complaint->line, false);
	else if (!strncmp(complaint->text, again, strlen(again)))
		line = yaml_positions_key_line(check->positions, complaint->text + strlen(again),
					       complaint->line, true);
	return verr_set(check->err, -EINVAL, "%s:%u: %s", check->path,
			line ? line : complaint->line, complaint->text);
}

static int check_top(const struct check *check)
{
	struct config *config = check->config;
	char *end;

	errno = 0;
	config->seed = strtoull(config->seed_text, &end, 10);
	if (config->seed_text[0] < '0' || config->seed_text[0] > '9' || *end || errno)
		return refuse(check, NULL, 0, "seed", "\"%s\" is no number from 0 to 2^64 - 1",
			      config->seed_text);
	config->pace = DEFAULT_PACE;
	if (config->pace_text) {
		config->pace = strtod(config->pace_text, &end);
		if (end == config->pace_text || *end || !(config->pace > 0) ||
		    config->pace > PACE_MAX)
			return refuse(check, NULL, 0, "pace",
				      "\"%s\" is no number above 0 and at most %g (virtual seconds "
				      "per second)",
				      config->pace_text, PACE_MAX);
	}
	return 0;
}

static int check_name(const struct check *check, const char *list, unsigned index, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";
	const struct config *config = check->config;

	if (strlen(name) > NAME_MAX_CHARS || name[strspn(name, plain)])
		return refuse(check, list, index, "name",
			      "\"%s\": at most %d letters, digits, or one of . _ -", name,
			      NAME_MAX_CHARS);
	for (unsigned i = 0; i < config->boards_count; i++)
		if (config->boards[i].name != name && !strcmp(config->boards[i].name, name))
			return refuse(check, list, index, "name", "\"%s\" is there twice", name);
	for (unsigned i = 0; i < config->meters_count; i++)
		if (config->meters[i].name != name && !strcmp(config->meters[i].name, name))
			return refuse(check, list, index, "name", "\"%s\" is there twice", name);
	return 0;
}

static int check_listen(const struct check *check, const char *list, unsigned index,
			const char *address)
{
	const struct config *config = check->config;
	struct verr why = {""};

	if (listener_check(address, &why) < 0)
		return refuse(check, list, index, "listen", "%s", why.text);
	if (!strncmp(address, "tcp:", 4) && !strcmp(strrchr(address, ':'), ":0"))
		return 0; /* the system chooses: never the same */
	for (unsigned i = 0; i < config->boards_count; i++)
		if (config->boards[i].listen != address &&
		    !strcmp(config->boards[i].listen, address))
			return refuse(check, list, index, "listen", "\"%s\" is there twice",
				      address);
	for (unsigned i = 0; i < config->meters_count; i++)
		if (config->meters[i].listen != address &&
		    !strcmp(config->meters[i].listen, address))
			return refuse(check, list, index, "listen", "\"%s\" is there twice",
				      address);
	return 0;
}

static int check_line(const struct check *check, unsigned index, const char *key, const char *text,
		      struct config_line *ret_line)
{
	static const struct {
		const char *text;
		struct config_line line;
	} known[] = {
		{"dtr", {true, true}},
		{"!dtr", {true, false}},
		{"rts", {false, true}},
		{"!rts", {false, false}},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].text, text)) {
			*ret_line = known[i].line;
			return 0;
		}
	}
	return refuse(check, "boards", index, "lines",
		      "%s: \"%s\" is none of dtr, \"!dtr\", rts, \"!rts\"", key, text);
}

static int check_lines(const struct check *check, unsigned index)
{
	struct config_board *board = &check->config->boards[index];
	const struct config_lines *text = board->lines_text;
	int rc;

	rc = check_line(check, index, "reset", text && text->reset ? text->reset : "dtr",
			&board->reset);
	if (rc == 0)
		rc = check_line(check, index, "boot", text && text->boot ? text->boot : "!rts",
				&board->boot);
	if (rc == 0 && board->reset.is_dtr == board->boot.is_dtr)
		rc = refuse(check, "boards", index, "lines", "reset and boot share one line");
	return rc;
}

static int check_ambient(const struct check *check, unsigned index)
{
	struct config_board *board = &check->config->boards[index];
	char *end;

	board->ambient_c = DEFAULT_AMBIENT;
	if (!board->ambient)
		return 0;
	board->ambient_c = strtod(board->ambient, &end);
	if (end == board->ambient || strcmp(end, " degC") != 0)
		return refuse(check, "boards", index, "ambient",
			      "\"%s\" is no temperature with its unit, such as 21 degC",
			      board->ambient);
	if (!(board->ambient_c >= AMBIENT_MIN_C && board->ambient_c <= AMBIENT_MAX_C))
		return refuse(check, "boards", index, "ambient", "%s is outside %g..%g degC",
			      board->ambient, AMBIENT_MIN_C, AMBIENT_MAX_C);
	return 0;
}

static int check_supply(const struct check *check, unsigned index)
{
	struct config *config = check->config;
	struct config_board *board = &config->boards[index];
	unsigned meter = 0;

	while (meter < config->meters_count && strcmp(config->meters[meter].name, board->supply))
		meter++;
	if (meter == config->meters_count)
		return refuse(check, "boards", index, "supply", "there is no meter \"%s\"",
			      board->supply);
	for (unsigned i = 0; i < index; i++)
		if (config->boards[i].meter == meter)
			return refuse(check, "boards", index, "supply", "%s already feeds board %s",
				      board->supply, config->boards[i].name);
	board->meter = meter;
	return 0;
}

static int check_board(const struct check *check, unsigned index)
{
	struct config_board *board = &check->config->boards[index];
	int rc = check_name(check, "boards", index, board->name);

	if (rc == 0)
		rc = check_listen(check, "boards", index, board->listen);
	if (rc == 0 && !plant_knows_part(board->part))
		rc = refuse(check, "boards", index, "part", "\"%s\" is not known", board->part);
	for (unsigned i = 0; rc == 0 && board->flash && i < index; i++)
		if (check->config->boards[i].flash &&
		    !strcmp(check->config->boards[i].flash, board->flash))
			rc = refuse(check, "boards", index, "flash",
				    "\"%s\" is another board's already", board->flash);
	if (rc == 0)
		rc = check_ambient(check, index);
	if (rc == 0)
		rc = check_supply(check, index);
	if (rc == 0)
		rc = check_lines(check, index);
	return rc;
}

static int check_meter(const struct check *check, unsigned index)
{
	const struct config *config = check->config;
	const struct config_meter *meter = &config->meters[index];
	int rc = check_name(check, "meters", index, meter->name);

	if (rc == 0)
		rc = check_listen(check, "meters", index, meter->listen);
	if (rc == 0 && strcmp(meter->kind, "ppk2") != 0)
		rc = refuse(check, "meters", index, "kind", "\"%s\" is not known; there is ppk2",
			    meter->kind);
	for (unsigned i = 0; rc == 0 && i < config->boards_count; i++)
		if (config->boards[i].meter == index)
			return 0;
	return rc ? rc : refuse(check, "meters", index, NULL, "%s feeds no board", meter->name);
}

static int check_all(const struct check *check)
{
	int rc = check_top(check);

	for (unsigned i = 0; rc == 0 && i < check->config->boards_count; i++)
		rc = check_board(check, i);
	for (unsigned i = 0; rc == 0 && i < check->config->meters_count; i++)
		rc = check_meter(check, i);
	return rc;
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

static int load_text(struct check *check, const char *text, size_t length)
{
	struct complaint complaint = {"", 0};
	cyaml_data_t *data = NULL;
	int rc = yaml_positions_load(check->path, text, length, &check->positions, check->err);

	if (rc < 0)
		return rc;
	if (cyaml_load_data((const uint8_t *)text, length, cyaml_settings(&complaint),
			    &config_schema, &data, NULL) != CYAML_OK)
		return refuse_complaint(check, &complaint);
	check->config = data;
	if (!data)
		return verr_set(check->err, -EINVAL, "%s:1: the file is empty", check->path);
	return check_all(check);
}

int config_load(const char *path, struct config **ret_config, struct verr *err)
{
	struct check check = {.path = path, .err = err};
	size_t length;
	char *text;
	int rc = read_file(path, &text, &length, err);

	if (rc < 0)
		return rc;
	rc = load_text(&check, text, length);
	free(text);
	yaml_positions_free(check.positions);
	if (rc < 0) {
		config_free(check.config);
		return rc;
	}
	*ret_config = check.config;
	return 0;
}

void config_free(struct config *config)
{
	struct complaint complaint = {"", 0};

	if (config)
		cyaml_free(cyaml_settings(&complaint), &config_schema, config, 0);
}
