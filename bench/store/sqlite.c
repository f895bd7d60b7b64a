/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store on SQLite 3: WAL, synchronous FULL (a committed row survives power loss), one
 * connection behind one lock.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bench/store/columns.h"
#include "bench/store/sqlite_parts.h"

enum { BUSY_MS = 30000 };

int store_sql_error(const struct store *store, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(store->db);

	if (code == SQLITE_CONSTRAINT_UNIQUE)
		return err_set(err, -EEXIST, "%s: %s: %s", store->path, what,
			       sqlite3_errmsg(store->db));
	return err_set(err, -EIO, "%s: %s: %s%s", store->path, what, sqlite3_errmsg(store->db),
		       (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY
			       ? " (its folder must be there and writable: SQLite keeps files "
				 "beside it)"
			       : "");
}

int store_execute(struct store *store, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sql_error(store, err, what);
	return 0;
}

int store_step_done(struct store *store, sqlite3_stmt *statement, const char *what, struct err *err)
{
	int ret = 0;

	if (sqlite3_step(statement) != SQLITE_DONE)
		ret = store_sql_error(store, err, what);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ret;
}

static int prepare_insert(struct store *store, struct err *err)
{
	char sql[STORE_SQL_BYTES];
	size_t used = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO measurement(");

	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%s%s", i ? "," : "",
					 store_columns[i].name);
	used += (size_t)snprintf(sql + used, sizeof(sql) - used, ") VALUES (");
	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, "%s?", i ? "," : "");
	snprintf(sql + used, sizeof(sql) - used, ")");
	if (sqlite3_prepare_v2(store->db, sql, -1, &store->insert, NULL) != SQLITE_OK)
		return store_sql_error(store, err, "prepare");
	if (sqlite3_prepare_v2(store->db,
			       "SELECT count(*) FROM measurement WHERE point_key = ? "
			       "AND verdict = 'accepted'",
			       -1, &store->done, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, "SELECT count(*) FROM measurement WHERE point_key = ?",
			       -1, &store->known, NULL) != SQLITE_OK)
		return store_sql_error(store, err, "prepare");
	return 0;
}

static bool is_on_read_only_media(const char *path)
{
	struct statvfs status;

	return !statvfs(path, &status) && status.f_flag & ST_RDONLY;
}

/* What a URI would take for something else. */
static char *uri_new(const char *path)
{
	static const char prefix[] = "file:", suffix[] = "?immutable=1";
	char *uri = malloc(sizeof(prefix) + 3 * strlen(path) + sizeof(suffix));
	size_t used;

	if (!uri)
		return NULL;
	used = (size_t)sprintf(uri, "%s", prefix);
	for (; *path; path++)
		used += (size_t)sprintf(uri + used, strchr("%?#", *path) ? "%%%02X" : "%c",
					(unsigned char)*path);
	sprintf(uri + used, "%s", suffix);
	return uri;
}

/* Where nobody can write no lock is needed, nor can the files be made that SQLite keeps beside a
 * database. Rows that are still in one of those must not be left out silently. */
static int open_immutable(struct store *store, struct err *err)
{
	char wal[PATH_MAX + 8], *uri;
	struct stat status;
	int code;

	snprintf(wal, sizeof(wal), "%s-wal", store->path);
	if (!stat(wal, &status) && status.st_size > 0)
		return err_set(
			err, -EROFS,
			"%s: rows of it are still in %s, which cannot be written: copy both to "
			"a folder that can",
			store->path, wal);
	uri = uri_new(store->path);
	if (!uri)
		return err_set(err, -ENOMEM, "%s: out of memory", store->path);
	code = sqlite3_open_v2(uri, &store->db,
			       SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_URI,
			       NULL);
	free(uri);
	return code == SQLITE_OK ? 0 : store_sql_error(store, err, "open");
}

static int open_file(struct store *store, bool create, struct err *err)
{
	int flags =
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | (create ? SQLITE_OPEN_CREATE : 0);

	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) == SQLITE_OK)
		return 0;
	if (!store->db)
		return err_set(err, -ENOMEM, "%s: out of memory", store->path);
	return store_sql_error(store, err, "open");
}

static int open_database(struct store *store, bool create, struct err *err)
{
	bool is_empty = true, is_present = false, is_immutable;
	struct stat status;
	int ret;

	if (!stat(store->path, &status) && S_ISDIR(status.st_mode))
		return err_set(err, -EISDIR, "%s: a folder, not a database", store->path);
	if (!create && access(store->path, F_OK))
		return err_set(err, -ENOENT, "%s: no such database", store->path);
	is_immutable = !create && is_on_read_only_media(store->path);
	ret = is_immutable ? open_immutable(store, err) : open_file(store, create, err);
	if (ret)
		return ret;
	sqlite3_busy_timeout(store->db, BUSY_MS);
	ret = store_schema_check(store, &is_empty, &is_present, err);
	if (!ret && is_empty && !create)
		ret = err_set(err, -EINVAL, "%s: empty, not a joulebench database", store->path);
	if (!ret && !is_immutable)
		ret = store_execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
				    "open", err);
	if (!ret && !is_present)
		ret = store_schema_make(store, err);
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
		ret = store_sql_error(store, err, "begin session");
	} else {
		sqlite3_bind_text(statement, 1, session->version, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, session->host, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 3, session->rig_json, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 4, session->plan_json, -1, SQLITE_STATIC);
		ret = store_step_done(store, statement, "begin session", err);
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
		ret = store_sql_error(store, err, "end session");
	} else {
		sqlite3_bind_text(statement, 1, status, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, session_id);
		ret = store_step_done(store, statement, "end session", err);
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
		ret = store_sql_error(store, err, "look up point");
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
	ret = store_step_done(store, store->insert, "add measurement", err);
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
	char sql[STORE_SQL_BYTES];
	size_t used = (size_t)snprintf(sql, sizeof(sql), "SELECT id");
	sqlite3_stmt *statement;
	int step = SQLITE_DONE, ret = 0;

	for (unsigned i = 0; i < store_column_count; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, ",%s",
					 store_columns[i].name);
	snprintf(sql + used, sizeof(sql) - used, " FROM measurement%s ORDER BY id",
		 accepted_only ? " WHERE verdict = 'accepted'" : "");
	pthread_mutex_lock(&store->lock);
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK) {
		ret = store_sql_error(store, err, "read measurements");
		pthread_mutex_unlock(&store->lock);
		return ret;
	}
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_measurement measurement = {.id = sqlite3_column_int64(statement, 0)};

		for (unsigned i = 0; i < store_column_count; i++)
			read_column(statement, (int)i + 1, &store_columns[i], &measurement);
		if (each(context, &measurement))
			break;
	}
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		ret = store_sql_error(store, err, "read measurements");
	sqlite3_finalize(statement);
	pthread_mutex_unlock(&store->lock);
	return ret;
}
