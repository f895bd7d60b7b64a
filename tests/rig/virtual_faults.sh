#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every fault that the virtual rig can inject, by name, each in a small sweep of its own: the bench recovers, or
# refuses for that reason, and never accepts an energy that the truth log does not confirm. What the bench cannot tell
# yet is expected to fail, with the reason; when it can, the mark is to be removed.
#
# usage: virtual_faults.sh [PATTERN]: only the cases whose name matches
source tests/rig/rig.sh

pattern=${1:-.}
points=4
limit=0.005 # of an accepted energy against the truth
seed=21
"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models" >/dev/null
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
set_clock() {
	write_plan "$1" $points
	echo "attempts: 12" >>"$scratch/plan.yaml"
}
set_clock "120 MHz"

# write_faulty_rig BOARD_FAULTS METER_FAULTS FLASH
write_faulty_rig() {
	write_rig $seed
	cat >"$scratch/virtual.yaml" <<YAML
seed: $seed
truth: $scratch/truth.jsonl
meters:
  - {name: ppk2-1, kind: ppk2, listen: "unix:$scratch/m.sock"${2:+, faults: [$2]}}
boards:
  - {name: nucleo-1, part: stm32l4r5, listen: "unix:$scratch/b.sock", supply: ppk2-1, flash: $3${1:+, faults: [$1]}}
YAML
}

run_bench() {
	rm -rf "$scratch/run.db"*
	: >"$scratch/virtual-rig.log"
	start_rig
	status=0
	timeout 60 "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/run.db" \
		>"$scratch/run.out" 2>"$scratch/run.log" || status=$?
	stop_rig
}

# What a case has shown: sets $shown to what is wrong, "" when nothing is.
look() {
	local fault=$1 verdict=$2 reason=$3
	shown=
	grep -q "\"fault\":\"$fault\"" "$scratch/truth.faults.jsonl" || { shown="the fault did not happen"; return; }
	"$build/bin/rig_farm" "$scratch/run.db" "$scratch/truth.jsonl" any $limit >"$scratch/farm.out" ||
		{ shown="accepted, and wrong: $(head -1 "$scratch/farm.out")"; return; }
	case $verdict in
	recovered)
		"$build/bin/rig_rows" "$scratch/run.db" $points ${reason:+"$reason"} >"$scratch/rows.out" ||
			shown="$(tail -1 "$scratch/rows.out"); $(tail -1 "$scratch/run.log")"
		;;
	refused)
		"$build/bin/rig_rows" "$scratch/run.db" any "$reason" >"$scratch/rows.out" || shown=$(tail -1 "$scratch/rows.out")
		[ "$status" -ne 0 ] || shown="exit status 0"
		;;
	esac
}

# tell NAME FAULT VERDICT REASON [WHY]: WHY the bench cannot tell yet.
tell() {
	local why=${5:-}
	look "$2" "$3" "$4"
	# A fault at a moment of virtual time: how far a run gets by then follows the host's speed.
	if [ "$timed" = yes ] && [ "$shown" = "the fault did not happen" ]; then
		echo "not reached: $1: the run was over before its moment"
		return 0
	fi
	injected=$(grep -c "\"fault\":\"$2\"" "$scratch/truth.faults.jsonl" || true)
	if [ -n "$why" ]; then
		[ -n "$shown" ] || { failed+=("$1: passes, though marked: $why"); echo "UNEXPECTED PASS $1"; return 0; }
		echo "expected to fail: $1: $why ($shown)"
	elif [ -n "$shown" ]; then
		failed+=("$1: $shown")
		echo "FAIL $1: $shown"
		tail -5 "$scratch/run.log"
	else
		echo "ok $1: $3${4:+ ($4)}, $injected injected, $(tail -1 "$scratch/farm.out") [$SECONDS s]"
	fi
}

failed=()
timed=no

# Flashed once: the cases start from a board that holds the firmware.
write_faulty_rig "" "" "$scratch/ready.flash"
run_bench
[ "$status" -eq 0 ] || { cat "$scratch/run.log"; fail "without a fault: exit status $status"; }
[ ! -s "$scratch/truth.faults.jsonl" ] || fail "a fault nobody asked for"

# on_board NAME FAULT SETTINGS VERDICT REASON [WHY]; on_meter and on_blank (flash erased) are alike.
on_board() {
	[[ $1 =~ $pattern ]] || return 0
	cp "$scratch/ready.flash" "$scratch/run.flash"
	write_faulty_rig "{fault: $2, $3}" "" "$scratch/run.flash"
	run_bench
	tell "$1" "$2" "$4" "$5" "${6:-}"
}

