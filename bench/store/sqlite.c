/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store on SQLite 3: WAL, synchronous FULL (a committed row survives power loss), one
 * connection behind one lock.
 */
#include "bench/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/store/columns.h"

enum {
	APPLICATION_ID = 0x4A424348, /* "JBCH", PRAGMA application_id */
	BUSY_MS = 30000,
	SQL_BYTES = 8192,
};

struct store {
	sqlite3 *db;
	pthread_mutex_t lock;
	sqlite3_stmt *insert, *done, *known;
	char *path;
};

static int sql_error(const struct store *store, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(store->db);

	if (code == SQLITE_CONSTRAINT_UNIQUE)
		return err_set(err, -EEXIST, "%s: %s: %s", store->path, what,
			       sqlite3_errmsg(store->db));
	return err_set(err, -EIO, "%s: %s: %s", store->path, what, sqlite3_errmsg(store->db));
}

static int execute(struct store *store, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_error(store, err, what);
	return 0;
}

static int read_integer(struct store *store, const char *sql, int64_t *ret_value, struct err *err)
{
	sqlite3_stmt *statement;
	int ret = 0;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return sql_error(store, err, "read");
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	else
		ret = sql_error(store, err, "read");
	sqlite3_finalize(statement);
	return ret;
}

static const char *type_name(enum column_type type)
{
	static const char *const names[] = {[COLUMN_TEXT] = "TEXT",
					    [COLUMN_INTEGER] = "INTEGER",
					    [COLUMN_REAL] = "REAL",
					    [COLUMN_LONG_TEXT] = "TEXT"};

	return names[type];
}

static void create_table_sql(char *sql, size_t size)
{
	size_t used = (size_t)snprintf(
		sql, size, "CREATE TABLE measurement(id INTEGER PRIMARY KEY AUTOINCREMENT");

	for (unsigned i = 0; i < store_column_count && used < size; i++)
		used += (size_t)snprintf(sql + used, size - used, ", %s %s%s",
					 store_columns[i].name, type_name(store_columns[i].type),
					 store_columns[i].type == COLUMN_REAL ? "" : " NOT NULL");
	if (used < size)
		snprintf(sql + used, size - used, ") STRICT");
}

static const char calibration_sql[] =
	"CREATE TABLE calibration(id INTEGER PRIMARY KEY AUTOINCREMENT, created_utc TEXT NOT NULL, "
	"expires_utc TEXT NOT NULL, rig TEXT NOT NULL, meter TEXT NOT NULL, "
	"meter_model TEXT NOT NULL, meter_serial TEXT NOT NULL, meter_calibration TEXT NOT NULL, "
	"is_virtual INTEGER NOT NULL, method TEXT NOT NULL, supply_v REAL, supply_u_v REAL, "
	"lines_json TEXT NOT NULL, points_json TEXT NOT NULL) STRICT";

enum { CALIBRATION_SINCE = 4 };

static int create_schema(struct store *store, struct err *err)
{
	static const char *const rest[] = {
		("CREATE TABLE session(id INTEGER PRIMARY KEY AUTOINCREMENT, begun_utc TEXT NOT "
		 "NULL, "
		 "ended_utc TEXT, status TEXT, version TEXT NOT NULL, host TEXT NOT NULL, "
		 "rig_json TEXT NOT NULL, plan_json TEXT NOT NULL) STRICT"),
		("CREATE UNIQUE INDEX measurement_one_accepted ON measurement(point_key) "
		 "WHERE verdict = 'accepted'"),
		"CREATE INDEX measurement_point ON measurement(point_key)",
		calibration_sql,
	};
	char sql[SQL_BYTES];
	int ret;

	create_table_sql(sql, sizeof(sql));
	ret = execute(store, sql, "create table measurement", err);
	for (size_t i = 0; !ret && i < sizeof(rest) / sizeof(rest[0]); i++)
		ret = execute(store, rest[i], "create schema", err);
	if (ret)
		return ret;
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 APPLICATION_ID, STORE_SCHEMA_VERSION);
	return execute(store, sql, "mark schema", err);
}

