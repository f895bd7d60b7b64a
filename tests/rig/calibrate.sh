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
echo "calibration: the instrument's errors found, windows corrected while it holds"
