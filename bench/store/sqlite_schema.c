/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store on SQLite: what a file is, making its tables, and bringing older ones up to date.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/store/columns.h"
#include "bench/store/sqlite_parts.h"

enum {
	APPLICATION_ID = 0x4A424348, /* "JBCH", PRAGMA application_id */
	CALIBRATION_SINCE = 4,
};

static int read_integer(struct store *store, const char *sql, int64_t *ret_value, struct err *err)
{
	sqlite3_stmt *statement;
	int ret = 0;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_sql_error(store, err, "read");
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	else
		ret = store_sql_error(store, err, "read");
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
	char sql[STORE_SQL_BYTES];
	int ret;

	create_table_sql(sql, sizeof(sql));
	ret = store_execute(store, sql, "create table measurement", err);
	for (size_t i = 0; !ret && i < sizeof(rest) / sizeof(rest[0]); i++)
		ret = store_execute(store, rest[i], "create schema", err);
	if (ret)
		return ret;
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 APPLICATION_ID, STORE_SCHEMA_VERSION);
	return store_execute(store, sql, "mark schema", err);
}

/* Columns that came after schema `version`, with what rows written before have in them. */
static int add_columns(struct store *store, int64_t version, struct err *err)
{
	char sql[STORE_SQL_BYTES];
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
		ret = store_execute(store, sql, "bring schema up to date", err);
	}
	if (!ret && version < CALIBRATION_SINCE)
		ret = store_execute(store, calibration_sql, "bring schema up to date", err);
	if (ret)
		return ret;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", STORE_SCHEMA_VERSION);
	return store_execute(store, sql, "mark schema", err);
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
	int ret = store_execute(store, "BEGIN", "open", err);

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
	int ret = store_execute(store, "BEGIN IMMEDIATE", "lock", err);

	if (ret)
		return ret;
	ret = judge_schema(store, &schema, err);
	if (!ret && schema.is_empty)
		ret = create_schema(store, err);
	else if (!ret && schema.version < STORE_SCHEMA_VERSION)
		ret = add_columns(store, schema.version, err);
	if (!ret)
		ret = store_execute(store, "COMMIT", "make schema", err);
	if (ret)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

int store_schema_check(struct store *store, bool *ret_is_empty, bool *ret_is_present,
		       struct err *err)
{
	struct schema schema;
	int ret = look_at_schema(store, &schema, err);

	if (ret)
		return ret;
	*ret_is_empty = schema.is_empty;
	*ret_is_present = !schema.is_empty && schema.version == STORE_SCHEMA_VERSION;
	return 0;
}

int store_schema_make(struct store *store, struct err *err)
{
	return make_schema(store, err);
}
