#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Many windows under faults: short runs over the four kinds of boards, each board with a fault of its own, or two of
# them, drawn with its probability and settings from the seed. Whatever happens, no accepted energy may be off by more
# than three times its expanded uncertainty (k = 2). Prints what became of the windows, fault by fault.
#
# usage: campaign.sh [WINDOWS] [SEED] [FOLDER]: FOLDER keeps the runs; the same again goes on where it stopped
source tests/rig/campaign_lab.sh

windows=${1:-150} seed=${2:-1} folder=${3:-$scratch/campaign}
pace=${JOULEBENCH_PACE:-10}
faults=(byte-flip byte-loss hang brown-out supply-drop silent-loader flash-flip output-flip clock-error other-board unplug
	samples-lost range-stuck saturation edge-missing edge-extra edge-bounce)
lengths=("10 ms" "30 ms" "100 ms")
clocks=("10 MHz, 16 MHz, fastest" "26 MHz, 40 MHz, 96 MHz, fastest")

mkdir -p "$scratch/models" "$folder"
"$build/bin/rig_tiny_model" "$scratch/models/tiny.tflite"
"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models" >/dev/null
models=("$scratch/models/tiny.tflite" "$scratch/models/ds-cnn-001.tflite")
sockets=$scratch
flash_kinds

# draw WORD...: sets $drawn to one of them.
draw() {
	local words=("$@")
	drawn=${words[RANDOM % ${#words[@]}]}
}

# draw_fault NAME: sets $fault to an entry of a faults list of a board of $kind, and $place to board or meter.
draw_fault() {
	local chance settings=
	draw "10 %" "20 %" "40 %" "60 %"
	chance="probability: $drawn"
	draw 1 2 3
	chance+=", limit: $drawn"
	place=board
	case $1 in
	byte-flip | byte-loss)
		draw 0.01 0.02 0.05
		chance="probability: $drawn %"
		;;
	brown-out)
		draw "for: 100 us" "for: 1 ms" "for: 10 ms"
		settings=", $drawn"
		draw 0 1 1.6 2
		settings+=", voltage: $drawn V"
		;;
	supply-drop) # a board's readings show a lasting one of 1 %, its capacitors a short one of some 2 %
		draw "2.5 %, for: 20 ms" "3 %, for: 20 ms" "5 %, for: 20 ms" "10 %, for: 20 ms" \
			"1 %, for: 0 s" "2.5 %, for: 0 s" "5 %, for: 0 s" "10 %, for: 0 s"
		# The ESP32-C3 cannot read its supply: a lasting drop that begins while the meter does not stream leaves
		# no trace at all.
		[ "$kind" != c3 ] || drawn=${drawn/0 s/20 ms}
		[ "$kind" != c3 ] || drawn=${drawn/#1 %/2.5 %}
		settings=", share: $drawn"
		;;
	silent-loader | flash-flip) chance="probability: 90 %, limit: 2" ;;
	output-flip)
		draw 16 256 4096
		settings=", count: $drawn"
		;;
	clock-error)
		chance="probability: 80 %"
		draw "1.3 %" "-1.3 %" "0.4 %" "-0.4 %" "0.1 %"
		settings=", share: $drawn"
		draw "0" "0.2 %" "-0.2 %" "0.02 %"
		settings+=", drift: $drawn"
		;;
	other-board) chance="probability: 50 %, limit: 1" ;;
	unplug)
		draw board meter
		place=$drawn
		chance="probability: 20 %, limit: 2"
		draw "for: 200 ms" "for: 1 s"
		settings=", $drawn"
		;;
	samples-lost)
		draw 1 2 10 63 64 65 128 1000
		settings=", count: $drawn"
		;;
	range-stuck)
		settings=", range: $((RANDOM % 5))"
		draw "for: 0 s" "for: 3 ms" "for: 30 ms"
		settings+=", $drawn"
		;;
	saturation)
		draw 1 3 10 100
		settings=", count: $drawn"
		;;
	edge-missing) settings=", line: $((RANDOM % 3))" ;;
	edge-extra)
		draw "for: 10 us" "for: 30 us" "for: 300 us" "for: 5 ms"
		settings=", line: $((RANDOM % 3)), $drawn"
		;;
	edge-bounce)
		draw 2 3 6 20
		settings=", line: $((RANDOM % 3)), count: $drawn"
		;;
	esac
	case $1 in
	samples-lost | range-stuck | saturation | edge-*) place=meter ;;
	esac
	case $1 in # at any moment of the window, and now and then past its end
	hang | brown-out | supply-drop | unplug | samples-lost | range-stuck | saturation | edge-*) settings+=", within: $length" ;;
	esac
	fault="{fault: $1, $chance$settings}"
}

# A board under one fault, or under two that do not hide each other's windows.
add_board() {
	local kind=$1 label=$2 first=$3 second=${4:-} board_faults= meter_faults= name
	for name in $first $second; do
		draw_fault "$name"
		if [ "$place" = board ]; then
			board_faults+="${board_faults:+, }$fault"
		else
			meter_faults+="${meter_faults:+, }$fault"
		fi
	done
	lab_board "$kind" "$kind" "${meter_faults:+faults: [$meter_faults]}" "${board_faults:+faults: [$board_faults]}"
	case " $first $second " in # the loader is not asked for where the firmware is there
	*" silent-loader "* | *" flash-flip "*) rm -f "$lab/$kind.flash" ;;
	esac
	echo "$kind $label $board_faults${board_faults:+${meter_faults:+, }}$meter_faults" >>"$lab/faults.txt"
}

# run_number N: one short run; the boards take the faults in turn.
run_number() {
	local n=$1 kind turn at
	lab=$folder/run-$n
	rm -rf "$lab"
	RANDOM=$(((seed * 7919 + n) % 32768))
	draw "${lengths[@]}"
	length=$drawn
	start_lab $((seed * 100000 + n)) "21 degC" "$pace"
	for turn in 0 1 2 3; do
		kind=${kinds[turn]}
		at=$(((n * 4 + turn * 5 + n / 18) % 18))
		if [ "$at" -lt 17 ]; then
			add_board "$kind" "${faults[at]}" "${faults[at]}"
		else
			add_board "$kind" "two" "${faults[RANDOM % 17]}" "${faults[RANDOM % 17]}"
		fi
	done
	write_lab
	draw "${clocks[@]}"
	lab_plan "$drawn" 8 "$length" 12 "$n" "${models[n % 2]}"
	run_lab 600 # of the host, which may be busy
	echo "$status" >"$lab/status"
	rm -f "$lab"/*.flash
	[ -r "$lab/run.db" ] || { tail -3 "$lab/run.log" >&2; fail "run $n: no database"; }
	[ "$status" -lt 124 ] && [ "$status" -ne 2 ] || { tail -3 "$lab/run.log" >&2; fail "run $n: exit status $status"; }
	touch "$lab/done"
}

n=0 count=0
folders=()
while [ "$count" -lt "$windows" ]; do
	n=$((n + 1))
	[ -e "$folder/run-$n/done" ] || run_number "$n"
	folders+=("$folder/run-$n")
	count=$("$build/bin/rig_campaign" count "${folders[@]}")
done
echo "$n runs in $SECONDS s, seed $seed"
"$build/bin/rig_campaign" table "${folders[@]}" || fail "seed $seed: see above"
