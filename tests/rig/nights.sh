#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What "verify" is for: four boards, measured night after night. Nights in which nothing changed pass, but for the
# false alarms that were stated; a night with one board's leakage doubled, and one with a kernel of one build slowed by
# some 3 %, fail, and name that board alone.
#
# usage: nights.sh [NIGHTS] [SEED]: NIGHTS (10) quiet ones, in tens: each ten is a session of its own, at an ambient
# temperature of its own, and a night is one repeat of the golden network.
source tests/rig/campaign_lab.sh
command -v sqlite3 >/dev/null || { echo "skipped: there is no sqlite3 to part the nights with"; exit 77; }

nights=${1:-10} seed=${2:-1}
significance=0.01
# A chip is a degree or two warmer or colder, by what ran before: leakage of the F767 is 0.3 % of its power at 16 MHz.
repeatability="0.2 %"
golden=$scratch/golden
sockets=$scratch
mkdir -p "$scratch/models" "$golden" "$scratch/nights"
"$build/bin/rig_tiny_model" "$scratch/models/tiny.tflite"
"$bench" models generate --space ds-cnn --count 3 --seed 11 --out "$scratch/models" >/dev/null
cp "$scratch/models/ds-cnn-000.tflite" "$golden/"
flash_kinds

# measure NAME AMBIENT MODELS REPEATS PLAN_SEED [L4R5_KEYS] [FIRMWARE]: the four boards, always the same ones.
measure() {
	local kind
	lab=$scratch/$1
	start_lab "$seed" "$2" 25
	for kind in "${kinds[@]}"; do
		keys=
		[ "$kind" != l4r5 ] || keys=${6:-}
		lab_board "$kind" "$kind" "" "$keys"
	done
	write_lab
	lab_plan "slowest, fastest" "$4" "100 ms" 4 "$5" "$3"
	status=0
	timeout -k 10 3000 "$build/bin/virtual-rig" "$lab/virtual.yaml" -- "$bench" run "$lab/plan.yaml" --rig "$lab/rig.yaml" \
		--firmware "${7:-$build/firmware}" --db "$lab/run.db" >"$lab/run.out" 2>"$lab/run.log" || status=$?
	[ "$status" -eq 0 ] || { tail -20 "$lab/run.log" >&2; fail "$1: not all points were measured"; }
}

# verify DB: its report in $scratch/verify.json, its status in $verified.
verify() {
	verified=0
	"$bench" verify --predictor "$scratch/farm.json" --db "$1" --significance $significance --repeatability "$repeatability" --json >"$scratch/verify.json" ||
		verified=$?
	[ "$verified" -le 1 ] || fail "verify: exit status $verified"
}

# moved_boards: those with a cell that moved, in one line.
moved_boards() {
	jq -r '[.cells[] | select(.moved) | .board] | unique | join(" ")' "$scratch/verify.json"
}

begin=$SECONDS
measure training "21 degC" "$scratch/models/*.tflite" 4 1
"$bench" fit --db "$lab/run.db" --model cycles --out "$scratch/farm.json" >/dev/null
echo "trained in $((SECONDS - begin)) s: $(jq '.cells | length' "$scratch/farm.json") cells"

# Nothing changed.
alarms=0 tried=0
for ten in $(seq 1 $(((nights + 9) / 10))); do
	measure "quiet-$ten" "$((205 + (ten * 7) % 11))e-1 degC" "$golden/*.tflite" 10 "$ten"
	cp "$lab/run.db" "$scratch/series-$ten.db"
	sqlite3 "$scratch/series-$ten.db" "update measurement set created_utc = strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || (repeat_index + $tried) || ' days')"
	for repeat in $(seq 0 9); do
		night=$scratch/nights/$ten-$repeat.db
		cp "$lab/run.db" "$night"
		sqlite3 "$night" "delete from measurement where repeat_index != $repeat"
		tried=$((tried + 1))
		verify "$night"
		[ "$(jq '[.cells[] | select(.points > 0)] | length' "$scratch/verify.json")" -eq 16 ] || fail "not all cells were looked at"
		[ "$verified" -eq 0 ] || { alarms=$((alarms + 1)); echo "night $tried: false alarm on $(moved_boards)"; }
	done
	rm -r "$lab"
