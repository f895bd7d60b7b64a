#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A PPK2 with gain and offset errors of its own is calibrated by known loads, and its errors are found within
# their expanded uncertainty; windows are corrected by it, as long as it holds; wrong loads are refused.
source tests/rig/rig.sh
command -v sqlite3 >/dev/null || { echo "skipped: there is no sqlite3 to look into the database with"; exit 77; }

write_rig 36
sed -i "s|supply: ppk2-1}|supply: ppk2-1, load: \"$scratch/load\"}|" "$scratch/virtual.yaml"
sed -i 's/supply_u: 5 mV/supply_u: 0.5 mV/' "$scratch/rig.yaml"
start_rig

# What somebody's hands do: the load that was asked for takes the board's place.
cat >"$scratch/connect" <<EOF
#!/bin/sh
case "\${WRONG:-\$JOULEBENCH_LOAD}" in
none) echo none ;;
*" kOhm "*) echo "\${WRONG:-\$JOULEBENCH_LOAD}" | awk '{print \$1 * 1000}' ;;
*) echo "\${WRONG:-\$JOULEBENCH_LOAD}" | awk '{print \$1}' ;;
esac >$scratch/load
EOF
chmod +x "$scratch/connect"
calibrate() {
	"$bench" calibrate ppk2-1 --rig "$scratch/rig.yaml" --db "$scratch/db" --connect "$scratch/connect" "$@"
}

calibrate --json --load none --load "68 kOhm 0.01 %" --load "100 kOhm 0.01 %" --load "7.5 kOhm 0.01 %" --load "10 kOhm 0.01 %" \
	--load "1 kOhm 0.01 %" --load "2 kOhm 0.01 %" --load "100 Ohm 0.01 %" --load "200 Ohm 0.01 %" \
	--load "10 Ohm 0.01 %" --load "20 Ohm 0.01 %" >"$scratch/calibration.json" 2>"$scratch/calibrate.log" ||
	{ cat "$scratch/calibrate.log"; fail "no calibration"; }
"$build/bin/rig_calibrate" "$scratch/calibration.json" 36 ppk2-1 || fail "the instrument's errors were not found"

expect 1 "is another one connected" env WRONG="9 kOhm 0.01 %" "$bench" calibrate ppk2-1 --rig "$scratch/rig.yaml" --db "$scratch/db" \
	--connect "$scratch/connect" --load "10 kOhm 0.01 %"
expect 2 "the meter ends at" calibrate --load "1 Ohm 1 %"
expect 2 "say how well it is known" calibrate --load "1 kOhm"
expect 3 "did not connect it" "$bench" calibrate ppk2-1 --rig "$scratch/rig.yaml" --db "$scratch/db" --connect false --load none
expect 2 "there is no meter" "$bench" calibrate ppk3 --rig "$scratch/rig.yaml" --db "$scratch/db" --connect true --load none
expect 2 "somebody has to connect" "$bench" calibrate ppk2-1 --rig "$scratch/rig.yaml" --db "$scratch/db" --load none </dev/null
[ "$(sqlite3 "$scratch/db" 'select count(*) from calibration')" = 1 ] || fail "what failed was stored"

# Windows: corrected while it holds, and each says so.
rm "$scratch/load"
mkdir -p "$scratch/models"
"$bench" models generate --space ds-cnn --count 1 --seed 3 --out "$scratch/models" >/dev/null
write_plan '"80 MHz"' 2
run() {
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$@" --firmware "${JOULEBENCH_FIRMWARE:-$build/firmware}" \
		>"$scratch/run.out" 2>"$scratch/run.log" || { cat "$scratch/run.log"; fail "run"; }
}
state() {
	sqlite3 "$1" "select group_concat(distinct calibration_state || ' ' || calibration_id) from measurement where verdict = 'accepted'"
}
run "$scratch/db"
[ "$(state "$scratch/db")" = "used 1" ] || fail "the calibration was not used: $(state "$scratch/db")"
# Uncorrected, this instrument reads this board 0.3 % low; what is left is the supply's error, in current and voltage.
"$build/bin/rig_truth" "$scratch/db" "$scratch/truth.jsonl" 2 0.0005 || fail "windows are not what the board drew"
# What is recorded with a calibration replays to the same rows, whatever the database says of calibrations.
cp "$scratch/db" "$scratch/recorded.db"
sqlite3 "$scratch/recorded.db" "delete from measurement"
run "$scratch/recorded.db" --record "$scratch/tapes"
run "$scratch/replayed.db" --replay "$scratch/tapes"
[ "$(state "$scratch/replayed.db")" = "used 1" ] || fail "the replay was not corrected: $(state "$scratch/replayed.db")"
rows='select group_concat(point_key || energy_j || energy_u_j || calibration_id || budget_inputs) from (select * from measurement order by point_key, attempt)'
[ "$(sqlite3 "$scratch/recorded.db" "$rows")" = "$(sqlite3 "$scratch/replayed.db" "$rows")" ] || fail "the replay has other rows"
run "$scratch/plain.db"
"$build/bin/rig_truth" "$scratch/plain.db" "$scratch/truth.jsonl" 2 0.0005 && fail "the meter has no error to correct"
[ "$(state "$scratch/plain.db")" = "missing 0" ] || fail "a missing calibration: $(state "$scratch/plain.db")"
grep -q "no calibration in this database" "$scratch/run.log" || fail "a missing calibration is not said"
u() { sqlite3 "$1" "select avg(energy_u_j / energy_j) from measurement where verdict = 'accepted'"; }
awk -v with="$(u "$scratch/db")" -v without="$(u "$scratch/plain.db")" \
	'BEGIN { printf "u(E)/E: %.4f %% by the data sheet, %.4f %% calibrated\n", 100 * without, 100 * with; exit !(with < without / 2) }' ||
	fail "the calibration's uncertainty does not replace the data sheet's"

