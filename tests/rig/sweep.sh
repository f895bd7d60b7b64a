#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A whole sweep on the virtual rig: every point accepted, cycles exactly and energies within 0.5 % of what
# the rig truly spent, a second run repeats nothing, the fits and the JSON hold together.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 3 --seed 11 --out "$scratch/models"
write_rig 7
write_plan "4 MHz, 26 MHz, 80 MHz, 120 MHz" 2
start_rig
"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db"
"$build/bin/rig_truth" "$scratch/a.db" "$scratch/truth.jsonl" 24 0.005

before=$(wc -l <"$scratch/truth.jsonl")
"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db" --json >"$scratch/run.json"
[ "$(wc -l <"$scratch/truth.jsonl")" -eq "$before" ] || fail "the second run measured again"
grep -q '"points_done_before": 24' "$scratch/run.json" || fail "the second run did not find 24 points"
grep -q '"schema": "joulebench.run/1"' "$scratch/run.json" || fail "no schema in the JSON"

"$bench" fit --db "$scratch/a.db"
"$bench" fit --db "$scratch/a.db" --json >"$scratch/fit.json"
[ "$(grep -c '"k_j_per_cycle"' "$scratch/fit.json")" -eq 8 ] || fail "not two fits at each of four levels"