on_blank() {
	[[ $1 =~ $pattern ]] || return 0
	rm -f "$scratch/run.flash"
	write_faulty_rig "{fault: $2, $3}" "" "$scratch/run.flash"
	run_bench
	tell "$1" "$2" "$4" "$5" "${6:-}"
}

on_meter() {
	[[ $1 =~ $pattern ]] || return 0
	cp "$scratch/ready.flash" "$scratch/run.flash"
	write_faulty_rig "" "{fault: $2, $3}" "$scratch/run.flash"
	run_bench
	tell "$1" "$2" "$4" "$5" "${6:-}"
}

often="probability: 50 %, limit: 2"
once="probability: 50 %, limit: 1"

on_board byte-flip byte-flip "probability: 0.01 %" recovered ""
on_board byte-loss byte-loss "probability: 0.01 %" recovered ""
on_board hang hang "$once" recovered "board nucleo-1: no result"
on_board brown-out brown-out "$once" recovered ""
on_board output-flip output-flip "$often" recovered "output: "
on_board clock-fast clock-error "probability: 1, share: 1.3 %" recovered ""
on_board clock-slow clock-error "probability: 1, share: -1.3 %" recovered ""
timed=yes
on_board clock-drift clock-error "at: 4.1 s, share: 0.6 %, drift: 1 %, for: 1 s" refused "clock: "
timed=no
on_board board-unplugged unplug "$once, for: 1 s" recovered "board nucleo-1"
on_board unplugged-at unplug "at: 1 s, for: 1 s" recovered ""
on_board other-part other-board "at: 0 s, part: stm32l552" refused ""
on_board supply-drop supply-drop "$often, share: 5 %" recovered "supply: "
on_board supply-low supply-drop "$often, share: 1 %" recovered "supply: "
on_board supply-dip supply-drop "$often, share: 10 %, for: 20 ms" recovered "supply: "
on_blank silent-loader silent-loader "probability: 1, limit: 1" recovered ""
on_blank flash-flip flash-flip "probability: 1, limit: 1" recovered ""

# Another board of the same part, from a power cycle in the middle of the run on. Its id gives it away.
timed=yes
if [[ other-board =~ $pattern ]]; then
	cp "$scratch/ready.flash" "$scratch/run.flash"
	write_faulty_rig "{fault: other-board, at: 1.2 s}" "{fault: unplug, at: 1.3 s, for: 300 ms}" "$scratch/run.flash"
	run_bench
	tell other-board other-board refused "board nucleo-1: another board answers: id "
fi

timed=no
for count in 1 63 65; do
	on_meter samples-lost-$count samples-lost "$often, count: $count" recovered "lost: "
done
# Edges are lost with so many samples: either reason is right.
on_meter samples-lost-1000 samples-lost "$often, count: 1000" recovered ""
on_meter samples-lost-64 samples-lost "$often, count: 64" recovered "pace: "
on_meter saturation saturation "$often" recovered "saturated: "
on_meter range-stuck-0 range-stuck "$often, range: 0" refused "saturated: "
on_meter range-stuck-1 range-stuck "$often, range: 1" refused "saturated: "
on_meter range-stuck-2 range-stuck "$often, range: 2" recovered ""
# A current of a few units of the last range's converter.
set_clock "4 MHz"
on_meter range-stuck-4 range-stuck "$often, range: 4" refused "range: "
set_clock "120 MHz"
for line in 0 1; do
	on_meter edge-missing-$line edge-missing "$often, line: $line" recovered "markers: "
	on_meter edge-extra-$line edge-extra "$often, line: $line" recovered "markers: "
	on_meter edge-bounce-$line edge-bounce "$often, line: $line" recovered "markers: "
done
on_meter edge-missing-2 edge-missing "$often, line: 2" recovered ""
on_meter meter-unplugged unplug "$often, for: 1 s" recovered "meter ppk2-1"

# The same seed gives the same faults at the same windows.
if [[ same-seed =~ $pattern ]]; then
	for i in 1 2; do
		write_faulty_rig "" "{fault: samples-lost, probability: 50 %, count: 1}" "$scratch/ready.flash"
		run_bench
		sed 's/"t_ps":[0-9]*,//' "$scratch/truth.faults.jsonl" >"$scratch/faults.$i"
	done
	cmp "$scratch/faults.1" "$scratch/faults.2" || failed+=("same seed, other faults")
fi

for text in "${failed[@]}"; do
	echo "FAIL: $text" >&2
done
[ ${#failed[@]} -eq 0 ] || exit 1
echo "all faults ended as they should, after $SECONDS s"