/* Columns that came after schema `version`, with what rows written before have in them. */
static int add_columns(struct store *store, int64_t version, struct err *err)
{
	char sql[SQL_BYTES];
	int ret = 0;

	for (unsigned i = 0; !ret && i < store_column_count; i++) {
		const struct column *column = &store_columns[i];

		if (column->since <= version)
			continue;
		snprintf(sql, sizeof(sql), "ALTER TABLE measurement ADD COLUMN %s %s%s",
			 column->name, type_name(column->type),
			 column->type == COLUMN_REAL      ? ""
			 : column->type == COLUMN_INTEGER ? " NOT NULL DEFAULT 0"
							  : " NOT NULL DEFAULT ''");
		ret = execute(store, sql, "bring schema up to date", err);
	}
	if (!ret && version < CALIBRATION_SINCE)
		ret = execute(store, calibration_sql, "bring schema up to date", err);
	if (ret)
		return ret;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", STORE_SCHEMA_VERSION);
	return execute(store, sql, "mark schema", err);
}

/* What a file is. Changes nothing: a file that is somebody else's stays as it is. */
struct schema {
	bool is_empty;
	int64_t version;
};

static int judge_schema(struct store *store, struct schema *ret_schema, struct err *err)
{
	int64_t application = 0, version = 0, tables = 0;
	int ret = read_integer(store, "PRAGMA application_id", &application, err);

	if (!ret)
		ret = read_integer(store, "PRAGMA user_version", &version, err);
	if (!ret)
		ret = read_integer(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (ret)
		return ret;
	*ret_schema = (struct schema){!tables && !application && !version, version};
	if (ret_schema->is_empty)
		return 0;
	if (application != APPLICATION_ID)
		return err_set(err, -EINVAL, "%s: not a joulebench database", store->path);
	if (version > STORE_SCHEMA_VERSION)
		return err_set(err, -EINVAL,
			       "%s: written by a newer joulebench (schema %lld, this one knows %d)",
			       store->path, (long long)version, STORE_SCHEMA_VERSION);
	if (version < STORE_SCHEMA_OLDEST)
		return err_set(err, -EINVAL,
			       "%s: schema %lld is not known (this joulebench reads %d to %d)",
			       store->path, (long long)version, STORE_SCHEMA_OLDEST,
			       STORE_SCHEMA_VERSION);
	return 0;
}

/* The same, as of one moment. */
static int look_at_schema(struct store *store, struct schema *ret_schema, struct err *err)
{
	int ret = execute(store, "BEGIN", "open", err);

	if (ret)
		return ret;
	ret = judge_schema(store, ret_schema, err);
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* Another process may have done so since the first look. */
static int make_schema(struct store *store, struct err *err)
{
	struct schema schema;
	int ret = execute(store, "BEGIN IMMEDIATE", "lock", err);

	if (ret)
		return ret;
	ret = judge_schema(store, &schema, err);
	if (!ret && schema.is_empty)
		ret = create_schema(store, err);
	else if (!ret && schema.version < STORE_SCHEMA_VERSION)
		ret = add_columns(store, schema.version, err);
	if (!ret)
		ret = execute(store, "COMMIT", "make schema", err);
	if (ret)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

static int prepare_insert(struct store *store, struct err *err)
{
	char sql[SQL_BYTES];
	size_t used = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO measurement(");

	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%s%s", i ? "," : "",
					 store_columns[i].name);
	used += (size_t)snprintf(sql + used, sizeof(sql) - used, ") VALUES (");
	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%s?", i ? "," : "");
	snprintf(sql + used, sizeof(sql) - used, ")");
	if (sqlite3_prepare_v2(store->db, sql, -1, &store->insert, NULL) != SQLITE_OK)
		return sql_error(store, err, "prepare");
	if (sqlite3_prepare_v2(store->db,
			       "SELECT count(*) FROM measurement WHERE point_key = ? "
			       "AND verdict = 'accepted'",
			       -1, &store->done, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, "SELECT count(*) FROM measurement WHERE point_key = ?",
			       -1, &store->known, NULL) != SQLITE_OK)
		return sql_error(store, err, "prepare");
	return 0;
}

static int open_database(struct store *store, bool create, struct err *err)
{
	int flags =
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	struct schema schema;
	int ret;

	if (!create && access(store->path, F_OK))
		return err_set(err, -ENOENT, "%s: no such database", store->path);
	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK) {
		if (!store->db)
			return err_set(err, -ENOMEM, "%s: out of memory", store->path);
		return sql_error(store, err, "open");
	}
	sqlite3_busy_timeout(store->db, BUSY_MS);
	ret = look_at_schema(store, &schema, err);
	if (!ret)
		ret = execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", "open",
			      err);
	if (!ret && (schema.is_empty || schema.version < STORE_SCHEMA_VERSION))
		ret = make_schema(store, err);
	return ret ? ret : prepare_insert(store, err);
}

int store_open(const char *path, bool create, struct store **ret_store, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int ret;

	if (!store)
		return err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&store->lock, NULL);
	store->path = strdup(path);
	ret = store->path ? open_database(store, create, err)
			  : err_set(err, -ENOMEM, "out of memory");
	if (ret) {
		store_close(store);
		return ret;
	}
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_finalize(store->insert);
	sqlite3_finalize(store->done);
	sqlite3_finalize(store->known);
	sqlite3_close(store->db);
	pthread_mutex_destroy(&store->lock);
	free(store->path);
	free(store);
}

