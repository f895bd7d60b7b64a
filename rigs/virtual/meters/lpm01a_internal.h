/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the virtual LPM01A share. lpm01a.c: life, bytes for the host, time;
 * lpm01a_acquire.c: acquisitions; lpm01a_records.c: values, lines and binary records;
 * lpm01a_commands.c: the command line.
 */
#ifndef RIGS_VIRTUAL_METERS_LPM01A_INTERNAL_H
#define RIGS_VIRTUAL_METERS_LPM01A_INTERNAL_H

#include "rigs/virtual/meters/lpm01a.h"
#include "rigs/virtual/meters/lpm01a_analog.h"

#define LPM01A_LINE_MAX 96
#define PS_PER_S        1000000000000ll

enum lpm01a_power {
	LPM01A_POWER_AUTO = 1,
	LPM01A_POWER_ON,
	LPM01A_POWER_OFF,
};

enum lpm01a_event {
	LPM01A_EVENT_NONE = 1,
	LPM01A_EVENT_FALLING,
	LPM01A_EVENT_RISING,
	LPM01A_EVENT_BOTH,
};

/* Kinds of metadata, as the second byte of a binary record. */
enum lpm01a_record {
	LPM01A_RECORD_ERROR = 0xf1,
	LPM01A_RECORD_INFO = 0xf2,
	LPM01A_RECORD_TIME = 0xf3,
	LPM01A_RECORD_END = 0xf4,
	LPM01A_RECORD_OVER_CURRENT = 0xf5,
	LPM01A_RECORD_POWER_DOWN = 0xf6,
	LPM01A_RECORD_VOLTAGE = 0xf7,
};

struct lpm01a_settings {
	unsigned volt_mv, freq_hz;
	double acqtime_s; /* 0: no end */
	bool stationary;  /* acqmode stat */
	bool high;        /* funcmode high */
	bool energy, binary;
	bool trigger_d7;
	unsigned trigdelay_ms;
	double currthres_a; /* 0: off */
	enum lpm01a_power power;
	bool power_status, off_at_end;
	enum lpm01a_event event;
};

enum lpm01a_state {
	LPM01A_IDLE = 1,
	LPM01A_WAIT_EDGE,
	LPM01A_WAIT_DELAY,
	LPM01A_RUNNING,
};

struct lpm01a_acquisition {
	enum lpm01a_state state;
	int64_t origin_ps, delay_end_ps;
	uint64_t sample, sample_count; /* taken; to take, 0: no end */
	int64_t sample_start_ps, window_start_ps, sample_end_ps;
	double charge_c, window_charge_c;
	unsigned event;
	bool over;
	/* For the summary. */
	double sum, least, most;
};

struct vlpm01a {
	struct lpm01a_analog analog;
	struct lpm01a_settings settings;
	struct lpm01a_acquisition acquisition;
	uint64_t id[2];
	struct vrandom random;
	int64_t now_ps, boot_end_ps;
	bool link_lost, controlled;
	char lcd[2][17];
	/* Target. */
	bool target_on;
	int64_t target_on_ps; /* end of a targrst; INT64_MAX: none */
	bool threshold;
	double current_a, board_c;
	/* D7: the level that counts, and since when it differs. */
	bool d7, d7_seen;
	int64_t d7_change_ps;
	/* Bytes. */
	char line[LPM01A_LINE_MAX + 1];
	unsigned line_length;
	bool line_too_long;
	uint8_t *queue;
	size_t head, pending;
	bool overflowed;
	/* Faults that are left. */
	unsigned lose, lose_bytes, stick, saturate, miss_events;
};

/* lpm01a.c */
void lpm01a_emit(struct vlpm01a *meter, const void *bytes, size_t count);
void lpm01a_power_up(struct vlpm01a *meter); /* defaults; calibrates */
void lpm01a_set_target(struct vlpm01a *meter, bool on);

/* lpm01a_records.c */
/* A text line to the host, CR LF is added. */
void lpm01a_line(struct vlpm01a *meter, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void lpm01a_sample(struct vlpm01a *meter, double value);
/* A record without a number; text: of an error or information, else NULL. In an ASCII stream it
 * is a line. */
void lpm01a_record(struct vlpm01a *meter, enum lpm01a_record kind, const char *text);
void lpm01a_record_time(struct vlpm01a *meter, uint64_t time_ms);
void lpm01a_record_voltage(struct vlpm01a *meter);
/* dddd[+-]ee, 7 characters; text: LPM01A_VALUE_SIZE. */
#define LPM01A_VALUE_SIZE 16
void lpm01a_format_value(char *ret_text, double value);

/* lpm01a_acquire.c */
/* Returns NULL, or why an acquisition cannot start. */
const char *lpm01a_start(struct vlpm01a *meter);
void lpm01a_stop(struct vlpm01a *meter, bool by_command);
int64_t lpm01a_acquire_next_ps(const struct vlpm01a *meter);
void lpm01a_acquire_integrate(struct vlpm01a *meter, int64_t from_ps, int64_t to_ps,
			      double current_a);
/* What is due at the present time. */
void lpm01a_acquire_due(struct vlpm01a *meter);
void lpm01a_edge(struct vlpm01a *meter, bool rising);
/* The stream is running: what else is said must be records. */
static inline bool lpm01a_streams(const struct vlpm01a *meter)
{
	return meter->acquisition.state > LPM01A_IDLE;
}

/* lpm01a_commands.c */
void lpm01a_command(struct vlpm01a *meter, char *line);

#endif
