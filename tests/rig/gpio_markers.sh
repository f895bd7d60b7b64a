#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Meters that see no marker lines, an INA228 and an LPM01A: the host's stamps of the edges cut their windows. Energies are
# right by the truth log within their expanded uncertainty. A recording holds the edges, and gives the same database
# without any device. A lost edge refuses its window; a source that is gone says so.
#
# The host times what happens: while it is busy, conversions of the INA228 get lost, windows are refused for that and
# taken again.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
rm "$scratch/models/ds-cnn-000.tflite" # the slower one

# only METER: of the shipped files, without the other one, in this test's folder.
only() {
	local other=ina228
	[ "$1" = ina228 ] && other=lpm01a
	sed "s#build/virtual/gpio#$scratch#; s#part: parts/#part: $PWD/rigs/parts/#" |
		awk "/- {?name: .*$other/ {drop = 1} /- {?name: .*$1|^[^ ]/ {drop = 0} !drop"
}

# plan CLOCKS WINDOW ATTEMPTS
plan() {
	write_plan "$1" 2
	sed -i "s/window: .*/window: $2/; s/idle: .*/idle: 250 ms/" "$scratch/plan.yaml"
	printf "settle: 100 ms\nattempts: %s\n" "$3" >>"$scratch/plan.yaml"
}

# sweep METER ROWS LIMIT
sweep() {
	"$build/bin/virtual-rig" "$scratch/virtual-$1.yaml" -- "$bench" run "$scratch/plan.yaml" \
		--rig "$scratch/rig-$1.yaml" --db "$scratch/$1.db" --record "$scratch/recording-$1" --json >"$scratch/$1.json"
	"$build/bin/rig_within" "$scratch/$1.db" "$scratch/truth.jsonl" "$2" "$3"
}

for meter in ina228 lpm01a; do
	only $meter <rigs/virtual/gpio-markers.yaml >"$scratch/virtual-$meter.yaml"
	only $meter <rigs/virtual-gpio-markers.yaml >"$scratch/rig-$meter.yaml"
done
# replay METER: the recording alone, by the same plan.
replay() {
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig-$1.yaml" --db "$scratch/again-$1.db" --replay "$scratch/recording-$1" >/dev/null
	cmp <("$build/bin/rig_dump" "$scratch/$1.db") <("$build/bin/rig_dump" "$scratch/again-$1.db") || fail "$1: the replay differs"
}

plan "48 MHz, 120 MHz" "600 ms" 20
sweep lpm01a 4 0.05
replay lpm01a
plan "120 MHz" "600 ms" 40
sweep ina228 2 0.05
replay ina228

# The trace says where its marker lines come from.
trace=$(find "$scratch/lpm01a.db.traces" -name '*.h5' | head -n 1)
"$bench" trace show "$trace" | grep -q 'marker_source.*l4r5-lpm01a-markers.sock.*sample resolution' ||
	fail "the trace does not tell its marker source"

# Every window loses one edge of the inference line, or of its own: refused, never a number.
plan "120 MHz" "600 ms" 2
for line in 1 0; do
	sed "s#marker_jitter: 15 us}#marker_jitter: 15 us, faults: [{fault: edge-missing, probability: 1, line: $line}]}#" \
		"$scratch/virtual-lpm01a.yaml" >"$scratch/virtual-lost.yaml"
	cp "$scratch/rig-lpm01a.yaml" "$scratch/rig-lost.yaml"
	got=0
	"$build/bin/virtual-rig" "$scratch/virtual-lost.yaml" -- "$bench" run "$scratch/plan.yaml" \
		--rig "$scratch/rig-lost.yaml" --db "$scratch/lost-$line.db" 2>"$scratch/stderr" >"$scratch/stdout" || got=$?
	[ "$got" -eq 4 ] || { cat "$scratch/stderr" >&2; fail "line $line: exit status $got, not 4"; }
	grep -q 'refused: markers:' "$scratch/stderr" || { cat "$scratch/stderr" >&2; fail "line $line: not refused"; }
	"$build/bin/rig_within" "$scratch/lost-$line.db" "$scratch/truth.jsonl" 0 0.05
done

sed 's#markers: socket:.*#markers: gpio:/dev/gpiochip0:17,27,22#' "$scratch/rig-lpm01a.yaml" >"$scratch/rig-real.yaml"
expect 2 "rig-real.yaml:" "$bench" check "$scratch/rig-real.yaml"
