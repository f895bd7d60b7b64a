#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A sweep with faults is recorded; then there is no rig any more, and the recording alone makes the same database, byte
# for byte, but for row numbers and the time of the session itself. Recordings of interrupted, killed and resumed
# sessions likewise; anything else than what was recorded is an error that says what differs.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models"
write_plan "26 MHz, 120 MHz" 2
sed -i 's/repeats: .*/&\nattempts: 12\nlayers: on/' "$scratch/plan.yaml"

# Two boards: one's meter loses samples, the other is unplugged at times and has to be opened anew.
{
	cat <<EOF
seed: 3
truth: $scratch/truth.jsonl
meters:
  - {name: ppk2-1, kind: ppk2, listen: "unix:$scratch/m1.sock", faults: [{fault: samples-lost, probability: 50 %, count: 1}]}
  - {name: ppk2-2, kind: ppk2, listen: "unix:$scratch/m2.sock"}
boards:
  - {name: one, part: stm32l4r5, listen: "unix:$scratch/b1.sock", supply: ppk2-1}
  - {name: two, part: stm32l4r5, listen: "unix:$scratch/b2.sock", supply: ppk2-2, faults: [{fault: unplug, at: 6 s, for: 1 s}]}
EOF
} >"$scratch/virtual.yaml"
{
	echo "rig: test"
	echo "virtual: true"
	echo "ambient: 21 degC"
	echo "record: kept"
	echo "meters:"
	for i in 1 2; do
		echo "  - {name: ppk2-$i, part: $PWD/rigs/parts/ppk2.yaml, link: \"rfc2217+unix:$scratch/m$i.sock\", supply: 3.3 V, supply_u: 5 mV}"
	done
	echo "boards:"
	echo "  - {name: one, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: \"rfc2217+unix:$scratch/b1.sock\", meter: ppk2-1}"
	echo "  - {name: two, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: \"rfc2217+unix:$scratch/b2.sock\", meter: ppk2-2}"
} >"$scratch/rig.yaml"
points=16
run=("$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml")
client=
stop_all() {
	[ -z "$client" ] || kill -KILL "$client" 2>/dev/null || true
	stop_rig
}
trap stop_all EXIT

dump() {
	"$build/bin/rig_dump" "$@"
}

