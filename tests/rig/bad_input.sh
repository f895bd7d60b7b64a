#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Bad input ends with exit status 2 or 3 and one clear sentence, never with a crash, a hang or a number.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 1 --seed 2 --out "$scratch/models"
write_rig 1
write_plan "26 MHz" 1
run=("$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db")
good=$scratch/models/ds-cnn-000.tflite

# the command line
expect 2 "unknown option '--dbb'" "$bench" run x --dbb y
expect 2 "give one plan" "$bench" run
expect 2 "no command 'measure'" "$bench" measure
expect 2 "unknown search space" "$bench" models generate --space resnet --count 1 --out "$scratch/x"
expect 2 "option '--db' needs a value" "$bench" run x --rig y --db --json
[ ! -e ./--json ] || fail "an option was taken for the database"
expect 3 "cannot write to standard output" bash -c 'exec "$@" >/dev/full' - "$bench" models inspect "$good"
expect 3 "cannot write to standard output" bash -c 'exec "$@" >&-' - "$bench" models inspect "$good"

# models
mkdir "$scratch/bad"
size=$(stat -c %s "$good")
for bytes in 0 7 100 $((size / 2)) $((size - 1)); do
	head -c "$bytes" "$good" >"$scratch/bad/truncated.tflite"
	sed 's#models/#bad/#' "$scratch/plan.yaml" >"$scratch/bad.yaml"
	expect 2 "truncated.tflite" "$bench" check "$scratch/rig.yaml" "$scratch/bad.yaml"
done
rm "$scratch/bad/truncated.tflite"
"$build/bin/rig_break_model" "$good" "$scratch/bad/unknown.tflite"
expect 2 "is not supported" "$bench" check "$scratch/rig.yaml" "$scratch/bad.yaml"
grep -q "unknown.tflite: operator [0-9]* (" "$scratch/stderr" || fail "the operator's index is not named: $(cat "$scratch/stderr")"
long=$scratch/$(printf 'n%.0s' {1..64}).tflite
cp "$good" "$long"
expect 2 "the name is longer than 63 bytes" "$bench" models inspect "$long"
cp "$good" "$scratch/"$'bad\xff.tflite'
expect 2 "no printable UTF-8" "$bench" models inspect "$scratch/"$'bad\xff.tflite'
cp "$good" "$scratch/"$'gr\xc3\xbcn.tflite'
"$bench" models inspect "$scratch/"$'gr\xc3\xbcn.tflite' --json >"$scratch/green.json" || fail "a name in UTF-8 is refused"

# plan and rig files
sed 's/repeats: 1/repeats: 1\nrepaets: 2/' "$scratch/plan.yaml" >"$scratch/key.yaml"
expect 2 "key.yaml:5: unknown key 'repaets', did you mean 'repeats'?" "$bench" run "$scratch/key.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db"
sed 's/26 MHz/26/' "$scratch/plan.yaml" >"$scratch/unit.yaml"
expect 2 "unit.yaml:3: '26' has no unit" "$bench" check "$scratch/rig.yaml" "$scratch/unit.yaml"
sed 's/3.3 V/3.3/' "$scratch/rig.yaml" >"$scratch/rig-unit.yaml"
expect 2 "rig-unit.yaml:5: '3.3' has no unit" "$bench" check "$scratch/rig-unit.yaml"
sed 's/3.3 V/5.5 V/' "$scratch/rig.yaml" >"$scratch/rig-supply.yaml"
expect 2 "rig-supply.yaml:5: ppk2: a supply of 5.5 V is not within 0.8..5 V" "$bench" check "$scratch/rig-supply.yaml"
sed 's/repeats: 1/repeats: 1\nbuilds: [O9]/' "$scratch/plan.yaml" >"$scratch/build.yaml"
expect 2 "there is no build 'O9' (there are O2, " "$bench" check "$scratch/rig.yaml" "$scratch/build.yaml"
expect 2 "there is no build 'O2' (there is none at all)" "$bench" check "$scratch/rig.yaml" "$scratch/plan.yaml" --firmware "$scratch"
expect 2 "No such file" "$bench" check "$scratch/none.yaml"
{ cat "$scratch/plan.yaml" && echo 'exit: {output: 5, confidence: 0.9}'; } >"$scratch/exit.yaml"
expect 2 "no output 5 to exit at" "$bench" check "$scratch/rig.yaml" "$scratch/exit.yaml"

