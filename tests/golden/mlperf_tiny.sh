#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Public MLPerf Tiny submissions, imported: figures as published and as analysed before, real files damaged,
# and the command as a user calls it. The submissions are not part of the project: JOULEBENCH_TRACES, by
# default ../shared/traces, or the test is skipped.
set -euo pipefail
traces=${JOULEBENCH_TRACES:-../shared/traces}/mlperf-tiny
build=${JOULEBENCH_BUILD:-build}
[ -f "$traces/published.csv" ] || { echo "skipped: $traces/published.csv is not there (JOULEBENCH_TRACES)"; exit 77; }
mkdir -p "$build/scratch"
scratch=$(mktemp -d "$build/scratch/golden-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAIL: $*"; exit 1; }

"$build/bin/golden_mlperf_tiny" "$traces" "$scratch"

import() { "$build/bin/joulebench" import mlperf-tiny "$@" --db "$scratch/a.db"; }
status=0; import "$traces" >"$scratch/out" || status=$?
[ $status = 4 ] || fail "exit status $status, not 4 (some results have no trace)"
grep -q '^81 results: 64 accepted, 9 suspect, 8 refused; 114 folders' "$scratch/out" || fail "$(tail -3 "$scratch/out")"
grep -q '^373 rows added' "$scratch/out" || fail "$(tail -1 "$scratch/out")"
status=0; import "$traces" >"$scratch/out" || status=$?
grep -q '^0 rows added to .*, 373 were in it already' "$scratch/out" || fail "$(tail -1 "$scratch/out")"
status=0; import "$traces/v1.1/closed/Skymizer" --json >"$scratch/json" || status=$?
[ $status = 0 ] || fail "exit status $status with sound results"
grep -q '"schema": "joulebench.import/1"' "$scratch/json" || fail "no schema in --json"
"$build/bin/joulebench" fit --db "$scratch/a.db" >"$scratch/fit" || fail "fit"
grep -q '^STMicroelectronics/NUCLEO-U575ZI-Q, build v0.7, imported, 160 MHz: 20 windows of 4 models$' "$scratch/fit" ||
	fail "fit groups imported rows otherwise"
mkdir "$scratch/empty"
status=0; import "$scratch/empty" 2>"$scratch/err" || status=$?
[ $status = 2 ] && grep -q 'no MLPerf Tiny energy result' "$scratch/err" || fail "an empty folder: $status"
echo "ok"