static int step_done(struct store *store, sqlite3_stmt *statement, const char *what,
		     struct err *err)
{
	int ret = 0;

	if (sqlite3_step(statement) != SQLITE_DONE)
		ret = sql_error(store, err, what);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ret;
}

int store_session_begin(struct store *store, const struct store_session *session, int64_t *ret_id,
			struct err *err)
{
	sqlite3_stmt *statement;
	int ret;

	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db,
			       "INSERT INTO session(begun_utc, version, host, rig_json, plan_json) "
			       "VALUES (strftime('%Y-%m-%dT%H:%M:%fZ'), ?, ?, ?, ?)",
			       -1, &statement, NULL) != SQLITE_OK) {
		ret = sql_error(store, err, "begin session");
	} else {
		sqlite3_bind_text(statement, 1, session->version, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, session->host, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 3, session->rig_json, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 4, session->plan_json, -1, SQLITE_STATIC);
		ret = step_done(store, statement, "begin session", err);
		if (!ret)
			*ret_id = sqlite3_last_insert_rowid(store->db);
		sqlite3_finalize(statement);
	}
	pthread_mutex_unlock(&store->lock);
	return ret;
}

int store_session_end(struct store *store, int64_t session_id, const char *status, struct err *err)
{
	sqlite3_stmt *statement;
	int ret;

	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db,
			       "UPDATE session SET ended_utc = strftime('%Y-%m-%dT%H:%M:%fZ'), "
			       "status = ? WHERE id = ?",
			       -1, &statement, NULL) != SQLITE_OK) {
		ret = sql_error(store, err, "end session");
	} else {
		sqlite3_bind_text(statement, 1, status, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, session_id);
		ret = step_done(store, statement, "end session", err);
		sqlite3_finalize(statement);
	}
	pthread_mutex_unlock(&store->lock);
	return ret;
}

