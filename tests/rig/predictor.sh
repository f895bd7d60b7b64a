#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A predictor's life on public MLPerf Tiny measurements: fit, predict, verify, a board that moves, refit,
# compare, export and import. The submissions are not part of the project: JOULEBENCH_TRACES, by default
# ../shared/traces, or the test is skipped.
. tests/rig/rig.sh
traces=${JOULEBENCH_TRACES:-../shared/traces}/mlperf-tiny
[ -f "$traces/published.csv" ] || { echo "skipped: $traces/published.csv is not there (JOULEBENCH_TRACES)"; exit 77; }
board=STMicroelectronics/NUCLEO-U575ZI-Q

status=0; "$bench" import mlperf-tiny "$traces" --db "$scratch/a.db" >/dev/null || status=$?
[ $status = 4 ] || fail "import: $status"

# Fit: the floor that was found by hand for E = k*time, leave one model out, was 3.35 % over CPU-only sets.
"$bench" fit --db "$scratch/a.db" --model cycles --out "$scratch/a.json" --curves >"$scratch/fit"
grep -q '^Predictor: ' "$scratch/fit" || fail "fit names no predictor"
"$bench" fit --db "$scratch/a.db" --json >"$scratch/fit.json"
jq -e '.schema == "joulebench.fit/1" and (.levels | length > 10) and (.virtual == false)' "$scratch/fit.json" >/dev/null ||
	fail "fit --json"
mape=$(jq '[.families[] | select(.chip | test("gap9|ndp") | not) | .judged[] | select(.response == "energy" and .left_out == "model"
	and .model == "cycles" and .points_predicted > 0) | {n: .points_predicted, e: .mape_pct}] | (map(.n * .e) | add) / (map(.n) | add)' "$scratch/fit.json")
echo "MAPE of E = k*cycles on networks left out: $mape %"
jq -e -n "$mape > 2 and $mape < 5" >/dev/null || fail "MAPE $mape %"

"$bench" models generate --space ds-cnn --count 1 --seed 3 --out "$scratch/net" >/dev/null

# MACs and parameters of the reference models are those of the files, where these are there.
models=${JOULEBENCH_MODELS:-../shared/models}
"$bench" export --db "$scratch/a.db" --out "$scratch/all.csv" >/dev/null
for pair in ad:ad01_int8 kws:kws_ref_model ic:pretrainedResnet_quant vww:vww_96_int8; do
	[ -f "$models/${pair#*:}.tflite" ] || { echo "not compared with $models/${pair#*:}.tflite, which is not there (JOULEBENCH_MODELS)"; continue; }
	"$bench" models inspect "$models/${pair#*:}.tflite" --json | jq -r '"\(.macs),\(.params)"' >"$scratch/inspected"
	awk -F, -v model="${pair%%:*}" 'NR == 1 {for (i = 1; i <= NF; i++) c[$i] = i; next} $c["model"] == model {print $c["macs"] "," $c["params"]}' \
		"$scratch/all.csv" | sort -u | cmp - "$scratch/inspected" || fail "$pair: the import has other MACs or parameters"
done

# All that was published and is sound in itself, over boards without an accelerator: what a network takes at its board's
# mean power, by its multiply-accumulates, and by the model that is chosen without it.
"$bench" fit --db "$scratch/a.db" --suspect --json >"$scratch/all.json"
# mape NAME: over networks left out, weighted by points; nothing where it predicts none.
mape() {
	jq -r --arg name "$1" '[.families[] | select(.chip | test("gap9|ndp") | not) | .judged[] | select(.response == "energy" and
		.left_out == "model" and .model == $name and .points_predicted > 0) | {n: .points_predicted, e: .mape_pct}] | select(length > 0) |
		"\((map(.n * .e) | add) / (map(.n) | add)) % of \(map(.n) | add) points"' "$scratch/all.json"
}
echo "at constant power: $(mape constant-power); by k*cycles: $(mape cycles); what was chosen: $(mape chosen)"
echo "within their 95 % intervals: $(jq -r '[.families[] | select(.chip | test("gap9|ndp") | not) | .judged[] | select(.response == "energy" and
	.left_out == "model" and .model == "chosen" and .points_predicted > 0) | {n: .points_predicted, i: .inside_95_pct_interval_share}] |
	"\(100 * (map(.n * .i) | add) / (map(.n) | add)) %"' "$scratch/all.json")"
