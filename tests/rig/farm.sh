#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The virtual lab of four kinds of boards, each run one joulebench on the rig files that ship, by one thread and by
# two: every point of every board at its own clock levels accepted, cycles and outputs equal, energies equal within
# their independent uncertainties and right by the truth log.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
for file in four-boards farm-16; do
	"$build/bin/virtual-rig" check rigs/virtual/$file.yaml
done

# The shipped files, moved to this test's folder; the meters without errors of their own.
sed "s#build/virtual/four#$scratch#; s#kind: ppk2,#& calibration: ideal,#" rigs/virtual/four-boards.yaml >"$scratch/four.yaml"
sed "s#build/virtual/four#$scratch#; s#parts/#$PWD/rigs/parts/#" rigs/virtual-four-boards.yaml >"$scratch/rig.yaml"

# No level is all boards'; 48 MHz is three boards', and slowest of none; 160 MHz is the ESP32-C3's fastest.
write_plan "slowest, 48 MHz, fastest, 160 MHz" 2
points=22 # 3 boards x 3 levels, 1 board x 2 levels, twice each
"$bench" check "$scratch/rig.yaml" "$scratch/plan.yaml" | tee "$scratch/check.txt"
for line in "nucleo-l4r5zi (stm32l4r5) at 4, 48, 120 MHz: 6 points" "nucleo-f767zi (stm32f767) at 16, 48, 216 MHz: 6 points" \
	"nucleo-l552ze-q (stm32l552) at 4, 48, 110 MHz: 6 points" "esp32-c3-devkitm-1 (esp32c3) at 10, 160 MHz: 4 points" \
	"on 4 boards = $points points"; do
	grep -qF -- "$line" "$scratch/check.txt" || fail "check does not say '$line'"
done
[ "$("$bench" check "$scratch/rig.yaml" "$scratch/plan.yaml" --json | grep -c '^        160000000$')" -eq 1 ] ||
	fail "check --json: one board is asked for 160 MHz, and by one name"
write_plan "48 MHz" 2
expect 2 "plan.yaml:3: board 'esp32-c3-devkitm-1' has none of these clock levels (it has 10, 13.333333, 20, 40, 80, 160 MHz)" \
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/none.db"
write_plan "slowest, 50 MHz" 2
expect 2 "plan.yaml:3: no board of rig 'virtual-four-boards' has a clock level of 50 MHz (there are 4, 10, " \
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/none.db"
write_plan "slowest, 48 MHz, fastest, 160 MHz" 2

for threads in 1 2; do
	sed "s/^pace: .*/&\nthreads: $threads/" "$scratch/four.yaml" >"$scratch/virtual.yaml"
	rm -f "$scratch"/*.flash "$scratch/virtual-rig.log"
	start_rig
	begin=$SECONDS
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/$threads.db"
	echo "threads $threads: $((SECONDS - begin)) s"
	"$build/bin/rig_farm" "$scratch/$threads.db" "$scratch/truth.jsonl" $points 0.005
	stop_rig
done
"$build/bin/rig_compare" "$scratch/1.db" "$scratch/2.db" $points

# A board whose id is not the one that the rig names is left alone, the others are measured; with the right id it joins in.
write_plan "fastest" 1
sed "s#/nucleo-f767zi.sock#&\n    id: 564952544541000000000000#" "$scratch/rig.yaml" >"$scratch/pinned.yaml"
rm "$scratch/virtual-rig.log"
start_rig
run=("$bench" run "$scratch/plan.yaml" --rig "$scratch/pinned.yaml" --db "$scratch/pinned.db")
expect 4 "nucleo-f767zi: given up: board nucleo-f767zi: not the rig's board: id " "${run[@]}"
"$build/bin/rig_farm" "$scratch/pinned.db" "$scratch/truth.jsonl" 3 0.005
id=$(sed -n "s/.*given up: .*: id \([0-9a-f]*\) instead of 564952544541000000000000$/\1/p" "$scratch/stderr")
[ ${#id} -eq 24 ] || fail "the two ids are not named: $(cat "$scratch/stderr")"
sed -i "s/564952544541000000000000/$id/" "$scratch/pinned.yaml"
"${run[@]}" | tail -2
"$build/bin/rig_farm" "$scratch/pinned.db" "$scratch/truth.jsonl" 4 0.005

# A model that is too large for a board is left out there, the others are measured.
large=${JOULEBENCH_MODELS:-../shared/models}/mcunet_detection.tflite
if [ -r "$large" ]; then
	awk '/- name:/ {drop = !/ppk2-3|nucleo-l552ze-q/} !drop || /^[^ ]/' "$scratch/rig.yaml" >"$scratch/small.yaml"
	cp "$large" "$scratch/models/"
	expect 4 "nucleo-l552ze-q: model mcunet_detection is left out from here on: " \
		"$bench" run "$scratch/plan.yaml" --rig "$scratch/small.yaml" --db "$scratch/small.db"
	"$build/bin/rig_farm" "$scratch/small.db" "$scratch/truth.jsonl" 1 0.005
else
	echo "not tried: a model that is too large ($large is not there)"
fi
stop_rig
