#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Real models on every virtual board, with portable and with optimised kernels: every operator's output
# equals TensorFlow Lite Micro's, for every recorded input. The models are not part of the project:
# skipped without them.
#
# usage: golden.sh BOARD CHIP KERNELS [MODEL that may not fit]...
set -euo pipefail
models=${JOULEBENCH_MODELS:-../shared/models}
build=${JOULEBENCH_BUILD:-build}
board=$1 chip=$2 kernels=$3
shift 3
names=(ad01_int8 hello_world_int8 kws_ref_model mcunet_detection micro_speech_quantized pretrainedResnet_quant vww_96_int8)
for name in "${names[@]}"; do
	[ -f "$models/$name.tflite" ] || { echo "skipped: $models/$name.tflite is not there"; exit 77; }
done
files=()
for name in "${names[@]}"; do files+=("$models/$name.tflite"); done
for set in portable "$kernels"; do
	echo "$board, $set kernels:"
	output=$("$build/bin/rig_golden" "$build/bin/virtual-rig" "$chip" "$build/firmware/$board-O2.bin" "$set" \
		"${files[@]}" 2>&1) && status=0 || status=$?
	echo "$output"
	[ $status -eq 0 ] || exit 1
	while IFS=: read -r name _; do
		[[ " $* " == *" $name "* ]] || { echo "$name should fit this board"; exit 1; }
	done < <(grep 'does not fit' <<<"$output")
done