done
# More than so many happen by chance, at the stated rate, once in a thousand such campaigns.
most=$(awk -v n="$tried" -v p=$significance 'BEGIN {q = (1 - p) ^ n; sum = q; for (k = 0; 1 - sum > 1e-3; sum += q) {q *= (n - k) / (k + 1) * p / (1 - p); k++} print k}')
echo "$tried nights in which nothing changed: $alarms alarms (stated: $significance of the nights; chance allows up to $most)"
[ "$alarms" -le "$most" ] || fail "too many false alarms"

# The first of them as a series.
status=0
"$bench" verify --predictor "$scratch/farm.json" --db "$scratch"/series-[1-4].db --repeatability "$repeatability" --golden ds-cnn-000 --significance 0 --json \
	>"$scratch/series.json" || status=$?
jq -e '.drift.series | length == 8' "$scratch/series.json" >/dev/null || fail "not all series were looked at"
[ "$status" -eq 0 ] || fail "a step was found in nights in which nothing changed"

# One board's leakage has doubled.
measure leaking "21 degC" "$golden/*.tflite" 1 99 "leakage: 2"
verify "$lab/run.db"
[ "$verified" -eq 1 ] || fail "a doubled leakage passed"
[ "$(moved_boards)" = l4r5 ] || fail "a doubled leakage of l4r5 moved: $(moved_boards)"
echo "leakage of l4r5 doubled: fails, $(jq -r '[.cells[] | select(.moved and .response == "energy")] | map("\(.clock_hz / 1e6) MHz \(.bias_rel * 1e4 | round / 100) %") | join(", ")' "$scratch/verify.json")"

# One build's kernel is slower: matrix products of the l4r5's O2 wait a little after each tile.
mkdir -p "$scratch/slow"
cp "$build"/firmware/*.bin "$scratch/slow/"
stem=firmware/nucleo-l4r5zi-O2
sed 's/^\t\tleft -= pixels;$/\t\tfor (volatile uint32_t wait = 0; wait < 9 * pixels; wait++)\n\t\t\t;\n&/' \
	firmware/runtime/kernels/armv7em/gemm.c >"$scratch/gemm.c"
cmp -s "$scratch/gemm.c" firmware/runtime/kernels/armv7em/gemm.c && fail "the kernel was not changed"
ninja -C "$build" -t commands "$stem.bin" | grep -F "$stem" |
	sed -e "s|$PWD/firmware/runtime/kernels/armv7em/gemm.c|$scratch/gemm.c|g" \
		-e "s|\([ =/]\)$stem\([.]\)|\1$scratch/slow/nucleo-l4r5zi-O2\2|g" -e "s|$build/$scratch|$scratch|g" -e "s|$build/$stem|$scratch/slow/nucleo-l4r5zi-O2|g" >"$scratch/slow.sh"
(cd "$build" && bash -e "$scratch/slow.sh" >"$scratch/slow.log" 2>&1) || { tail -5 "$scratch/slow.log" >&2; fail "the slower kernel was not built"; }
cmp -s "$scratch/slow/nucleo-l4r5zi-O2.bin" "$build/$stem.bin" && fail "the slower firmware is not another one"
measure slowed "21 degC" "$golden/*.tflite" 1 98 "" "$scratch/slow"
verify "$lab/run.db"
slower=$(jq -r '[.cells[] | select(.board == "l4r5" and .response == "time") | .bias_rel] | add / length * 100' "$scratch/verify.json")
[ "$verified" -eq 1 ] || fail "a kernel slower by $slower % passed"
[ "$(moved_boards)" = l4r5 ] || fail "a slower kernel of l4r5 moved: $(moved_boards)"
awk -v s="$slower" 'BEGIN {exit !(s > 2 && s < 4)}' || fail "the kernel is slower by $slower %, not by some 3 %"
echo "l4r5's kernel slower by $slower %: fails"
