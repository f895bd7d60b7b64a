#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The same board under a PPK2, a JS220 and a JS110 (on USB/IP): one plan, cycles equal, energies equal within the meters'
# uncertainties and right by the truth log.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
write_plan "48 MHz, 120 MHz" 2

# The shipped files without the other meters, moved to this test's folder.
move() {
	sed "s#build/virtual/mixed#$scratch#; s#part: parts/#part: $PWD/rigs/parts/#" "$1"
}
move rigs/virtual/mixed-meters.yaml | awk '/name: .*lpm01a/ {drop = 1} /name: .*(ppk2|js220|js110)|^[^ ]/ {drop = 0} !drop' >"$scratch/virtual.yaml"
move rigs/virtual-mixed-meters.yaml | awk '/- name: .*lpm01a/ {drop = 1} /- name: .*(ppk2|js220|js110)|^[^ ]/ {drop = 0} !drop' >"$scratch/rig.yaml"

"$build/bin/virtual-rig" "$scratch/virtual.yaml" -- "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" \
	--db "$scratch/run.db" --json >"$scratch/run.json"
"$build/bin/rig_farm" "$scratch/run.db" "$scratch/truth.jsonl" 12 0.01
"$build/bin/rig_meters" "$scratch/run.db" l4r5-ppk2 l4r5-js220 4
"$build/bin/rig_meters" "$scratch/run.db" l4r5-ppk2 l4r5-js110 4
