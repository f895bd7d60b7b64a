/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store on SQLite: for sqlite*.c only.
 *
 *   sqlite.c              opening, sessions, rows
 *   sqlite_schema.c       what a file is, its tables, and older ones
 *   sqlite_calibration.c  calibrations
 *
 * What is given a store holds its lock, but for opening, which is alone.
 */
#ifndef BENCH_STORE_SQLITE_PARTS_H
#define BENCH_STORE_SQLITE_PARTS_H

#include <pthread.h>
#include <sqlite3.h>

#include "bench/store/store.h"

enum { STORE_SQL_BYTES = 8192 };

struct store {
	sqlite3 *db;
	pthread_mutex_t lock;
	sqlite3_stmt *insert, *done, *known;
	char *path;
};

/* The database's error; a second accepted row is -EEXIST. */
int store_sql_error(const struct store *store, struct err *err, const char *what);
int store_execute(struct store *store, const char *sql, const char *what, struct err *err);
/* One step that gives no row; the statement is fit for the next. */
int store_step_done(struct store *store, sqlite3_stmt *statement, const char *what,
		    struct err *err);

/* Changes nothing: a file that is somebody else's stays as it is. -EINVAL: it is. */
int store_schema_check(struct store *store, bool *ret_is_empty, bool *ret_is_present,
		       struct err *err);
/* Makes the tables, or brings them up to date, in one transaction. */
int store_schema_make(struct store *store, struct err *err);

#endif