static int count_rows(struct store *store, sqlite3_stmt *statement, const char *point_key,
		      bool *ret_any, struct err *err)
{
	int ret = 0;

	pthread_mutex_lock(&store->lock);
	sqlite3_bind_text(statement, 1, point_key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret_any = sqlite3_column_int64(statement, 0) > 0;
	else
		ret = sql_error(store, err, "look up point");
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	pthread_mutex_unlock(&store->lock);
	return ret;
}

int store_point_done(struct store *store, const char *point_key, bool *ret_done, struct err *err)
{
	return count_rows(store, store->done, point_key, ret_done, err);
}

int store_point_known(struct store *store, const char *point_key, bool *ret_known, struct err *err)
{
	return count_rows(store, store->known, point_key, ret_known, err);
}

static void bind_column(sqlite3_stmt *statement, int place, const struct column *column,
			const void *measurement)
{
	const char *value = (const char *)measurement + column->offset, *text;
	int64_t integer;
	double real;

	switch (column->type) {
	case COLUMN_TEXT:
		sqlite3_bind_text(statement, place, value, -1, SQLITE_STATIC);
		break;
	case COLUMN_INTEGER:
		memcpy(&integer, value, sizeof(integer));
		sqlite3_bind_int64(statement, place, integer);
		break;
	case COLUMN_LONG_TEXT:
		memcpy(&text, value, sizeof(text));
		sqlite3_bind_text(statement, place, text ? text : "", -1, SQLITE_TRANSIENT);
		break;
	case COLUMN_REAL: /* NaN becomes NULL: not known */
		memcpy(&real, value, sizeof(real));
		sqlite3_bind_double(statement, place, real);
		break;
	}
}

int store_add(struct store *store, const struct store_measurement *measurement, struct err *err)
{
	int ret;

	pthread_mutex_lock(&store->lock);
	for (unsigned i = 0; i < store_column_count; i++)
		bind_column(store->insert, (int)i + 1, &store_columns[i], measurement);
	ret = step_done(store, store->insert, "add measurement", err);
	pthread_mutex_unlock(&store->lock);
	return ret;
}

static void read_column(sqlite3_stmt *statement, int place, const struct column *column,
			void *measurement)
{
	char *value = (char *)measurement + column->offset;
	int64_t integer;
	double real;

	switch (column->type) {
	case COLUMN_TEXT:
		snprintf(value, column->size, "%s",
			 (const char *)sqlite3_column_text(statement, place));
		break;
	case COLUMN_INTEGER:
		integer = sqlite3_column_int64(statement, place);
		memcpy(value, &integer, sizeof(integer));
		break;
	case COLUMN_LONG_TEXT:
		break;
	case COLUMN_REAL:
		real = sqlite3_column_type(statement, place) == SQLITE_NULL
			       ? __builtin_nan("")
			       : sqlite3_column_double(statement, place);
		memcpy(value, &real, sizeof(real));
		break;
	}
}

int store_each(struct store *store, bool accepted_only, store_each_fn *each, void *context,
	       struct err *err)
{
	char sql[SQL_BYTES];
	size_t used = (size_t)snprintf(sql, sizeof(sql), "SELECT ");
	sqlite3_stmt *statement;
	int step = SQLITE_DONE, ret = 0;

	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%s%s", i ? "," : "",
					 store_columns[i].name);
	snprintf(sql + used, sizeof(sql) - used, " FROM measurement%s ORDER BY id",
		 accepted_only ? " WHERE verdict = 'accepted'" : "");
	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK) {
		ret = sql_error(store, err, "read measurements");
		pthread_mutex_unlock(&store->lock);
		return ret;
	}
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_measurement measurement = {0};

		for (unsigned i = 0; i < store_column_count; i++)
			read_column(statement, (int)i, &store_columns[i], &measurement);
		if (each(context, &measurement))
			break;
	}
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		ret = sql_error(store, err, "read measurements");
	sqlite3_finalize(statement);
	pthread_mutex_unlock(&store->lock);
	return ret;
}

static int step_calibration(struct store *store, sqlite3_stmt *statement,
			    const struct store_calibration *c, struct err *err)
{
	const char *texts[] = {c->created_utc,  c->expires_utc,  c->rig,
			       c->meter,        c->meter_model,  c->meter_serial,
			       c->meter_calibration};

	for (int i = 0; i < 7; i++)
		sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 8, c->is_virtual);
	sqlite3_bind_text(statement, 9, c->method, -1, SQLITE_STATIC);
	sqlite3_bind_double(statement, 10, c->supply_v);
	sqlite3_bind_double(statement, 11, c->supply_u_v);
	sqlite3_bind_text(statement, 12, c->lines_json, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 13, c->points_json, -1, SQLITE_STATIC);
	return step_done(store, statement, "add calibration", err);
}