sqlite3 "$scratch/db" "update calibration set expires_utc = '2020-01-01T00:00:00Z'; delete from measurement"
run "$scratch/db"
[ "$(state "$scratch/db")" = "expired 0" ] || fail "an expired calibration: $(state "$scratch/db")"
grep -q "expired on 2020-01-01" "$scratch/run.log" || fail "an expired calibration is not said"

# Against another meter. A board of the virtual rig has one meter, so that two like loads, behind a meter each, stand in for one
# current in series (a JS220's shunt takes 0.06 % of it); the JS220's own stays what it is from when that is opened.
stop_rig
: >"$scratch/virtual-rig.log"
cat >>"$scratch/virtual.yaml" <<EOF
  - {name: nucleo-2, part: stm32l4r5, listen: "unix:$scratch/b2.sock", supply: js220-1, load: "$scratch/load"}
EOF
sed -i "s|^boards:|  - {name: js220-1, kind: js220, supply: 3.3 V, listen: \"unix:$scratch/j.sock\", faults: [FAULTS]}\nboards:|" "$scratch/virtual.yaml"
sed "s/FAULTS/{fault: saturation, at: 3 s, count: 100000}/; s/^seed:/pace: 1\nseed:/" "$scratch/virtual.yaml" >"$scratch/stuck.yaml"
sed -i "s/, faults: \[FAULTS\]//; s/^seed:/pace: 1\nseed:/" "$scratch/virtual.yaml"
sed -i "s|^boards:|  - {name: js220-1, part: $PWD/rigs/parts/js220.yaml, link: \"usbip+unix:$scratch/j.sock/js220-1\", supply: none, gain_u: 0.1 %}\nboards:|" "$scratch/rig.yaml"
start_rig
echo 1000 >"$scratch/load"
expect 0 "one level does not tell offset from gain" calibrate --against js220-1 --load "1 kOhm alike" --json
method="select method || ' ' || json_extract(points_json, '\$[0].reference.model', '\$[0].reference.meter') from calibration order by id desc limit 1"
[ "$(sqlite3 "$scratch/db" "$method")" = 'against ["js220","js220-1"]' ] || fail "stored: $(sqlite3 "$scratch/db" "$method")"
line="select json_extract(points_json, '\$[0].reading_a'), json_extract(lines_json, '\$[2].factor'), json_extract(lines_json, '\$[2].add_a'),
	json_extract(lines_json, '\$[2].factor_u') from calibration order by id desc limit 1"
sqlite3 -separator ' ' "$scratch/db" "$line" |
	awk '{ a = $2 * $1 + $3; printf "against a JS220: %.4e A of 3.3 mA, u %.3f %%\n", a, 100 * $4; exit !(a > 3.3e-3 * 0.998 && a < 3.3e-3 * 1.002 && $4 >= 0.001 && $4 < 0.0025) }' ||
	fail "the line against the other meter is off"
count=$(sqlite3 "$scratch/db" 'select count(*) from calibration')
expect 1 "do both carry the same current" calibrate --against js220-1 --load "1 kOhm alike" --load "2 kOhm alike"
expect 2 "against itself" calibrate --against ppk2-1 --load "1 kOhm alike"
expect 2 "there is no meter 'js'" calibrate --against js --load "1 kOhm alike"
expect 2 "--average is of known loads" calibrate --against js220-1 --average "1 s" --load "1 kOhm alike"
expect 2 "--seconds: 1 to 3600" calibrate --against js220-1 --seconds "5 s" --load "1 kOhm alike"
expect 2 "--seconds goes with --against" calibrate --seconds 5 --load none
stop_rig
mv "$scratch/stuck.yaml" "$scratch/virtual.yaml"
: >"$scratch/virtual-rig.log"
start_rig
echo 1000 >"$scratch/load"
expect 3 "reference js220-1: samples were at the meter's limit" calibrate --against js220-1 --load "1 kOhm alike"
[ "$(sqlite3 "$scratch/db" 'select count(*) from calibration')" = "$count" ] || fail "what failed against a meter was stored"
echo "calibration: the instrument's errors found, windows corrected while it holds; against another meter"
