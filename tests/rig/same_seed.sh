#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Five runs of one seed, faults included: the same attempts, counts, outputs and faults, and true energies per window
# within 0.01 %. What remains is the time between windows, which follows the host: temperature and the plant's slow
# drift are those of another moment. So that flashing does not shift all of them, the board holds its firmware already.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models" >/dev/null
write_plan "26 MHz, 120 MHz" 2
echo "attempts: 12" >>"$scratch/plan.yaml"
write_rig 31
flash_board() {
	sed -i "s#listen: \"unix:$scratch/b.sock\"#&, flash: $scratch/flash#" "$scratch/virtual.yaml"
	sed "s/repeats: 2/repeats: 1/; s/26 MHz, 120 MHz/120 MHz/" "$scratch/plan.yaml" >"$scratch/flash.yaml"
	"$build/bin/virtual-rig" "$scratch/virtual.yaml" -- "$bench" run "$scratch/flash.yaml" --rig "$scratch/rig.yaml" \
		--db "$scratch/flash.db" >/dev/null 2>"$scratch/flash.log" || { tail -3 "$scratch/flash.log"; fail "flashing"; }
}
flash_board

for i in 1 2 3 4 5; do
	mkdir "$scratch/$i"
	cp "$scratch/flash" "$scratch/$i/flash"
	cat >"$scratch/virtual.yaml" <<YAML
seed: 31
truth: $scratch/$i/truth.jsonl
meters:
  - name: ppk2-1
    kind: ppk2
    listen: "unix:$scratch/m.sock"
    faults:
      - {fault: samples-lost, probability: 40 %, count: 63}
      - {fault: edge-missing, probability: 30 %, line: 1}
boards:
  - name: nucleo-1
    part: stm32l4r5
    listen: "unix:$scratch/b.sock"
    supply: ppk2-1
    flash: $scratch/$i/flash
    faults: [{fault: output-flip, probability: 30 %}]
YAML
	"$build/bin/virtual-rig" "$scratch/virtual.yaml" -- "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" \
		--db "$scratch/$i/run.db" >/dev/null 2>"$scratch/$i/log" || { tail -3 "$scratch/$i/log"; fail "run $i"; }
	[ "$i" -eq 1 ] || "$build/bin/rig_same" "$scratch/1" "$scratch/$i" 1e-4
done
[ -s "$scratch/1/truth.faults.jsonl" ] || fail "no fault happened"