mape constant-power | awk '{exit !($1 > 3.1 && $1 < 3.7 && $4 >= 60)}' || fail "MAPE at constant power: $(mape constant-power)"
# Networks that stream their weights draw less, and boards share by how much: clearly below, on the same points.
paste -d' ' <(mape chosen) <(mape constant-power) | awk '{exit !($1 < 0.85 * $6 && $4 == $9)}' || fail "MAPE of what was chosen: $(mape chosen)"
echo "by MACs: $(mape macs)"
mape macs | awk '{exit !($1 > 19 && $1 < 23 && $4 >= 60)}' || fail "MAPE by MACs: $(mape macs)"

# What a network takes when its time is known, also where no clock is.
"$bench" fit --db "$scratch/a.db" --out "$scratch/shared.json" >/dev/null
expect 2 "macs is not known" "$bench" predict --predictor "$scratch/shared.json" --time "50 ms" --board $board --build v0.7
expect 2 "outside of what" "$bench" predict --predictor "$scratch/shared.json" --time "50 s" --board $board --build v0.7 \
	"$scratch/net/ds-cnn-000.tflite"
"$bench" predict --predictor "$scratch/shared.json" --time "50 ms" "$scratch/net/ds-cnn-000.tflite" --extrapolate --json >"$scratch/p.json"
jq -e '.predictions | length > 10 and all(.time_s == 0.05 and .cycles == null and .cycles_from == "not known")
	and (map(select(.clock_hz == 0)) | length > 0)' "$scratch/p.json" >/dev/null || fail "predict --time"
echo x >"$scratch/features.csv"
expect 2 "features.csv:1: must be 'model,macs,params'" "$bench" fit --db "$scratch/a.db" --features "$scratch/features.csv"
printf 'model,macs,params\nad,1,x\n' >"$scratch/features.csv"
expect 2 "features.csv:2: must be a name and two numbers" "$bench" fit --db "$scratch/a.db" --features "$scratch/features.csv"

# The same data, the same file but for its date.
"$bench" fit --db "$scratch/a.db" --model cycles --out "$scratch/b.json" >/dev/null
cmp <(grep -v created_utc "$scratch/a.json") <(grep -v created_utc "$scratch/b.json") || fail "a second fit differs"

# Predict: inside, outside, refused, asked for nevertheless.
"$bench" predict --predictor "$scratch/a.json" --cycles 5000000 --board $board --build v0.7 --json >"$scratch/p.json"
jq -e '.predictions | length == 1 and (.[0] | .energy_interval_95_j[0] < .energy_j and .energy_j < .energy_interval_95_j[1]
	and (.extrapolated | not) and .virtual == false)' "$scratch/p.json" >/dev/null || fail "predict"
expect 2 "outside of what" "$bench" predict --predictor "$scratch/a.json" --cycles 1e12 --board $board
"$bench" predict --predictor "$scratch/a.json" --cycles 1e12 --board $board --build v0.7 --extrapolate --json |
	jq -e '.predictions[0].extrapolated and (.predictions[0].outside | test("cycles"))' >/dev/null || fail "--extrapolate"
expect 2 "it has " "$bench" predict --predictor "$scratch/a.json" --cycles 5e6 --board nobody
expect 2 "three boards" "$bench" predict --predictor "$scratch/a.json" --cycles 5e6 --board stm32u575
expect 2 "--cycles" "$bench" predict --predictor "$scratch/a.json" --cycles lots
expect 2 "has no unit" "$bench" predict --predictor "$scratch/a.json" --cycles 5e6 --temp 21
status=0; "$bench" predict --predictor "$scratch/a.json" --cycles 5e6 >/dev/null || status=$?
[ $status = 4 ] || fail "some boards are outside of their range: $status, not 4"

