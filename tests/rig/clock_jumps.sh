#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The host's wall clock jumps by an hour at every reading of it, within windows too: nothing that is measured hangs
# on it. Energies and cycles are what the rig spent, every window is accepted at once, none waits or times out.
source tests/rig/rig.sh

cc -shared -fPIC -O1 -o "$scratch/jumps.so" tests/rig/clock_jumps_preload.c
"$bench" models generate --space ds-cnn --count 1 --seed 11 --out "$scratch/models" >/dev/null
write_rig 12
write_plan "26 MHz, 120 MHz" 3
start_rig
env LD_PRELOAD="$scratch/jumps.so" ASAN_OPTIONS=verify_asan_link_order=0 \
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db" --json >"$scratch/run.json"
"$build/bin/rig_truth" "$scratch/a.db" "$scratch/truth.jsonl" 6 0.005
for key in windows_refused windows_suspect attempts_failed points_open; do
	grep -q "\"$key\": 0" "$scratch/run.json" || fail "$key: $(grep "\"$key\"" "$scratch/run.json")"
done
"$build/bin/rig_clock_jumps" "$scratch/a.db" || fail "the wall clock did not jump"
echo "windows under a wall clock that jumps: as if it stood"
