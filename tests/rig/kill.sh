#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# joulebench killed at 20 random moments and started again each time ends with exactly the planned rows,
# and they agree with those of a run that nobody disturbed.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 4 --seed 5 --out "$scratch/models"
write_rig 3
write_plan "26 MHz, 120 MHz" 4
start_rig
run=("$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml")
"${run[@]}" --db "$scratch/whole.db" >/dev/null
before=$(wc -l <"$scratch/truth.jsonl")

RANDOM=20
for i in $(seq 20); do
	"${run[@]}" --db "$scratch/killed.db" >/dev/null 2>"$scratch/killed.log" &
	victim=$!
	sleep "$(printf '0.%03d' $((RANDOM % 900 + 50)))"
	kill -KILL "$victim" 2>/dev/null || true
	wait "$victim" 2>/dev/null || true
done
"${run[@]}" --db "$scratch/killed.db"
"$build/bin/rig_compare" "$scratch/whole.db" "$scratch/killed.db" 32
tail -n "+$((before + 1))" "$scratch/truth.jsonl" >"$scratch/killed.jsonl"
"$build/bin/rig_truth" "$scratch/killed.db" "$scratch/killed.jsonl" 32 0.005
