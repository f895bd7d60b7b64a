# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the rig tests share. Sourced with the project's root as working directory.
# Each test gets a folder of its own, with a virtual rig of its own: sockets, truth log, seed.
set -euo pipefail

build=$(realpath "${JOULEBENCH_BUILD:-build}")
bench=$build/bin/joulebench
mkdir -p "$build/scratch"
scratch=$(mktemp -d "$build/scratch/rig-XXXXXX")
rig_pid=

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

stop_rig() {
	if [ -n "$rig_pid" ]; then
		kill "$rig_pid" 2>/dev/null || true
		wait "$rig_pid" 2>/dev/null || true
		rig_pid=
	fi
}
trap stop_rig EXIT

# write_rig SEED: the bench's side and the emulated side of one board on one meter.
write_rig() {
	cat >"$scratch/virtual.yaml" <<EOF
seed: $1
truth: $scratch/truth.jsonl
meters:
  - {name: ppk2-1, kind: ppk2, listen: "unix:$scratch/m.sock"}
boards:
  - {name: nucleo-1, part: stm32l4r5, ambient: 21 degC, listen: "unix:$scratch/b.sock", supply: ppk2-1}
EOF
	cat >"$scratch/rig.yaml" <<EOF
rig: test
virtual: true
ambient: 21 degC
meters:
  - {name: ppk2-1, part: $PWD/rigs/parts/ppk2.yaml, link: "rfc2217+unix:$scratch/m.sock", supply: 3.3 V, supply_u: 5 mV}
boards:
  - {name: nucleo-1, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "rfc2217+unix:$scratch/b.sock", meter: ppk2-1}
EOF
}

start_rig() {
	"$build/bin/virtual-rig" "$scratch/virtual.yaml" 2>>"$scratch/virtual-rig.log" &
	rig_pid=$!
	for _ in $(seq 200); do
		grep -q 'virtual-rig: ready' "$scratch/virtual-rig.log" && return
		kill -0 "$rig_pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$scratch/virtual-rig.log" >&2
	fail "the virtual rig did not start"
}

# write_plan CLOCKS REPEATS: over the models in $scratch/models
write_plan() {
	cat >"$scratch/plan.yaml" <<EOF
plan: test
models: ["models/*.tflite"]
clocks: [$1]
repeats: $2
window: 100 ms
idle: 50 ms
EOF
}

# expect STATUS TEXT COMMAND...: the command ends so, and its standard error holds the text.
expect() {
	local status=$1 text=$2 got=0
	shift 2
	"$@" >"$scratch/stdout" 2>"$scratch/stderr" || got=$?
	[ "$got" -eq "$status" ] || { cat "$scratch/stderr" >&2; fail "$*: exit status $got, not $status"; }
	grep -qF -- "$text" "$scratch/stderr" || { cat "$scratch/stderr" >&2; fail "$*: does not say '$text'"; }
}
