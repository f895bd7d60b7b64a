#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# How often the energy that the bench reports lies within the uncertainty that it reports, over many meters that are
# each a little wrong: four kinds of boards, three clock levels each, two ambient temperatures, windows of 1 ms to 2 s.
# The rig files state what the meters' errors are drawn from. Then the same with meters without error: what is left is
# the bench's own.
#
# usage: campaign_coverage.sh [LABS] [SEED] [LOW] [HIGH] [PARTS]: LABS of 8 boards each with a meter of its own, 24
# windows per lab; LOW to HIGH: the share of windows within U that is asked for. The windows of a meter share its errors:
# 5 labs tell the share to some 3 %, and only whether it is far too low; "40 2 0.93 0.97" tells it to 0.8 %. PARTS labs
# besides for each of gain, zero and supply, whose meters are wrong in that alone: z = error / u must have a standard
# deviation of 1 for each, or two wrong figures make up for each other.
source tests/rig/campaign_lab.sh

labs=${1:-5} seed=${2:-1} low=${3:-0.88} high=${4:-1} parts=${5:-0}
windows=("1 ms" "10 ms" "100 ms" "500 ms" "2 s")
pace=${JOULEBENCH_PACE:-10}
# Clock levels that give each kind of board one.
clocks=("10 MHz, 16 MHz" "26 MHz, 40 MHz, 96 MHz" "fastest")

mkdir -p "$scratch/models"
"$build/bin/rig_tiny_model" "$scratch/models/tiny.tflite"
sockets=$scratch
flash_kinds

if ! { lab=$scratch/ready; lab_plan fastest 1 "1 ms" 1 1; "$bench" check "$lab/rig.yaml" "$lab/plan.yaml" >"$lab/check.txt" 2>&1; }; then
	echo "not tried: windows of 1 ms: $(cat "$lab/check.txt")"
	windows=("${windows[@]:1}")
fi

# measure NAME SEED AMBIENT LEVEL WINDOW METER_KEYS: one window of each of 8 boards.
measure() {
	local kind i=0
	lab=$scratch/$1
	start_lab "$2" "$3" "$pace"
	for kind in "${kinds[@]}" "${kinds[@]}"; do
		i=$((i + 1))
		lab_board "$kind-$i" "$kind" "$6" ""
	done
	write_lab
	lab_plan "${clocks[$4]}" 1 "$5" 6 "$2"
	run_lab 300
	rm -f "$lab"/*.flash
	[ "$status" -eq 0 ] || echo "$1: exit status $status: $(tail -1 "$lab/run.log")"
}

# campaign PREFIX LABS METER_KEYS: into $folders. The ambient changes from lab to lab, the window from run to run.
campaign() {
	local n level turn=0 begin=$SECONDS ambient
	folders=()
	for n in $(seq "$2"); do
		ambient="21 degC"
		[ $((n % 2)) -eq 1 ] || ambient="43 degC"
		for level in 0 1 2; do
			measure "$1-$n-$level" $((seed * 1000 + n)) "$ambient" "$level" "${windows[turn % ${#windows[@]}]}" "$3"
			folders+=("$lab")
			turn=$((turn + 1))
		done
	done
	echo "$1: $((SECONDS - begin)) s"
}

lab=$scratch/misspelt
start_lab 1 "21 degC" "$pace"
lab_board l4r5 l4r5 "calibration: idea" ""
write_lab
expect 2 'calibration: "idea" is neither drawn nor ideal, nor one of gain, zero and supply' "$build/bin/virtual-rig" check "$lab/virtual.yaml"

wrong=0
campaign drawn "$labs" ""
echo "Meters as they are drawn, $((labs * 8)) of them, each range with a gain and a zero of its own:"
"$build/bin/rig_coverage" covered $((labs * 23)) "$low" "$high" "${folders[@]}" || wrong=1
for part in gain zero supply; do
	[ "$parts" -gt 0 ] || break
	campaign "$part" "$parts" "calibration: $part"
	"$build/bin/rig_coverage" "$part" 1 0.9 1.1 "${folders[@]}" || wrong=1
done
campaign ideal 5 "calibration: ideal" # each window at each level
echo "Meters without error:"
"$build/bin/rig_coverage" ideal 1 0.0005 0.005 "${folders[@]}" || wrong=1
[ "$wrong" -eq 0 ] || fail "see above"
