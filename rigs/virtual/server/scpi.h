/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SCPI-1999 as far as a small instrument needs it: lines that end in LF or CR LF, program messages
 * separated by ";", headers in short or long form in any case, optional nodes, an error queue.
 * Compound headers always begin at the root. Pure over text: no I/O.
 */
#ifndef RIGS_VIRTUAL_SERVER_SCPI_H
#define RIGS_VIRTUAL_SERVER_SCPI_H

#include <stddef.h>

#define SCPI_LINE_MAX  256
#define SCPI_REPLY_MAX 512
#define SCPI_ERRORS    8

enum scpi_error {
	SCPI_OK = 0,
	SCPI_NO_SUCH_HEADER = -113,
	SCPI_MISSING_PARAMETER = -109,
	SCPI_WRONG_PARAMETER = -224,
	SCPI_OUT_OF_RANGE = -222,
	SCPI_TOO_MANY_PARAMETERS = -108,
	SCPI_QUEUE_OVERFLOW = -350,
};

struct scpi_command {
	/* Upper case is the short form, [..] may be left out: "[SOURce:]VOLTage?". NULL ends a
	 * table. */
	const char *pattern;
	/* parameter: "" without one. What is answered is written to ret_reply, without line end. */
	enum scpi_error (*run)(void *context, const char *parameter, char *ret_reply, size_t size);
};

struct scpi {
	const struct scpi_command *commands; /* not owned */
	void *context;
	const char *identity; /* of *IDN?; not owned */
	enum scpi_error errors[SCPI_ERRORS];
	unsigned error_count;
};

void scpi_init(struct scpi *scpi, const struct scpi_command *commands, void *context,
	       const char *identity);
/* One line without its end. Answers, joined by ";", with LF; "" when there is none. */
void scpi_line(struct scpi *scpi, const char *line, char *ret_reply, size_t size);

/* Parameters. */
enum scpi_error scpi_number(const char *parameter, double min, double max, double *ret_value);
enum scpi_error scpi_switch(const char *parameter, int *ret_on); /* ON, OFF, 1, 0 */

#endif
