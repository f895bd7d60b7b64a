#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The virtual lab of four kinds of boards, run by one thread and by two: every point of every board accepted,
# cycles and outputs equal, energies equal within their independent uncertainties and right by the truth log.
# The rig files are those that ship. The boards have no clock level in common: two runs at once, one of the
# STM32 boards and one of the ESP32-C3, on one virtual rig.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
for file in four-boards farm-16; do
	"$build/bin/virtual-rig" check rigs/virtual/$file.yaml
done
write_plan "48 MHz" 2
mv "$scratch/plan.yaml" "$scratch/stm32-plan.yaml"
"$bench" check rigs/virtual-farm-16.yaml "$scratch/stm32-plan.yaml" >/dev/null
write_plan "80 MHz" 2
mv "$scratch/plan.yaml" "$scratch/esp32-plan.yaml"

# The shipped files, moved to this test's folder; the bench's cut into two.
sed "s#build/virtual/four#$scratch#" rigs/virtual/four-boards.yaml >"$scratch/four.yaml"
sed "s#build/virtual/four#$scratch#; s#parts/#$PWD/rigs/parts/#" rigs/virtual-four-boards.yaml >"$scratch/all.yaml"
awk '/- name:/ {drop = /ppk2-4|esp32/} !drop || /^[^ ]/' "$scratch/all.yaml" >"$scratch/stm32-rig.yaml"
awk '/- name:/ {drop = !/ppk2-4|esp32/} !drop || /^[^ ]/' "$scratch/all.yaml" >"$scratch/esp32-rig.yaml"

other=
stop_all() {
	[ -z "$other" ] || kill "$other" 2>/dev/null || true
	stop_rig
}
trap stop_all EXIT

for threads in 1 2; do
	sed "s/^pace: .*/&\nthreads: $threads/" "$scratch/four.yaml" >"$scratch/virtual.yaml"
	rm -f "$scratch"/*.flash "$scratch/virtual-rig.log"
	start_rig
	begin=$SECONDS
	"$bench" run "$scratch/esp32-plan.yaml" --rig "$scratch/esp32-rig.yaml" --db "$scratch/esp32-$threads.db" &
	other=$!
	"$bench" run "$scratch/stm32-plan.yaml" --rig "$scratch/stm32-rig.yaml" --db "$scratch/stm32-$threads.db"
	wait "$other" || fail "the ESP32-C3's run"
	other=
	echo "threads $threads: $((SECONDS - begin)) s"
	"$build/bin/rig_farm" "$scratch/stm32-$threads.db" "$scratch/truth.jsonl" 6 0.005
	"$build/bin/rig_farm" "$scratch/esp32-$threads.db" "$scratch/truth.jsonl" 2 0.005
	stop_rig
done
"$build/bin/rig_compare" "$scratch/stm32-1.db" "$scratch/stm32-2.db" 6
"$build/bin/rig_compare" "$scratch/esp32-1.db" "$scratch/esp32-2.db" 2