int store_calibration_add(struct store *store, const struct store_calibration *calibration,
			  int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *statement;
	int ret;

	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db,
			       "INSERT INTO calibration(created_utc, expires_utc, rig, meter, "
			       "meter_model, meter_serial, meter_calibration, is_virtual, method, "
			       "supply_v, supply_u_v, lines_json, points_json) "
			       "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
			       -1, &statement, NULL) != SQLITE_OK) {
		ret = sql_error(store, err, "add calibration");
	} else {
		ret = step_calibration(store, statement, calibration, err);
		if (!ret)
			*ret_id = sqlite3_last_insert_rowid(store->db);
		sqlite3_finalize(statement);
	}
	pthread_mutex_unlock(&store->lock);
	return ret;
}

static void read_text(sqlite3_stmt *statement, int place, char *text, size_t size)
{
	snprintf(text, size, "%s", (const char *)sqlite3_column_text(statement, place));
}

static int read_calibration(sqlite3_stmt *statement, struct store_calibration *c, struct err *err)
{
	c->id = sqlite3_column_int64(statement, 0);
	read_text(statement, 1, c->created_utc, sizeof(c->created_utc));
	read_text(statement, 2, c->expires_utc, sizeof(c->expires_utc));
	read_text(statement, 3, c->rig, sizeof(c->rig));
	read_text(statement, 4, c->meter, sizeof(c->meter));
	read_text(statement, 5, c->meter_model, sizeof(c->meter_model));
	read_text(statement, 6, c->meter_serial, sizeof(c->meter_serial));
	read_text(statement, 7, c->meter_calibration, sizeof(c->meter_calibration));
	c->is_virtual = sqlite3_column_int64(statement, 8);
	read_text(statement, 9, c->method, sizeof(c->method));
	c->supply_v = sqlite3_column_double(statement, 10);
	c->supply_u_v = sqlite3_column_double(statement, 11);
	c->lines_json = strdup((const char *)sqlite3_column_text(statement, 12));
	c->points_json = strdup((const char *)sqlite3_column_text(statement, 13));
	if (c->lines_json && c->points_json)
		return 0;
	store_calibration_done(c);
	return err_set(err, -ENOMEM, "out of memory");
}

int store_calibration_latest(struct store *store, const char *rig, const char *meter,
			     struct store_calibration *ret_calibration, struct err *err)
{
	sqlite3_stmt *statement;
	int ret, step;

	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db,
			       "SELECT id, created_utc, expires_utc, rig, meter, meter_model, "
			       "meter_serial, meter_calibration, is_virtual, method, supply_v, "
			       "supply_u_v, lines_json, points_json FROM calibration "
			       "WHERE rig = ? AND meter = ? ORDER BY id DESC LIMIT 1",
			       -1, &statement, NULL) != SQLITE_OK) {
		ret = sql_error(store, err, "read calibration");
		pthread_mutex_unlock(&store->lock);
		return ret;
	}
	sqlite3_bind_text(statement, 1, rig, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, meter, -1, SQLITE_STATIC);
	step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		struct store_calibration calibration = {0};

		ret = read_calibration(statement, &calibration, err);
		if (!ret)
			*ret_calibration = calibration;
	} else if (step == SQLITE_DONE) {
		ret = err_set(err, -ENOENT, "%s: no calibration of meter %s", store->path, meter);
	} else {
		ret = sql_error(store, err, "read calibration");
	}
	sqlite3_finalize(statement);
	pthread_mutex_unlock(&store->lock);
	return ret;
}

void store_calibration_done(struct store_calibration *calibration)
{
	free(calibration->lines_json);
	free(calibration->points_json);
	calibration->lines_json = calibration->points_json = NULL;
}
