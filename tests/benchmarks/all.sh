#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every benchmark with the speed that is asked of it, one after the other, each beside its peer in the same run
# (README.md). On an idle machine, some six minutes. Exit status 1: one of them was slower.
#
# usage: all.sh [FOLDER]: FOLDER is where traces are written, by default the build folder
set -uo pipefail

build=${JOULEBENCH_BUILD:-build}
models=${JOULEBENCH_MODELS:-../shared/models}
folder=${1:-$build}
slow=()

# bench NAME COMMAND...
bench() {
	local name=$1
	shift
	echo "--- $name"
	"$@" || slow+=("$name (exit status $?)")
}

bench "PPK2: words to amperes" "$build/bin/benchmarks_ppk2_convert" 49 400
bench "Joulescopes: frames to current, voltage, power" "$build/bin/benchmarks_joulescope_streams" speed
bench "a JS220's full stream through its driver" "$build/bin/benchmarks_joulescope_streams" js220 60
bench "16 PPK2 at once" "$build/bin/benchmarks_joulescope_streams" ppk2 60
bench "live instruments' share of a core" bash tests/benchmarks/live_share.sh
bench "a bulk stream over USB" "$build/bin/benchmarks_usb_stream"
bench "PPK2: words to charges of windows, inferences, layers" "$build/bin/benchmarks_trace_pipeline" 9 300
bench "windows over current and voltage" "$build/bin/benchmarks_window_integration" 9 1500
bench "writing a trace" "$build/bin/benchmarks_trace_write" "$folder" 1000 5 1.5
bench "a fit of a million rows" "$build/bin/benchmarks_predictor_fit"
model=$(find "$models" -name '*kws*.tflite' 2>/dev/null | sort | head -n 1)
for core in M4 M7 C3; do
	guest=$build/firmware/core-inference-${core,,}.bin
	[ -n "$model" ] || { echo "--- core $core: SKIPPED: no kws model in $models"; continue; }
	bench "core $core against Unicorn" "$build/bin/benchmarks_core_inference" "$core" "$guest" "$model"
done
[ ${#slow[@]} -eq 0 ] && exit
printf 'slower than asked, or wrong: %s\n' "${slow[@]}"
exit 1
