#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Firmware that speaks MLPerf Tiny's protocol on the virtual board, in both modes: results equal the
# host's reference, marker lines and time stamps agree. Skipped where that firmware was not built.
firmware=${JOULEBENCH_BUILD:-build}/firmware
for build_name in mlperf-O2 mlperf-energy-O2; do
	[ -f "$firmware/nucleo-l4r5zi-$build_name.bin" ] || {
		echo "skipped: $firmware/nucleo-l4r5zi-$build_name.bin is not there"
		exit 77
	}
done
source tests/rig/rig.sh
"$bench" models generate --space ds-cnn --count 1 --seed 1 --out "$scratch/models" >/dev/null

for mode in performance energy; do
	build_name=mlperf-O2
	[ "$mode" = performance ] || build_name=mlperf-energy-O2
	"$build/bin/rig_mlperf_tiny" "$build/bin/virtual-rig" "$firmware/nucleo-l4r5zi-$build_name.bin" \
		"$scratch" "$mode" "$scratch"/models/*.tflite
done
# A performance build is found out when energy mode is expected.
expect 1 "performance mode" "$build/bin/rig_mlperf_tiny" "$build/bin/virtual-rig" \
	"$firmware/nucleo-l4r5zi-mlperf-O2.bin" "$scratch" energy "$scratch"/models/*.tflite
