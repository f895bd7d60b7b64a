#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two boards in a thermal chamber, one plan, two temperatures: rows carry them and what the chamber read, the chamber is
# set once for each, a board that leaks takes more when it is warm. A chamber that does not get there, or goes away,
# leaves its points open, with rows that say why; a session that is interrupted while it waits goes on where it was.
# All of these sessions are recorded; then there is no rig and no chamber any more, and the recordings alone make the same
# rows, byte for byte.
source tests/rig/rig.sh

"$bench" models generate --space mlp --count 1 --seed 3 --out "$scratch/models"

# oven SLEW: the lines of a chamber in a virtual lab
oven() {
	echo "devices:"
	echo "  - {name: oven, kind: chamber, listen: \"tcp:127.0.0.1:0\", ambient: 21 degC, slew: $1, overshoot: 3 K," \
		"settle: 1 s, log: $scratch/oven.jsonl}"
}

# boards KEY: two of them, one leaks; KEY says where they are
boards() {
	cat <<EOF
meters:
  - {name: ppk2-1, kind: ppk2, listen: "unix:$scratch/m1.sock"}
  - {name: ppk2-2, kind: ppk2, listen: "unix:$scratch/m2.sock"}
boards:
  - {name: leaky, part: stm32l4r5, $1, leakage: 30, listen: "unix:$scratch/b1.sock", supply: ppk2-1, flash: $scratch/b1.flash}
  - {name: tight, part: stm32l4r5, $1, listen: "unix:$scratch/b2.sock", supply: ppk2-2, flash: $scratch/b2.flash}
EOF
}

# port_of LOG: where the lab's chamber listens
port_of() {
	sed -n 's/^virtual-rig: oven: tcp:.*:\([0-9]*\)$/\1/p' "$1" | tail -n 1
}

# write_bench PORT TIMEOUT [SETTLE]: the bench's side
write_bench() {
	cat >"$scratch/rig.yaml" <<EOF
rig: test
virtual: true
ambient: 23 degC
chamber: {uri: "scpi:tcp://127.0.0.1:$1", band: 0.5 K, settle: ${3:-4 s}, timeout: $2, min: 0 degC, max: 60 degC, rest: 25 degC}
meters:
  - {name: ppk2-1, part: $PWD/rigs/parts/ppk2.yaml, link: "rfc2217+unix:$scratch/m1.sock", supply: 3.3 V, supply_u: 5 mV}
  - {name: ppk2-2, part: $PWD/rigs/parts/ppk2.yaml, link: "rfc2217+unix:$scratch/m2.sock", supply: 3.3 V, supply_u: 5 mV}
boards:
  - {name: leaky, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "rfc2217+unix:$scratch/b1.sock", meter: ppk2-1}
  - {name: tight, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "rfc2217+unix:$scratch/b2.sock", meter: ppk2-2}
EOF
}

# slew KELVIN_PER_MINUTE: of the chamber; when the bench does not hold it
slew() {
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf 'SOUR:TEMP:SLEW %s\n*OPC?\n' "$1" >&3
	read -r -t 5 _ <&3
	exec 3>&-
}

# expect_targets TEXT: the set points that the chamber was given
expect_targets() {
	local given
	given=$(sed -n 's/.*"target_c": \([0-9.-]*\).*/\1/p' "$scratch/oven.jsonl" | paste -sd' ')
	[ "$given" = "$1" ] || fail "the chamber was set to '$given', not to '$1'"
}

# keep NAME PLAN: rig and plan of the session that is about to be recorded to $scratch/NAME
keep() {
	cp "$scratch/rig.yaml" "$scratch/$1.rig.yaml"
	cp "$2" "$scratch/$1.plan.yaml"
}

# replay NAME OF: the recording $scratch/NAME, held against the rig and plan of $scratch/OF
replay() {
	"$bench" run "$scratch/$2.plan.yaml" --rig "$scratch/$2.rig.yaml" --db "$scratch/$1.again.db" --replay "$scratch/$1"
}

# expect_same STATUS NAME DB SESSION: replayed it makes the same rows and traces as that session did
expect_same() {
	expect "$1" "a replay: no device is touched" replay "$2" "$2"
	cmp <("$build/bin/rig_dump" "$scratch/$3.db" "$4") <("$build/bin/rig_dump" "$scratch/$2.again.db") ||
		fail "a replay of $2 makes another database"
}

write_plan "4 MHz" 2
echo "settle: 1 s" >>"$scratch/plan.yaml"
sed 's/^clocks/temperatures: [21 degC, 43 degC]\nclocks/' "$scratch/plan.yaml" >"$scratch/both.yaml"
run=("$bench" run "$scratch/both.yaml" --rig "$scratch/rig.yaml")

