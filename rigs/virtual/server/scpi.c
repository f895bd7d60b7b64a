/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SCPI messages. See the header.
 */
#include "rigs/virtual/server/scpi.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct error_text {
	enum scpi_error error;
	const char *text;
};

/* SCPI-1999, volume 2, section 21.8. */
static const struct error_text error_texts[] = {
	{SCPI_OK, "No error"},
	{SCPI_NO_SUCH_HEADER, "Undefined header"},
	{SCPI_MISSING_PARAMETER, "Missing parameter"},
	{SCPI_WRONG_PARAMETER, "Illegal parameter value"},
	{SCPI_OUT_OF_RANGE, "Data out of range"},
	{SCPI_TOO_MANY_PARAMETERS, "Parameter not allowed"},
	{SCPI_QUEUE_OVERFLOW, "Queue overflow"},
};

void scpi_init(struct scpi *scpi, const struct scpi_command *commands, void *context,
	       const char *identity)
{
	*scpi = (struct scpi){.commands = commands, .context = context, .identity = identity};
}

/* Errors ------------------------------------------------------------------------------------- */

static void add_error(struct scpi *scpi, enum scpi_error error)
{
	if (scpi->error_count < SCPI_ERRORS)
		scpi->errors[scpi->error_count++] = error;
	else
		scpi->errors[SCPI_ERRORS - 1] = SCPI_QUEUE_OVERFLOW;
}

static enum scpi_error take_error(struct scpi *scpi)
{
	enum scpi_error first = scpi->error_count ? scpi->errors[0] : SCPI_OK;

	if (scpi->error_count)
		memmove(scpi->errors, scpi->errors + 1,
			--scpi->error_count * sizeof(scpi->errors[0]));
	return first;
}

static void print_error(enum scpi_error error, char *ret_reply, size_t size)
{
	const char *text = "";

	for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++)
		if (error_texts[i].error == error)
			text = error_texts[i].text;
	snprintf(ret_reply, size, "%d,\"%s\"", error, text);
}

/* Headers ------------------------------------------------------------------------------------ */

static size_t node_length(const char *text)
{
	return strcspn(text, ":[]?");
}

/* The short form is the node's upper-case beginning; the suffix 1 may be left out. */
static bool node_matches(const char *node, size_t node_count, const char *text, size_t count)
{
	size_t short_count = 0;

	while (short_count < node_count && !islower((unsigned char)node[short_count]))
		short_count++;
	if (count > 1 && text[count - 1] == '1')
		count--;
	return (count == node_count || count == short_count) && !strncasecmp(node, text, count);
}

/* pattern: what is left of it, "[NODE:]NODE[:NODE]?". */
static bool header_matches(const char *pattern, const char *header)
{
	bool optional = *pattern == '[';
	const char *node = pattern + optional, *rest, *after;
	size_t count, length;

	if (!*pattern || *pattern == '?')
		return !strcmp(pattern, header);
	node += *node == ':';
	length = node_length(node);
	rest = node + length;
	rest += *rest == ':';
	rest += optional && *rest == ']';
	if (*rest == ':')
		rest++;
	if (optional && header_matches(rest, header))
		return true;
	header += *header == ':';
	count = node_length(header);
	if (!node_matches(node, length, header, count))
		return false;
	after = header + count;
	if (*after == ':' && *rest != '[')
		after++;
	return header_matches(rest, after);
}

/* Messages ----------------------------------------------------------------------------------- */

static bool run_common(struct scpi *scpi, const char *header, char *ret_reply, size_t size)
{
	if (!strcasecmp(header, "*IDN?"))
		snprintf(ret_reply, size, "%s", scpi->identity);
	else if (!strcasecmp(header, "*OPC?"))
		snprintf(ret_reply, size, "1");
	else if (!strcasecmp(header, "*CLS"))
		scpi->error_count = 0;
	else if (header_matches("SYSTem:ERRor[:NEXT]?", header))
		print_error(take_error(scpi), ret_reply, size);
	else
		return false;
	return true;
}

static void run_message(struct scpi *scpi, const char *header, const char *parameter,
			char *ret_reply, size_t size)
{
	const struct scpi_command *command = scpi->commands;
	enum scpi_error error;

	if (run_common(scpi, header, ret_reply, size))
		return;
	while (command->pattern && !header_matches(command->pattern, header))
		command++;
	error = command->pattern ? command->run(scpi->context, parameter, ret_reply, size)
				 : SCPI_NO_SUCH_HEADER;
	if (error)
		add_error(scpi, error);
}

/* Cuts a message into header and parameter, both without spaces around them. */
static char *cut_parameter(char *message)
{
	char *parameter = message + strcspn(message, " \t"), *end;

	if (*parameter)
		*parameter++ = '\0';
	parameter += strspn(parameter, " \t");
	end = parameter + strlen(parameter);
	while (end > parameter && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return parameter;
}

void scpi_line(struct scpi *scpi, const char *line, char *ret_reply, size_t size)
{
	char copy[SCPI_LINE_MAX + 1], reply[SCPI_REPLY_MAX];
	size_t used = 0;
	char *save = NULL;

	ret_reply[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *message = strtok_r(copy, ";", &save); message;
	     message = strtok_r(NULL, ";", &save)) {
		char *parameter;

		message += strspn(message, " \t\r");
		if (!*message)
			continue;
		parameter = cut_parameter(message);
		reply[0] = '\0';
		run_message(scpi, message + (*message == ':'), parameter, reply, sizeof(reply));
		if (reply[0] && used + strlen(reply) + 2 < size)
			used += (size_t)snprintf(ret_reply + used, size - used, "%s%s",
						 used ? ";" : "", reply);
	}
	if (used)
		snprintf(ret_reply + used, size - used, "\n");
}

/* Parameters --------------------------------------------------------------------------------- */

enum scpi_error scpi_number(const char *parameter, double min, double max, double *ret_value)
{
	char *end;
	double value = strtod(parameter, &end);

	if (!*parameter)
		return SCPI_MISSING_PARAMETER;
	if (end == parameter || *end || !isfinite(value))
		return SCPI_WRONG_PARAMETER;
	if (value < min || value > max)
		return SCPI_OUT_OF_RANGE;
	*ret_value = value;
	return SCPI_OK;
}

enum scpi_error scpi_switch(const char *parameter, int *ret_on)
{
	if (!*parameter)
		return SCPI_MISSING_PARAMETER;
	if (!strcasecmp(parameter, "ON") || !strcmp(parameter, "1"))
		*ret_on = 1;
	else if (!strcasecmp(parameter, "OFF") || !strcmp(parameter, "0"))
		*ret_on = 0;
	else
		return SCPI_WRONG_PARAMETER;
	return SCPI_OK;
}
