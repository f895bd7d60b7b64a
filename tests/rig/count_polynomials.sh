#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Tables of polynomials (joulebench count --identify, --counts) against simulation: a small table for each board,
# held-out generated models; what a table calls exact must be equal in every counter, the rest within its bounds.
# COUNT_NETWORKS: networks to identify from; with 48 every kernel of the boards is in the table, in minutes.
# COUNT_TABLES: a folder with BOARD.json, used instead of making tables.
source tests/rig/rig.sh

networks=${COUNT_NETWORKS:-10}
boards=${COUNT_BOARDS:-"nucleo-l4r5zi nucleo-f767zi nucleo-l552ze-q esp32-c3-devkitm-1"}
"$bench" models generate --space ds-cnn --count 3 --seed 77 --out "$scratch/models"

for board in $boards; do
	table=${COUNT_TABLES:-$scratch}/$board.json
	[ -f "$table" ] || "$bench" count --identify --board "$board" --clock slowest --networks "$networks" --out "$table" >"$scratch/$board.txt"
	for model in "$scratch"/models/*.tflite ${COUNT_MODELS:-}; do
		"$bench" count "$model" --board "$board" --clock slowest --json >"$scratch/simulated.json"
		"$bench" count "$model" --counts "$table" --partial --json >"$scratch/counted.json"
		echo -n "$board: "
		"$build/bin/rig_polynomials" "$scratch/simulated.json" "$scratch/counted.json" || fail "$board, $model: the table contradicts simulation"
	done
done

board=${boards%% *}
table=${COUNT_TABLES:-$scratch}/$board.json
expect 2 "is a table of $board, not of no-such-board" "$bench" count "$scratch/models/ds-cnn-000.tflite" --counts "$table" --board no-such-board
expect 2 "the table has no clock level" "$bench" count "$scratch/models/ds-cnn-000.tflite" --counts "$table" --clock "26 MHz"
sed 's/"portable.softmax"/"portable.no_such"/' "$table" >"$scratch/broken.json"
expect 2 "kernel 'portable.no_such' is unknown" "$bench" count "$scratch/models/ds-cnn-000.tflite" --counts "$scratch/broken.json"
head -c 1000 "$table" >"$scratch/broken.json"
expect 2 "broken.json:" "$bench" count "$scratch/models/ds-cnn-000.tflite" --counts "$scratch/broken.json"
