#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What goes wrong at night: a rig that dies, or hangs, or is taken; an operator's Ctrl-C; lines that damage
# bytes and lose samples. Each ends within its time, with whole rows and no wrong number.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
points=24
write_rig 9
write_plan "120 MHz" $points
rig_file=$scratch/rig.yaml
client=
noise=

stop_all() {
	[ -z "$client" ] || kill -KILL "$client" 2>/dev/null || true
	[ -z "$noise" ] || kill -KILL "$noise" 2>/dev/null || true
	[ -z "$rig_pid" ] || kill -CONT "$rig_pid" 2>/dev/null || true
	stop_rig
}
trap stop_all EXIT

restart_rig() {
	stop_rig
	rm -f "$scratch/virtual-rig.log"
	start_rig
}

# start DB: a run in the background. finish SECONDS: waits for its end, which is $status then.
start() {
	"$bench" run "$scratch/plan.yaml" --rig "$rig_file" --db "$scratch/$1.db" --json \
		>"$scratch/$1.json" 2>"$scratch/$1.log" &
	client=$!
}

finish() {
	local end=$((SECONDS + $1))
	while kill -0 "$client" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || fail "$test: not over after $1 s"
		sleep 0.1
	done
	status=0
	wait "$client" || status=$?
	client=
}

# wait_windows BEFORE MORE: until the truth log holds MORE windows than the BEFORE there were.
wait_windows() {
	local count=0 before=$1 more=$2 end=$((SECONDS + 60))
	while [ "$count" -lt $((before + more)) ]; do
		[ "$SECONDS" -lt "$end" ] || fail "$test: no windows"
		kill -0 "$client" 2>/dev/null || { cat "$scratch"/*.log >&2; fail "$test: joulebench ended too early"; }
		sleep 0.05
		count=$(wc -l <"$scratch/truth.jsonl")
	done
}

# wait_handler: until the client catches SIGTERM (signal 15): at first the shell's child is not even joulebench.
wait_handler() {
	local caught end=$((SECONDS + 10))
	while caught=$(sed -n 's/^SigCgt:\t//p' "/proc/$client/status") &&
		{ [ "$(cat "/proc/$client/comm")" != joulebench ] || [ $((0x$caught >> 14 & 1)) -eq 0 ]; }; do
		[ "$SECONDS" -lt "$end" ] || fail "$test: SIGTERM is not caught"
		sleep 0.01
	done
}

expect_status() {
	[ "$status" -eq "$1" ] || { cat "$scratch/$2.log" >&2; fail "$test: exit status $status, not $1"; }
}

says() {
	grep -qE -- "$2" "$scratch/$1.log" || { cat "$scratch/$1.log" >&2; fail "$test: does not say '$2'"; }
}

agree() {
	"$build/bin/rig_truth" "$scratch/$1.db" "$scratch/truth.jsonl" $points 0.005
}

begin() {
	test=$1
	echo "--- $test (after $SECONDS s)"
}

begin "the rig dies"
start_rig
start dies
wait_windows 0 6
kill -KILL "$rig_pid"
wait "$rig_pid" 2>/dev/null || true
rig_pid=
finish 60
[ "$status" -eq 3 ] || [ "$status" -eq 4 ] || fail "$test: exit status $status"
says dies "points are open: .*(closed the connection|connect to)"
says dies "given up: .*m.sock: Connection refused"
"$build/bin/rig_rows" "$scratch/dies.db" any
restart_rig
start dies
finish 60
expect_status 0 dies
"$build/bin/rig_rows" "$scratch/dies.db" $points

begin "the rig hangs for 8 s"
restart_rig
start hangs
wait_windows 0 6
kill -STOP "$rig_pid"
sleep 8
kill -CONT "$rig_pid"
finish 60
expect_status 0 hangs
"$build/bin/rig_rows" "$scratch/hangs.db" $points ""
agree hangs

begin "Ctrl-C"
restart_rig
for signal in INT TERM HUP; do
	start interrupted
	wait_windows "$(wc -l <"$scratch/truth.jsonl")" 3
	kill -$signal "$client"
	finish 15
	expect_status 130 interrupted
	says interrupted "interrupted; run again to resume"
done
for delay in 0 0.1 0.3 0.6 1; do # while devices are opened and the board prepared
	start early
	wait_handler
	sleep $delay
	kill -TERM "$client"
	finish 15
	expect_status 130 early
done
"$build/bin/rig_rows" "$scratch/early.db" any
"$build/bin/rig_rows" "$scratch/interrupted.db" any
start interrupted
finish 60
expect_status 0 interrupted
"$build/bin/rig_rows" "$scratch/interrupted.db" $points
agree interrupted

begin "a second joulebench on the same rig"
restart_rig
start first
wait_windows 0 2
expect 3 "m.sock: somebody else holds the port" timeout 20 \
	"$bench" run "$scratch/plan.yaml" --rig "$rig_file" --db "$scratch/second.db"
kill -0 "$client" || fail "$test: the first was over already"
finish 60
expect_status 0 first
grep -q '"attempts_failed": 0' "$scratch/first.json" || fail "$test: the first was disturbed"
"$build/bin/rig_rows" "$scratch/first.db" $points
agree first

# start_noise SOCKET ARGUMENTS...: puts a bad line before b.sock or m.sock
start_noise() {
	local socket=$scratch/$1.sock
	shift
	rm -f "$scratch/noise.sock"
	"$build/bin/rig_noise" "$scratch/noise.sock" "$socket" "$@" >"$scratch/noise.log" &
	noise=$!
	sed "s#$socket#$scratch/noise.sock#" "$scratch/rig.yaml" >"$scratch/noise.yaml"
	rig_file=$scratch/noise.yaml
	for _ in $(seq 100); do
		[ -S "$scratch/noise.sock" ] && return
		sleep 0.02
	done
	fail "$test: no bad line"
}

stop_noise() {
	kill -TERM "$noise"
	wait "$noise" || { cat "$scratch/noise.log"; fail "$test: the line was not bad"; }
	noise=
	cat "$scratch/noise.log"
}

sed -i 's/repeats: .*/&\nattempts: 20/' "$scratch/plan.yaml"

begin "a board's line that damages bytes"
restart_rig
start_noise b bytes 3 5000
start bytes
finish 90
stop_noise
expect_status 0 bytes
"$build/bin/rig_rows" "$scratch/bytes.db" $points
agree bytes

begin "a meter's line that loses samples"
restart_rig
start_noise m samples 4 15000 1
start samples
finish 90
stop_noise
expect_status 0 samples
"$build/bin/rig_rows" "$scratch/samples.db" $points "lost: "
agree samples

begin "a meter's line that loses 64 samples at a time, which its counter does not show"
restart_rig
start_noise m samples 5 15000 64
start unseen
finish 90
stop_noise
expect_status 0 unseen
"$build/bin/rig_rows" "$scratch/unseen.db" $points "pace: "
agree unseen

echo "all faults ended as they should, after $SECONDS s"
