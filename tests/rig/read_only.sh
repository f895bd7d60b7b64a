#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Databases on media that nobody can write to are read as they are; rows that are still beside one are not left out.
source tests/rig/rig.sh

unshare --map-root-user --mount true 2>/dev/null || { echo "skipped: no mounts of one's own here (unshare)"; exit 77; }

media="$scratch/media 100%?"
mkdir "$media"
{
	echo board,model,cycles,energy_j,energy_u_j
	for ((i = 1; i <= 6; i++)); do echo "nucleo,m$i,$i$i${i}000,0.000$i$i,1e-6"; done
} >"$scratch/table.csv"
"$bench" import csv "$scratch/table.csv" --db "$media/a.db" >/dev/null

# read_only COMMAND...: runs it where the media is mounted read-only
read_only() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare --map-root-user --mount bash -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$media" "$@"
}

"$bench" export --db "$media/a.db" --out "$scratch/writable.csv" >/dev/null
read_only "$bench" export --db "$media/a.db" --out "$scratch/read-only.csv" >/dev/null
cmp "$scratch/writable.csv" "$scratch/read-only.csv" || fail "other rows from read-only media"
[ "$(wc -l <"$scratch/read-only.csv")" -eq 7 ] || fail "not 6 rows"
read_only "$bench" fit --db "$media/a.db" --json >"$scratch/fit.json" || fail "fit does not read it"
expect 3 "must be there and writable" read_only "$bench" import csv "$scratch/table.csv" --db "$media/a.db"

# a row that is in the file beside it only, as a run that goes on leaves it
sed 's/nucleo/other/' "$scratch/table.csv" >"$scratch/more.csv"
cp "$media/a.db" "$scratch/live.db"
sqlite3 "$scratch/live.db" "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; UPDATE measurement SET board = 'other';" \
	".shell cp '$scratch/live.db' '$scratch/live.db-wal' '$media/'" >/dev/null
[ -s "$media/live.db-wal" ] || fail "no rows beside the database"
expect 3 "live.db-wal, which cannot be written: copy both" read_only "$bench" export --db "$media/live.db"
echo "databases on read-only media were read"
