# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the guest's scripts share. Sourced with the project's root as working directory; everything is written to $work, in memory.
set -euo pipefail
[ -n "${JOULEBENCH_GUEST:-}" ] || { echo "SKIPPED: runs in the guest of tests/kernel/boot.sh alone"; exit 77; }

build=$JOULEBENCH_BUILD
bench=$build/bin/joulebench
work=/run/lab
mkdir -p "$work"

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# until_true SECONDS COMMAND...
until_true() {
	local tries=$(($1 * 50))
	shift
	for _ in $(seq "$tries"); do
		"$@" && return
		sleep 0.02
	done
	return 1
}

# start_lab: the virtual rig of $work/virtual.yaml.
start_lab() {
	"$build/bin/virtual-rig" "$work/virtual.yaml" 2>"$work/log" &
	lab=$!
	until_true 10 grep -q 'virtual-rig: ready' "$work/log" || fail "the virtual rig does not start: $(cat "$work/log")"
}

# plug NAME: into the kernel; prints its port and bus id.
plug() {
	"$build/bin/kernel_attach" "$work/$1" "$1" || fail "$1 cannot be plugged in: $(cat "$work/log")"
}

# tty_of BUSID: the serial port that the kernel made of it.
tty_of() {
	local folder=/sys/bus/usb/devices/$1:1.0/tty
	until_true 5 test -d "$folder" || fail "no serial port of $1"
	echo "/dev/$(ls "$folder")"
}

# i2c_of BUSID: the I2C bus that the kernel made of it.
i2c_of() {
	local bus
	until_true 5 sh -c "ls -d /sys/bus/usb/devices/$1:1.0/i2c-* >/dev/null 2>&1" || fail "no I2C bus of $1"
	bus=$(ls -d "/sys/bus/usb/devices/$1:1.0/i2c-"*)
	echo "/dev/${bus##*/}"
}

# expect STATUS COMMAND...: the command ends so; its output is in $work/out.
expect() {
	local status=$1 got=0
	shift
	"$@" >"$work/out" 2>&1 || got=$?
	[ "$got" -eq "$status" ] || { cat "$work/out"; fail "$*: exit status $got, not $status"; }
}

# says TEXT...: the last command said each of them.
says() {
	local text
	for text; do
		grep -qF -- "$text" "$work/out" || { cat "$work/out"; fail "does not say '$text'"; }
	done
}

# make_chip NAME LINES: a chip of gpio-sim; prints its folder in sysfs, whose name is the character device's.
make_chip() {
	local folder=/sys/kernel/config/gpio-sim/$1
	mkdir "$folder" "$folder/bank0"
	echo "$2" >"$folder/bank0/num_lines"
	echo 1 >"$folder/live"
	echo "/sys/devices/platform/$(cat "$folder/dev_name")/$(cat "$folder/bank0/chip_name")"
}