# One lab, whose chamber takes a minute for some degrees until somebody tells it otherwise.
{
	echo "seed: 4"
	oven "0.1 K/min"
	boards "chamber: oven"
} >"$scratch/virtual.yaml"
start_rig
port=$(port_of "$scratch/virtual-rig.log")

write_bench "$port" "6 s"
"$bench" check --devices "$scratch/rig.yaml" >"$scratch/devices"
grep -q "^chamber scpi:tcp://127.0.0.1:$port: ok: joulebench,virtual-rig,oven,VIRTUAL.* 21.00 degC" "$scratch/devices" ||
	fail "check --devices does not tell the chamber: $(cat "$scratch/devices")"
expect_targets ""

# 21 degC is there, 43 is not to be had in 6 s.
keep failed "$scratch/both.yaml"
expect 4 "4 points are open: ambient: chamber: scpi: not within 0.5 K of 43 degC" "${run[@]}" --db "$scratch/run.db" \
	--record "$scratch/failed"
grep -q "leaky: .* failed: ambient: chamber: scpi: not within" "$scratch/stderr" || fail "no row says why"
expect_targets "21.00 43.00 25.00"
"$build/bin/rig_rows" "$scratch/run.db" 4 "ambient: chamber: scpi: not within 0.5 K of 43 degC"

# Interrupted while it waits for 43: what was measured at 21 is not repeated, and the chamber not moved for it.
write_bench "$port" "600 s"
keep interrupted "$scratch/both.yaml"
"${run[@]}" --db "$scratch/run.db" --record "$scratch/interrupted" >/dev/null 2>"$scratch/stderr" &
waiting=$!
for _ in $(seq 100); do
	! grep -q "set to 43 degC: waiting" "$scratch/stderr" || break
	sleep 0.1
done
begin=$SECONDS got=0
kill -INT "$waiting"
wait "$waiting" || got=$?
[ "$got" -eq 130 ] || { cat "$scratch/stderr" >&2; fail "interrupted while it waits: exit status $got, not 130"; }
[ $((SECONDS - begin)) -le 4 ] || fail "it took $((SECONDS - begin)) s to be interrupted"
expect_targets "21.00 43.00 25.00 43.00 25.00"

# The same again, and the chamber is faster now.
slew 600
keep resumed "$scratch/both.yaml"
"${run[@]}" --db "$scratch/run.db" --record "$scratch/resumed" --json >"$scratch/run.json"
expect_targets "21.00 43.00 25.00 43.00 25.00 43.00 25.00"
"$build/bin/rig_thermal" "$scratch/run.db" 4 21 43 leaky tight

# Both temperatures in one session.
write_bench "$port" "60 s"
sed 's/^repeats: 2/repeats: 1/' "$scratch/both.yaml" >"$scratch/one.yaml"
keep whole "$scratch/one.yaml"
"$bench" run "$scratch/one.yaml" --rig "$scratch/rig.yaml" --db "$scratch/whole.db" --record "$scratch/whole" >/dev/null 2>"$scratch/stderr" ||
	{ cat "$scratch/stderr" >&2; fail "both temperatures at once"; }
"$build/bin/rig_thermal" "$scratch/whole.db" 2 21 43 leaky tight

# Taken for settled on its way through the band, and beyond it some windows later: those of then are suspect, and taken
# again when it is back. It passes the band in two seconds, 50 s of the boards' time.
sleep 1
slew 1.2
write_bench "$port" "60 s" "0 s"
sed -i '/name: tight/d; /name: ppk2-2/d' "$scratch/rig.yaml"
sed 's/\[21 degC, 43 degC\]/[26.5 degC]/; s/^repeats: 2/repeats: 6/; s/^idle: .*/idle: 5 s/; $ a attempts: 20' "$scratch/both.yaml" >"$scratch/through.yaml"
keep through "$scratch/through.yaml"
"$bench" run "$scratch/through.yaml" --rig "$scratch/rig.yaml" --db "$scratch/through.db" --record "$scratch/through" >/dev/null 2>"$scratch/stderr" ||
	{ cat "$scratch/stderr" >&2; fail "a band that was left and found again"; }
grep -q "suspect: ambient: .* not within 0.5 K of 26.5 degC" "$scratch/stderr" || fail "no window was suspect"
"$build/bin/rig_rows" "$scratch/through.db" 6 "ambient: "

