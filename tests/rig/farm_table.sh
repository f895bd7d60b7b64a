#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the cycles of a network tell of its energy and time, beside what its MACs and parameters do, on a data set of the
# virtual farm. Counts every network on every chip, build and clock of the data set (once: FOLDER/counts), fits, and prints
# errors on networks, levels and temperatures left out, and the learning curves.
#
# usage: farm_table.sh FOLDER: as farm_dataset.sh left it
source tests/rig/rig.sh

[ $# -eq 1 ] || { sed -n '8s/^# *//p' "$0" >&2; exit 2; }
folder=$(realpath "$1")
mkdir -p "$folder/counts"
dbs=("$folder"/*/run.db)
declare -A parts=([stm32l4r5]=nucleo-l4r5zi [stm32f767]=nucleo-f767zi [stm32l552]=nucleo-l552ze-q [esp32c3]=esp32-c3-devkitm-1)

# count CHIP BUILD CLOCK_HZ MODEL
count() {
	local out
	out=$folder/counts/$1-$(basename "$4" .tflite)-$2-$3.json
	[ -s "$out" ] || { "$bench" count "$4" --board "${parts[$1]}" --clock "$3 Hz" --build "$2" --json >"$out.part" && mv "$out.part" "$out"; }
}

sqlite3 "${dbs[0]}" "select distinct chip, build, clock_hz from measurement where verdict = 'accepted'" | tr '|' ' ' | while read -r chip name hz; do
	for model in "$folder"/models/*.tflite; do
		count "$chip" "$name" "$hz" "$model"
	done
done
"$bench" fit --db "${dbs[@]}" --instructions "$folder/counts" --curves --out "$folder/farm.json" --json >"$folder/fit.json"

# What the meters miss: measurement against truth.
for db in "${dbs[@]}"; do
	echo "$(basename "$(dirname "$db")") degC: measured against truth: $("$build/bin/rig_farm" "$db" "$(dirname "$db")/truth.jsonl" any 0.02 2>&1 | tail -1)"
done
jq -r '
def pct: if . == null then "-" else (. * 100 | round / 100 | tostring) end;
def row($f; $left; $model; $response): [$f.judged[] | select(.left_out == $left and .model == $model and .response == $response)][0].mape_pct;
def across($f; $left): [$f.judged[] | select(.left_out == $left and .response == "energy" and (.model | startswith("levels")) and .mape_pct != null)] | min_by(.mape_pct);
(["chip", "build", "chosen", "%", "in_95_%", "k*cycles", "MACs", "params", "MACs+params", "MACs/chosen", "time", "level_out", "temp._out", "by"] | @tsv),
(.families[] | . as $f | [.chip, .build, .energy_model, (row($f; "model"; "chosen"; "energy") | pct),
	([$f.judged[] | select(.left_out == "model" and .model == "chosen" and .response == "energy")][0].inside_95_pct_interval_share * 100 | pct),
	(row($f; "model"; "cycles"; "energy") | pct), (row($f; "model"; "macs"; "energy") | pct), (row($f; "model"; "params"; "energy") | pct),
	(row($f; "model"; "macs-params"; "energy") | pct), (row($f; "model"; "macs"; "energy") / row($f; "model"; "chosen"; "energy") | pct),
	(row($f; "model"; "chosen"; "time") * 1000 | round / 1000 | tostring), (across($f; "level").mape_pct | pct), (across($f; "temperature").mape_pct | pct),
	(across($f; "level").model // "-")] | @tsv)' "$folder/fit.json" | column -t
echo
echo "Median MAPE % on networks not seen, by how many were, mean over boards, levels and temperatures:"
jq -r '
[.curves[] | {c: .model, p: .points[] | select(.median_mape_pct != null)}] | group_by(.c)[] |
	[.[0].c] + (group_by(.p.models) | map("\(.[0].p.models): \(map(.p.median_mape_pct) | add / length * 100 | round / 100)")) | @tsv' "$folder/fit.json" |
	column -t -s $'\t'
