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

# What the meters miss: measured energies against what the boards truly spent.
for log in "$folder"/*/truth-*.jsonl; do
	celsius=$(basename "$(dirname "$log")") name=$(basename "$log" .jsonl)
	lab=$scratch/$celsius-${name#truth-}-1
	mkdir -p "$lab"
	cp "$log" "$lab/truth.jsonl"
	cp "$(dirname "$log")/run.db" "$lab/run.db"
	sqlite3 "$lab/run.db" "delete from measurement where build != '${name#truth-}'"
	"$build/bin/rig_coverage" covered 1 0 1 "$lab" >"$scratch/coverage" || { cat "$scratch/coverage"; fail "$log"; }
	awk -v what="$celsius degC, ${name#truth-}" '$1 == "all" {print what ": " $2 " windows, off from truth by " $3 " % in the median, " $4 " % at worst, " $5 " % within U"}' "$scratch/coverage"
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

# The tool as it is used: fitted from what was measured of every fourth network, it predicts the others; the truth judges.
echo
echo "Fitted from every fourth network, the others predicted, MAPE against what the boards truly spent:"
mkdir -p "$scratch/counts"
for log in "$folder"/*/truth-*.jsonl; do
	db=$(dirname "$log")/run.db name=$(basename "$log" .jsonl)
	name=${name#truth-}
	sqlite3 "$db" ".backup $scratch/train.db"
	sqlite3 "$scratch/train.db" "delete from measurement where build != '$name' or model not in
		(select model from (select model, row_number() over (order by model) as n from (select distinct model from measurement)) where n % 4 = 1)"
	sqlite3 -json "$db" "select board, model, clock_hz, cycles, inferences from measurement where verdict = 'accepted' and build = '$name' and model not in
		(select model from (select model, row_number() over (order by model) as n from (select distinct model from measurement)) where n % 4 = 1)" >"$scratch/rows.json"
	rm -f "$scratch"/counts/*
	ln -s "$folder"/counts/*-"$name"-*.json "$scratch/counts/"
	"$bench" fit --db "$scratch/train.db" --instructions "$scratch/counts" --model mix-stall --out "$scratch/train.json" >/dev/null
	"$bench" predict --predictor "$scratch/train.json" --counts "$scratch/counts" --extrapolate --json >"$scratch/predicted.json" || [ $? = 4 ]
	# Windows of a board are told apart by cycles and, where levels take the same, by duration.
	jq -rn --slurpfile truth "$log" --slurpfile rows "$scratch/rows.json" --slurpfile predicted "$scratch/predicted.json" --arg what "$(basename "$(dirname "$log")") degC, $name" '
		([$truth[] | select(.window != null)] | group_by("\(.board) \(.cycles)") | map({key: "\(.[0].board) \(.[0].cycles)", value: .}) | from_entries) as $windows |
		($predicted[0].predictions | map(select(.energy_j != null) | {key: "\(.board) \(.model) \(.clock_hz)", value: .energy_j}) | from_entries) as $energy |
		[$rows[0][] | . as $row | ($row.cycles / $row.clock_hz * 1e12) as $ps |
			($windows["\(.board) \(.cycles)"] | min_by((.end_ps - .start_ps - $ps) | fabs)) as $true |
			{board: .board, off: ($energy["\(.board) \(.model) \(.clock_hz)"] / ($true.energy_j / .inferences) - 1 | fabs * 100)}] |
		group_by(.board)[] | "  \($what) \(.[0].board): \(map(.off) | add / length * 100 | round / 100) % of \(length) points, worst \(map(.off) | max * 100 | round / 100) %"'
done
