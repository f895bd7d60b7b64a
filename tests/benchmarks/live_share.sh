#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What each live instrument costs the host, at its full stream in real time: live_share.c with the instruments of a
# virtual rig, which is a process of its own.
#
# usage: live_share.sh [SECONDS]
source tests/rig/rig.sh
seconds=${1:-20}

status=0
# share KIND URI SUPPLY_V OPTIONS MOST_PERCENT: a rig of its own for each, or they would wait for one another
share() {
	cat >"$scratch/virtual.yaml" <<END
seed: 1
pace: 1
meters:
  - {name: $1-1, kind: $1$([ "$1" = ppk2 ] || echo ", supply: 3.3 V"), listen: "unix:$scratch/$1.sock"}
boards:
  - {name: one, part: stm32l4r5, listen: "unix:$scratch/$1-board.sock", supply: $1-1}
END
	rm -f "$scratch/virtual-rig.log"
	start_rig
	"$build/bin/benchmarks_live_share" "$1" "$2" "$3" "$4" "$seconds" "$5" || status=$?
	stop_rig
}
share ppk2 "rfc2217+unix:$scratch/ppk2.sock" 3.3 "" 1
share js220 "usbip+unix:$scratch/js220.sock/js220-1" 0 "lines=4" 5
share js110 "usbip+unix:$scratch/js110.sock/js110-1" 0 "range=180 mA" 10
exit $status
