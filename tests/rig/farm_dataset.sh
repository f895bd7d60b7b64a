#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A data set of the virtual farm: four kinds of boards, each with a meter of its own, over generated models of three
# search spaces, four clock levels, builds -O2 and -Os, at 21 and 43 degC. What the boards truly spent lies beside it.
#
# usage: farm_dataset.sh FOLDER DS_CNN CNN MLP [BOARDS] [REPEATS]
#
# DS_CNN, CNN, MLP: how many models of each space; BOARDS of each kind (1). Leaves FOLDER/models, and for each
# temperature FOLDER/21/run.db and FOLDER/21/truth-O2.jsonl, truth-Os.jsonl. 45 models on 4 boards: 2,880 windows.
source tests/rig/campaign_lab.sh

[ $# -ge 4 ] || { sed -n '6,9s/^# *//p' "$0" >&2; exit 2; }
folder=$1 ds_cnn=$2 cnn=$3 mlp=$4 boards=${5:-1} repeats=${6:-1}
mkdir -p "$folder"
folder=$(realpath "$folder")
seed=${JOULEBENCH_SEED:-7}

"$bench" models generate --space ds-cnn --count "$ds_cnn" --seed "$seed" --out "$folder/models"
"$bench" models generate --space cnn --count "$cnn" --seed "$seed" --out "$folder/models"
"$bench" models generate --space mlp --count "$mlp" --seed "$seed" --out "$folder/models"
sockets=$scratch
for celsius in 21 43; do
	begin=$SECONDS
	lab=$folder/$celsius
	start_lab "$seed" "$celsius degC" 25
	for kind in "${kinds[@]}"; do
		for board in $(seq "$boards"); do
			lab_board "$kind-$board" "$kind" "" "" ""
		done
	done
	write_lab
	for build_name in O2 Os; do # one after the other: each change of build is a flash
		cat >"$lab/plan.yaml" <<EOF
plan: farm
models: ["$folder/models/*.tflite"]
builds: [$build_name]
clocks: [20 MHz, 26 MHz, 40 MHz, 48 MHz, 80 MHz, 96 MHz, 110 MHz, 120 MHz, 144 MHz, 160 MHz, 216 MHz]
repeats: $repeats
window: 100 ms
idle: 50 ms
attempts: 4
seed: $seed
EOF
		run_lab 7200
		tail -2 "$lab/run.log" >&2
		echo "$celsius degC, $build_name: exit status $status, $((SECONDS - begin)) s: $lab/run.db"
		[ "$status" -eq 0 ] || fail "not all points were measured"
		mv "$lab/truth.jsonl" "$lab/truth-$build_name.jsonl" # each start of the virtual rig begins the log anew
	done
done
