#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What one inference of a real model may execute and how much arena it may take, and how large the firmware
# may be: -O2, optimised kernels, on the virtual boards. The models are not part of the project: skipped
# without them.
source tests/rig/rig.sh
models=${JOULEBENCH_MODELS:-../shared/models}

# budget MODEL BOARD INSTRUCTIONS ARENA_BYTES [option]...
budget() {
	local model=$1 board=$2 most=$3 most_arena=$4 instructions arena
	shift 4
	[ -f "$models/$model.tflite" ] || { echo "skipped: $models/$model.tflite is not there"; exit 77; }
	"$bench" count "$models/$model.tflite" --board "$board" --json "$@" >"$scratch/count.json"
	"$build/bin/rig_count" "$scratch/count.json" || fail "$model on $board: does not hold together"
	instructions=$(grep -m1 '^  "instructions":' "$scratch/count.json" | tr -dc '0-9')
	arena=$(grep -m1 '^  "arena_bytes":' "$scratch/count.json" | tr -dc '0-9')
	echo "$model on $board${*:+ $*}: $instructions instructions of $most, arena $arena bytes of $most_arena"
	[ "$instructions" -le "$most" ] || fail "$model on $board: too many instructions"
	[ "$arena" -le "$most_arena" ] || fail "$model on $board: too much arena"
}

budget kws_ref_model nucleo-l4r5zi 4000000 22772
budget pretrainedResnet_quant nucleo-l4r5zi 14500000 54340
budget vww_96_int8 nucleo-l4r5zi 12000000 100660
budget vww_96_int8 nucleo-l4r5zi 8300000 100660 --eliminate
budget ad01_int8 nucleo-l4r5zi 370000 2260
budget micro_speech_quantized nucleo-l4r5zi 600000 16384
budget kws_ref_model esp32-c3-devkitm-1 15000000 22772

for board in nucleo-l4r5zi nucleo-f767zi nucleo-l552ze-q esp32-c3-devkitm-1; do
	bytes=$(stat -c %s "$build/firmware/$board-O2.bin")
	echo "$board-O2: $bytes bytes"
	[ "$bytes" -lt 65536 ] || fail "$board: the firmware has 64 KiB or more"
done