# The same data agree; a board that takes 5 % more on another day does not, and is the only one.
"$bench" verify --predictor "$scratch/a.json" --db "$scratch/a.db" --tolerance "1 %" >"$scratch/verify" || fail "verify"
grep -q '^The data agree' "$scratch/verify" || fail "verify does not say so"
"$bench" export --db "$scratch/a.db" --out "$scratch/a.csv" >/dev/null
awk -F, -v OFS=, -v board="$board" 'NR == 1 {for (i = 1; i <= NF; i++) c[$i] = i; print; next}
	$c["clock_hz"] == "" {next}
	{$c["measured_utc"] = "2099-01-01T00:00:00Z"} $c["board"] == board && $c["build"] == "v0.7" {
	$c["energy_j"] = sprintf("%.17g", 1.05 * $c["energy_j"])} {print}' "$scratch/a.csv" >"$scratch/moved.csv"
"$bench" import csv "$scratch/moved.csv" --db "$scratch/moved.db" >/dev/null
status=0; "$bench" verify --predictor "$scratch/a.json" --db "$scratch/moved.db" --json >"$scratch/verify.json" || status=$?
[ $status = 1 ] || fail "verify of what moved: $status"
jq -e --arg board $board '[.cells[] | select(.moved)] | length == 1 and .[0].board == $board and .[0].build == "v0.7"
	and (.[0].bias_rel > 0.04) and (.[0].bias_rel < 0.06)' "$scratch/verify.json" >/dev/null || fail "another cell moved"
expect 2 "no accepted window since" "$bench" verify --predictor "$scratch/a.json" --db "$scratch/a.db" --since 2098-01-01
expect 2 "is no date" "$bench" verify --predictor "$scratch/a.json" --db "$scratch/a.db" --since yesterday

# Refit takes that in, keeps the rest, names its parent; then all agree.
"$bench" refit --predictor "$scratch/a.json" --db "$scratch/moved.db" --out "$scratch/c.json" --json >"$scratch/refit.json"
jq -e '([.cells[] | select(.state == "replaced")] | length == 1) and ([.cells[] | select(.state == "combined")] | length > 10)' \
	"$scratch/refit.json" >/dev/null || fail "refit"
jq -e --arg sha "$(sha256sum <"$scratch/a.json" | cut -d' ' -f1)" '.lineage | length == 1 and .[0].parent_sha256 == $sha' \
	"$scratch/c.json" >/dev/null || fail "lineage"
"$bench" verify --predictor "$scratch/c.json" --db "$scratch/moved.db" >/dev/null || fail "verify after refit"
"$bench" models compare "$scratch/a.json" "$scratch/c.json" --json >"$scratch/compare.json"
jq -e --arg board $board '[.cells[] | select(.response == "energy" and (.mean_rel > 0.02))] | length == 1 and .[0].board == $board' \
	"$scratch/compare.json" >/dev/null || fail "compare"

# What was exported and imported is what was exported, rows without cycles, too.
"$bench" import csv "$scratch/a.csv" --db "$scratch/again.db" >/dev/null
"$bench" export --db "$scratch/again.db" --out "$scratch/again.csv" >/dev/null
cmp <(sort "$scratch/a.csv") <(sort "$scratch/again.csv") || fail "export, import, export"
"$bench" export --db "$scratch/a.db" --format json | jq -e '.schema == "joulebench.export/1" and (.rows | length == 320)' >/dev/null ||
	fail "export --format json"

# Files of another age, and damaged ones.
sed 's|joulebench.predictor/1|joulebench.predictor/2|' "$scratch/a.json" >"$scratch/newer.json"
expect 2 "newer joulebench" "$bench" predict --predictor "$scratch/newer.json" --cycles 5e6
head -c 5000 "$scratch/a.json" >"$scratch/cut.json"
expect 2 "cut.json:" "$bench" verify --predictor "$scratch/cut.json" --db "$scratch/a.db"
jq 'del(.cells[0].chip)' "$scratch/a.json" >"$scratch/less.json"
expect 2 "less.json: cells[0].chip: is missing" "$bench" models compare "$scratch/a.json" "$scratch/less.json"
echo ok
