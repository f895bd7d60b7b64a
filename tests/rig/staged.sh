#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Models with an early exit: the board decides, the rows tell the path, and the path decides the energy.
# Layers are marked on the way: the cycles of each are in the rows.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn-exit --count 2 --seed 3 --out "$scratch/models"
write_rig 9
start_rig
for confidence in 0.0 1.0; do
	write_plan "80 MHz" 1
	cat >>"$scratch/plan.yaml" <<END
layers: on
exit: {output: 0, confidence: $confidence}
END
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/$confidence.db"
done
"$build/bin/rig_truth" "$scratch/0.0.db" "$scratch/truth.jsonl" 2 0.005
"$build/bin/rig_truth" "$scratch/1.0.db" "$scratch/truth.jsonl" 2 0.005
early=$("$build/bin/rig_exits" "$scratch/0.0.db" 2 all) || fail "not all ended at the exit: $early"
full=$("$build/bin/rig_exits" "$scratch/1.0.db" 2 none) || fail "some ended at the exit: $full"
echo "cycles of both models: $early with the exit, $full without"
[ "$early" -lt "$full" ] || fail "an early exit costs as much as the whole model"
grep -aq '"operator":"DEPTHWISE_CONV_2D","cycles":' "$scratch/1.0.db" || fail "no cycles of layers in the rows"

write_plan "80 MHz" 1
echo "exit: {output: 5, confidence: 0.5}" >>"$scratch/plan.yaml"
expect 2 "no output 5 to exit at" "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/c.db"