# databases
printf 'not a database, but longer than the header of one would have to be, for certain' >"$scratch/text.db"
expect 2 "not a database" "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/text.db"
"$build/bin/rig_newer_database" "$scratch/newer.db"
expect 2 "newer joulebench" "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/newer.db"
expect 2 "newer joulebench" "$bench" fit --db "$scratch/newer.db"
expect 2 "no such database" "$bench" fit --db "$scratch/none.db"
: >"$scratch/empty.db"
expect 2 "empty, not a joulebench database" "$bench" export --db "$scratch/empty.db"
[ ! -s "$scratch/empty.db" ] || fail "an export wrote into its database"
before=$(sha256sum "$scratch/newer.db")
for command in "export --db $scratch/newer.db" "fit --db $scratch/newer.db" "trace export x.h5 --format csv" \
	"refit --predictor x.json --db $scratch/newer.db" "plan next --predictor x --budget 1 --candidates x"; do
	# shellcheck disable=SC2086 # several words
	expect 2 "holds measurements, and is not overwritten" "$bench" $command --out "$scratch/newer.db"
done
[ "$before" = "$(sha256sum "$scratch/newer.db")" ] || fail "a database was overwritten"

# devices: no such port, no rig behind the socket, a real board that is virtual, a silent board
sed "s#rfc2217+unix:$scratch/m.sock#serial:/dev/ttyNONE7#" "$scratch/rig.yaml" >"$scratch/port.yaml"
expect 3 "ttyNONE7" "$bench" run "$scratch/plan.yaml" --rig "$scratch/port.yaml" --db "$scratch/b.db"
expect 3 "m.sock" "${run[@]}"
start_rig
sed 's/virtual: true/virtual: false/' "$scratch/rig.yaml" >"$scratch/real.yaml"
expect 3 "must not pass as measured" "$bench" run "$scratch/plan.yaml" --rig "$scratch/real.yaml" --db "$scratch/c.db"
sed "s#26 MHz#27 MHz#" "$scratch/plan.yaml" >"$scratch/clock.yaml"
expect 2 "clock.yaml:3: no board of rig 'test' has a clock level of 27 MHz (there are 4, " "$bench" run "$scratch/clock.yaml" --rig "$scratch/rig.yaml" --db "$scratch/d.db"
# a part file that promises a level the firmware does not have
sed 's/26 MHz/26 MHz, 27 MHz/' rigs/parts/nucleo-l4r5zi.yaml >"$scratch/levels.yaml"
sed "s#$PWD/rigs/parts/nucleo-l4r5zi.yaml#levels.yaml#" "$scratch/rig.yaml" >"$scratch/levels-rig.yaml"
expect 3 "no clock level of 27 MHz (it has 4, " "$bench" run "$scratch/clock.yaml" --rig "$scratch/levels-rig.yaml" --db "$scratch/d.db"
stop_rig
kill_socket() { rm -f "$scratch/b.sock" "$scratch/m.sock"; }
kill_socket
sed 's/boot: "!rts"/boot: "rts"/' rigs/parts/nucleo-l4r5zi.yaml >"$scratch/silent.yaml"
sed "s#$PWD/rigs/parts/nucleo-l4r5zi.yaml#silent.yaml#" "$scratch/rig.yaml" >"$scratch/silent-rig.yaml"
start_rig
expect 3 "board nucleo-1" "$bench" run "$scratch/plan.yaml" --rig "$scratch/silent-rig.yaml" --db "$scratch/e.db"
echo "all bad input was refused as it should be"
