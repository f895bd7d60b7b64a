#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What each live instrument costs the host, at its full stream in real time: live_share.c with the instruments of a
# virtual rig, which is a process of its own.
#
# usage: live_share.sh [SECONDS]
source tests/rig/rig.sh
seconds=${1:-20}

cat >"$scratch/virtual.yaml" <<END
seed: 1
pace: 1
meters:
  - {name: ppk2-1, kind: ppk2, listen: "unix:$scratch/ppk2.sock"}
  - {name: js220-1, kind: js220, supply: 3.3 V, listen: "unix:$scratch/js220.sock"}
  - {name: js110-1, kind: js110, supply: 3.3 V, listen: "unix:$scratch/js110.sock"}
boards:
  - {name: one, part: stm32l4r5, listen: "unix:$scratch/b1.sock", supply: ppk2-1}
  - {name: two, part: stm32l4r5, listen: "unix:$scratch/b2.sock", supply: js220-1}
  - {name: three, part: stm32l4r5, listen: "unix:$scratch/b3.sock", supply: js110-1}
END
start_rig
status=0
"$build/bin/benchmarks_live_share" ppk2 "rfc2217+unix:$scratch/ppk2.sock" 3.3 "" "$seconds" 1 || status=$?
"$build/bin/benchmarks_live_share" js220 "usbip+unix:$scratch/js220.sock/js220-1" 0 "lines=4" "$seconds" 5 || status=$?
"$build/bin/benchmarks_live_share" js110 "usbip+unix:$scratch/js110.sock/js110-1" 0 "range=180 mA" "$seconds" 10 || status=$?
exit $status
