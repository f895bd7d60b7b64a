# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the campaigns share: labs of the four kinds of boards, each board fed by a meter of its own. Sourced with the
# project's root as working directory.
source tests/rig/rig.sh

kinds=(l4r5 f767 l552 c3)
declare -A chips=([l4r5]=stm32l4r5 [f767]=stm32f767 [l552]=stm32l552 [c3]=esp32c3)
declare -A parts=([l4r5]=nucleo-l4r5zi [f767]=nucleo-f767zi [l552]=nucleo-l552ze-q [c3]=esp32-c3-devkitm-1)

# What rigs/virtual/meters/ppk2*.c draw a meter's errors from, as standard uncertainties: gain, normal; the supply's
# gain, rectangular +-0.08 % of 3.3 V. Zeros are left to the driver. Meters stand in the room, whatever the boards'
# temperature.
gain_u="0.05 %"
supply_u="1.5242 mV"
room="23 degC"

# start_lab SEED AMBIENT PACE: begins $lab/virtual.yaml and $lab/rig.yaml; boards and meters are added by lab_board.
start_lab() {
	mkdir -p "$lab"
	lab_boards=()
	lab_meters=()
	rig_boards=()
	rig_meters=()
	lab_head="seed: $1"$'\n'"pace: $3"$'\n'"truth: $lab/truth.jsonl"
	rig_head="rig: campaign"$'\n'"virtual: true"$'\n'"ambient: $2"
	lab_ambient=$2
}

# lab_board NAME KIND METER_KEYS BOARD_KEYS: the keys are YAML, or empty.
lab_board() {
	local name=$1 kind=$2 meter_keys=$3 board_keys=$4
	lab_meters+=("  - {name: m-$name, kind: ppk2, listen: \"unix:$sockets/m-$name\"${meter_keys:+, $meter_keys}}")
	lab_boards+=("  - {name: $name, part: ${chips[$kind]}, ambient: $lab_ambient, listen: \"unix:$sockets/$name\", supply: m-$name, flash: $lab/$name.flash${board_keys:+, $board_keys}}")
	rig_meters+=("  - {name: m-$name, part: $PWD/rigs/parts/ppk2.yaml, link: \"rfc2217+unix:$sockets/m-$name\", supply: 3.3 V, supply_u: $supply_u, gain_u: $gain_u, ambient: $room}")
	rig_boards+=("  - {name: $name, part: $PWD/rigs/parts/${parts[$kind]}.yaml, link: \"rfc2217+unix:$sockets/$name\", meter: m-$name}")
	[ ! -r "$scratch/$kind.flash" ] || cp "$scratch/$kind.flash" "$lab/$name.flash"
}

write_lab() {
	{
		echo "$lab_head"
		echo "meters:"
		printf '%s\n' "${lab_meters[@]}"
		echo "boards:"
		printf '%s\n' "${lab_boards[@]}"
	} >"$lab/virtual.yaml"
	{
		echo "$rig_head"
		echo "meters:"
		printf '%s\n' "${rig_meters[@]}"
		echo "boards:"
		printf '%s\n' "${rig_boards[@]}"
	} >"$lab/rig.yaml"
}

# lab_plan CLOCKS REPEATS WINDOW ATTEMPTS SEED [MODEL]
lab_plan() {
	cat >"$lab/plan.yaml" <<EOF
plan: campaign
models: ["${6:-$scratch/models/tiny.tflite}"]
clocks: [$1]
repeats: $2
window: $3
idle: 50 ms
attempts: $4
seed: $5
EOF
}

# run_lab LIMIT_S: the plan beside the rig, into $lab/run.db; bench's status in $status.
run_lab() {
	status=0
	timeout -k 10 "$1" "$build/bin/virtual-rig" "$lab/virtual.yaml" -- "$bench" run "$lab/plan.yaml" --rig "$lab/rig.yaml" \
		--db "$lab/run.db" >"$lab/run.out" 2>"$lab/run.log" || status=$?
}

# Flashes one board of each kind, so that the labs start from boards that hold the firmware.
flash_kinds() {
	lab=$scratch/ready
	start_lab 1 "21 degC" 25
	for kind in "${kinds[@]}"; do
		lab_board "$kind" "$kind" "" ""
	done
	write_lab
	lab_plan "fastest" 1 "20 ms" 3 1
	run_lab 120
	[ "$status" -eq 0 ] || { tail -20 "$lab/run.log" >&2; fail "the boards could not be flashed"; }
	for kind in "${kinds[@]}"; do
		mv "$lab/$kind.flash" "$scratch/$kind.flash"
	done
}
