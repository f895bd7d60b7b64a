/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a database that claims to be of a later schema.
 *
 * usage: rig_newer_database FILE
 */
#include <sqlite3.h>
#include <stdio.h>

#include "bench/store/store.h"

int main(int argc, char **argv)
{
	struct store *store;
	struct err err = {""};
	char sql[64];
	sqlite3 *db;

	if (argc != 2 || store_open(argv[1], true, &store, &err))
		return 2;
	store_close(store);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", STORE_SCHEMA_VERSION + 1);
	if (sqlite3_open(argv[1], &db) || sqlite3_exec(db, sql, NULL, NULL, NULL))
		return 2;
	return sqlite3_close(db);
}