# What does not fit together is said before anything moves.
sed 's/^clocks/temperatures: [21 degC, 70 degC]\nclocks/' "$scratch/plan.yaml" >"$scratch/hot.yaml"
expect 2 "hot.yaml:3: 70 degC is not within the 0 .. 60 degC" "$bench" check "$scratch/rig.yaml" "$scratch/hot.yaml"
write_bench "$port" "6 s"
sed -i '/^chamber/d' "$scratch/rig.yaml"
expect 2 "both.yaml:3: 2 temperatures want a chamber" "${run[@]}" --db "$scratch/none.db"
stop_rig

# A chamber of another lab, which goes away between windows: the rest of its points, and the next temperature, fail.
{
	echo "seed: 4"
	boards "ambient: 21 degC"
} >"$scratch/virtual.yaml"
: >"$scratch/virtual-rig.log"
start_rig
lab_pid=$rig_pid
trap 'kill "$lab_pid" 2>/dev/null || true; stop_rig' EXIT
{
	echo "seed: 4"
	oven "600 K/min"
	echo "boards: [{name: nobody, part: stm32l4r5, listen: \"unix:$scratch/n.sock\", supply: 3.3 V}]"
} >"$scratch/virtual.yaml"
: >"$scratch/virtual-rig.log"
start_rig
oven_pid=$rig_pid
write_bench "$(port_of "$scratch/virtual-rig.log")" "30 s"
sed -i 's/^repeats: 2/repeats: 40/' "$scratch/both.yaml"
keep lost "$scratch/both.yaml"
"${run[@]}" --db "$scratch/lost.db" --record "$scratch/lost" >/dev/null 2>"$scratch/stderr" &
losing=$!
for _ in $(seq 300); do
	[ "$(find "$scratch/lost.db.traces" -name '*.h5' 2>/dev/null | wc -l)" -lt 4 ] || break
	sleep 0.1
done
kill "$oven_pid"
got=0
wait "$losing" || got=$?
[ "$got" -eq 4 ] || { cat "$scratch/stderr" >&2; fail "its chamber went away: exit status $got, not 4"; }
"$build/bin/rig_rows" "$scratch/lost.db" any "ambient: chamber: "
"$build/bin/rig_thermal" "$scratch/lost.db" lost 21 43 leaky tight

# Nothing is there any more but the recordings.
kill "$lab_pid"
wait "$lab_pid" 2>/dev/null || true
lab_pid=
stop_rig
echo "--- replayed (after $SECONDS s)"
expect_same 4 failed run 1
expect_same 130 interrupted run 2
expect_same 0 resumed run 3
expect_same 0 whole whole 1
expect_same 0 through through 1
expect_same 4 lost lost 1

# Of another chamber, at other temperatures.
cp -r "$scratch/whole" "$scratch/other"
cp "$scratch/whole.plan.yaml" "$scratch/other.plan.yaml"
sed 's/^\(chamber: .*127.0.0.1:\)[0-9]*/\11/' "$scratch/whole.rig.yaml" >"$scratch/other.rig.yaml"
expect 2 "other/manifest.json: recorded with another rig.chamber.uri: \"scpi:tcp://127.0.0.1:$port\"" replay other other
cp "$scratch/whole.rig.yaml" "$scratch/other.rig.yaml"
sed 's/43 degC/42 degC/' "$scratch/whole.plan.yaml" >"$scratch/other.plan.yaml"
expect 2 "other/manifest.json: recorded with another plan.temperatures_c[1]: 43" replay other other
rm "$scratch/other/tight.ambient"
expect 2 "other/tight.ambient: No such file" replay other whole

# What a board heard is damaged, not in its order, goes on, is cut.
spoil() {
	cp -r "$scratch/whole" "$scratch/$1"
	sed -i "$2" "$scratch/$1/leaky.ambient"
}
first=$(sed -n '/window_begin/{=;q}' "$scratch/whole/leaky.ambient")
spoil damaged "${first}s/before_c/c/"
expect 3 "damaged/leaky.ambient:$first: damaged" replay damaged whole
spoil swapped "${first}d"
expect 3 "swapped/leaky.ambient:$first: expected window_end; came window_begin" replay swapped whole
settle=$(grep -m 1 '"settle","code":0' "$scratch/whole/leaky.ambient")
spoil longer "\$i $settle"
expect 3 "longer/leaky.ambient:$(wc -l <"$scratch/whole/leaky.ambient"): expected settle; the session ended before it" replay longer whole
spoil shorter "$((first + 1)),\$d"
expect 4 "shorter/leaky.ambient:$((first + 1)): cut: the session that was recorded did not end by itself" replay shorter whole
echo "replays equal what was recorded, after $SECONDS s"