# start DB FOLDER: a recorded run in the background. wait_rows DB COUNT: until it has stored so many.
start() {
	"${run[@]}" --db "$scratch/$1.db" --record "$scratch/$2" >/dev/null 2>"$scratch/$2.log" &
	client=$!
}
wait_rows() {
	for _ in $(seq 1200); do
		[ "$(dump "$scratch/$1.db" 2>/dev/null | grep -c '^measurement')" -ge "$2" ] && return
		kill -0 "$client" 2>/dev/null || { cat "$scratch"/*.log >&2; fail "$1: the run ended too early"; }
		sleep 0.05
	done
	fail "$1: no rows"
}
finish() {
	status=0
	wait "$client" || status=$?
	client=
	[ "$status" -eq "$1" ] || { cat "$scratch"/*.log >&2; fail "exit status $status, not $1"; }
}

# replay STATUS DB FOLDER: without any rig
replay() {
	local got=0
	"${run[@]}" --db "$scratch/$2.db" --replay "$scratch/$3" >"$scratch/$2.out" 2>"$scratch/$2.log" || got=$?
	[ "$got" -eq "$1" ] || { cat "$scratch/$2.log" >&2; fail "replay of $3: exit status $got, not $1"; }
	grep -q "a replay: no device is touched, everything comes from $scratch/$3" "$scratch/$2.log" ||
		fail "replay of $3: does not say that it is one"
}

echo "--- recorded (after $SECONDS s)"
start_rig
"${run[@]}" --db "$scratch/whole.db" --record "$scratch/whole" 2>"$scratch/whole.log"
"$build/bin/rig_rows" "$scratch/whole.db" $points "lost: "
"$build/bin/rig_rows" "$scratch/whole.db" $points "board two: "
expect 2 "whole/one.link is there: a recording is never overwritten" "${run[@]}" --db "$scratch/other.db" --record "$scratch/whole"

echo "--- interrupted, killed, resumed (after $SECONDS s)"
start interrupted interrupted
wait_rows interrupted 4
kill -INT "$client"
finish 130
start killed killed
wait_rows killed 4
kill -KILL "$client"
wait "$client" 2>/dev/null || true
"${run[@]}" --db "$scratch/killed.db" >/dev/null 2>"$scratch/resumed.log" # recorded because the rig says so
grep -q "recording the links to $scratch/kept/" "$scratch/resumed.log" || fail "the rig's record: is not heeded"
kill -KILL "$rig_pid"
wait "$rig_pid" 2>/dev/null || true
rig_pid=
rm -f "$scratch"/*.sock

echo "--- replayed (after $SECONDS s)"
begin=$SECONDS
replay 0 replayed whole
echo "replayed $(dump "$scratch/whole.db" | grep -c '^measurement') windows in at most $((SECONDS - begin + 1)) s"
cmp <(dump "$scratch/whole.db") <(dump "$scratch/replayed.db") || fail "a replay makes another database"
replay 130 interrupted-again interrupted
cmp <(dump "$scratch/interrupted.db") <(dump "$scratch/interrupted-again.db") || fail "interrupted: another database"
replay 4 killed-again killed
grep -q "killed/.*link: cut at byte" "$scratch/killed-again.log" || fail "killed: does not say where the recording ends"
dump "$scratch/killed.db" 1 | grep '^measurement' | sort >"$scratch/before"
dump "$scratch/killed-again.db" | grep '^measurement' | sort >"$scratch/after"
[ -z "$(comm -23 "$scratch/before" "$scratch/after")" ] || fail "killed: a stored row is not replayed"
[ "$(comm -13 "$scratch/before" "$scratch/after" | wc -l)" -le 2 ] || fail "killed: rows that were never there"
replay 0 resumed-again "kept/$(ls "$scratch/kept")"
cmp <(dump "$scratch/killed.db" 2) <(dump "$scratch/resumed-again.db") || fail "resumed: another database"

echo "--- replayed with something else (after $SECONDS s)"
sed 's/window: .*/window: 200 ms/' "$scratch/plan.yaml" >"$scratch/other-plan.yaml"
other=("$bench" run "$scratch/other-plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/none.db")
expect 2 "whole/manifest.json: recorded with another plan.window_s: 0.1" "${other[@]}" --replay "$scratch/whole"
expect 2 "nowhere/manifest.json: No such file" "${run[@]}" --db "$scratch/none.db" --replay "$scratch/nowhere"
expect 2 "replayed.db is there: --replay makes a new database" "${run[@]}" --db "$scratch/replayed.db" --replay "$scratch/whole"
expect 2 "--record and --replay exclude each other" "${run[@]}" --db "$scratch/none.db" --record "$scratch/x" --replay "$scratch/whole"
[ ! -e "$scratch/none.db" ] || fail "a refused replay leaves a database"

# The links of the other meter, and a damaged one.
cp -r "$scratch/whole" "$scratch/mixed"
cp "$scratch/whole/ppk2-2.link" "$scratch/mixed/ppk2-1.link"
expect 3 "mixed/ppk2-1.link: record 1: expected opening rfc2217+unix:$scratch/m2.sock" "${run[@]}" --db "$scratch/mixed.db" --replay "$scratch/mixed"
dump "$scratch/mixed.db" | grep '^measurement' | grep -q '| board one |' && fail "a row from a replay that differs"
cp -r "$scratch/whole" "$scratch/damaged"
printf 'x' | dd of="$scratch/damaged/two.link" bs=1 seek=150000 conv=notrunc status=none
expect 3 "damaged/two.link: damaged in the chunk" "${run[@]}" --db "$scratch/damaged.db" --replay "$scratch/damaged"
echo "replays equal what was recorded, after $SECONDS s"
