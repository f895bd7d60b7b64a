/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store on SQLite: calibrations.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/sqlite_parts.h"

static int step_calibration(struct store *store, sqlite3_stmt *statement,
			    const struct store_calibration *c, struct err *err)
{
	const char *texts[] = {
		c->created_utc,  c->expires_utc,      c->rig, c->meter, c->meter_model,
		c->meter_serial, c->meter_calibration};

	for (int i = 0; i < 7; i++)
		sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 8, c->is_virtual);
	sqlite3_bind_text(statement, 9, c->method, -1, SQLITE_STATIC);
	sqlite3_bind_double(statement, 10, c->supply_v);
	sqlite3_bind_double(statement, 11, c->supply_u_v);
	sqlite3_bind_text(statement, 12, c->lines_json, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 13, c->points_json, -1, SQLITE_STATIC);
	return store_step_done(store, statement, "add calibration", err);
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
		ret = store_sql_error(store, err, "add calibration");
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
		ret = store_sql_error(store, err, "read calibration");
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
		ret = store_sql_error(store, err, "read calibration");
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
