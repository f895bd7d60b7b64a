/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints all that a database holds, for comparing it with another byte for byte: every column of
 * every table, reals as %.17g, rows in the order of their board and then of their time.
 *
 * usage: rig_dump DATABASE [SESSION]
 *
 * Left out is what counts rows of one file (id, session_id), and when a session itself began and
 * ended. SESSION: only what that session wrote.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static void die(sqlite3 *db, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
	exit(2);
}

static int is_left_out(const char *column)
{
	static const char *const names[] = {"id", "session_id", "begun_utc", "ended_utc"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(column, names[i]))
			return 1;
	return 0;
}

static void print_value(sqlite3_stmt *row, int column)
{
	switch (sqlite3_column_type(row, column)) {
	case SQLITE_NULL:
		printf("NULL");
		break;
	case SQLITE_FLOAT:
		printf("%.17g", sqlite3_column_double(row, column));
		break;
	case SQLITE_BLOB:
		for (int i = 0; i < sqlite3_column_bytes(row, column); i++)
			printf("%02x",
			       ((const unsigned char *)sqlite3_column_blob(row, column))[i]);
		break;
	default:
		printf("%s", sqlite3_column_text(row, column));
	}
}

static void print_table(sqlite3 *db, const char *table, const char *order, const char *where)
{
	sqlite3_stmt *row;
	char sql[256];
	int step;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE %s ORDER BY %s", table, where, order);
	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
		die(db, sql);
	while ((step = sqlite3_step(row)) == SQLITE_ROW) {
		printf("%s", table);
		for (int i = 0; i < sqlite3_column_count(row); i++) {
			if (is_left_out(sqlite3_column_name(row, i)))
				continue;
			printf(" | %s ", sqlite3_column_name(row, i));
			print_value(row, i);
		}
		putchar('\n');
	}
	if (step != SQLITE_DONE)
		die(db, sql);
	sqlite3_finalize(row);
}

int main(int argc, char **argv)
{
	char of_session[64] = "1", session[64] = "1";
	sqlite3_stmt *tables;
	sqlite3 *db;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: rig_dump DATABASE [SESSION]\n");
		return 2;
	}
	if (argc == 3) {
		snprintf(of_session, sizeof(of_session), "session_id = %d", atoi(argv[2]));
		snprintf(session, sizeof(session), "id = %d", atoi(argv[2]));
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		die(db, argv[1]);
	if (sqlite3_prepare_v2(db,
			       "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
			       "LIKE 'sqlite_%' ORDER BY name",
			       -1, &tables, NULL) != SQLITE_OK)
		die(db, argv[1]);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(tables, 0);

		if (!strcmp(table, "measurement"))
			print_table(db, table, "board, id", of_session);
		else
			print_table(db, table, "1", strcmp(table, "session") ? "1" : session);
	}
	sqlite3_finalize(tables);
	sqlite3_close(db);
	return 0;
}
