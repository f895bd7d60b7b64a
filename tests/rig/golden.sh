#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two of MLPerf Tiny's reference models on the virtual board: every operator's output equals TensorFlow
# Lite Micro's, for every recorded input. The models are not part of the project: skipped without them.
models=${JOULEBENCH_MODELS:-../shared/models}
for name in kws_ref_model ad01_int8; do
	[ -f "$models/$name.tflite" ] || { echo "skipped: $models/$name.tflite is not there"; exit 77; }
done
source tests/rig/rig.sh
models=$(realpath "$models")
write_rig 5
cat >"$scratch/plan.yaml" <<EOF
plan: golden
models: ["$models/kws_ref_model.tflite", "$models/ad01_int8.tflite"]
clocks: [120 MHz]
repeats: 1
window: 100 ms
idle: 50 ms
EOF
start_rig
"$build/bin/rig_golden" "$scratch/rig.yaml" "$scratch/plan.yaml" "$build/firmware"
