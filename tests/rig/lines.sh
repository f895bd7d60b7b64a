#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A board whose meter cannot switch it, on a supply line of a played GPIO chip: it is off before and after a session, and
# a board that hangs twice is switched off and on. A replay of it does the same without the chip; without either the run
# and check --devices say which line is missing. (The virtual board does not feel the line.)
source tests/rig/rig.sh

cc -shared -fPIC -O1 -I. -o "$scratch/gpio.so" tests/rig/lines_preload.c tests/seam/kernel.c tests/seam/gpio.c
"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models" >/dev/null
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
cat >"$scratch/virtual.yaml" <<END
seed: 9
pace: 5
truth: $scratch/truth.jsonl
meters:
  - {name: js220-1, kind: js220, supply: 3.3 V, listen: "unix:$scratch/m.sock"}
boards:
  - {name: nucleo-1, part: stm32l4r5, ambient: 21 degC, listen: "unix:$scratch/b.sock", supply: js220-1,
     faults: [{fault: hang, probability: 1, limit: 2}]}
END
cat >"$scratch/rig.yaml" <<END
rig: test
virtual: true
ambient: 21 degC
meters:
  - {name: js220-1, part: $PWD/rigs/parts/js220.yaml, link: "usbip+unix:$scratch/m.sock/js220-1", supply: none}
boards:
  - {name: nucleo-1, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "rfc2217+unix:$scratch/b.sock", meter: js220-1,
     lines: {supply: "!gpio:/dev/gpiochip7:9"}}
END
write_plan "120 MHz" 2
start_rig

"$bench" check "$scratch/rig.yaml" --devices >"$scratch/check.txt" && fail "check: a chip that is not there is ok"
grep -q 'NOT OK: supply line: there is no /dev/gpiochip7' "$scratch/check.txt" || fail "check: $(cat "$scratch/check.txt")"

export JOULEBENCH_GPIO_LOG=$scratch/gpio.log
env LD_PRELOAD="$scratch/gpio.so" ASAN_OPTIONS=verify_asan_link_order=0 \
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db" --record "$scratch/tapes" --json \
	>"$scratch/run.json" 2>"$scratch/run.log" || { cat "$scratch/run.log" >&2; fail "run: it failed"; }
grep -q '"points_open": 0' "$scratch/run.json" || fail "$(cat "$scratch/run.log")"
if grep -q 'never switched off' "$scratch/run.log"; then fail "the line is not taken for a switch"; fi

# Taken inactive, active low, once more in every power cycle; at last off and let go.
[ "$(head -n 1 "$JOULEBENCH_GPIO_LOG")" = "9 1" ] || fail "not off when it was taken: $(cat "$JOULEBENCH_GPIO_LOG")"
[ "$(tail -n 2 "$JOULEBENCH_GPIO_LOG" | tr '\n' ' ')" = "9 1 9 -1 " ] || fail "not off at the end: $(cat "$JOULEBENCH_GPIO_LOG")"
on=$(grep -c '^9 0$' "$JOULEBENCH_GPIO_LOG")
[ "$on" -ge 2 ] || fail "switched on $on times: no power cycle"

stop_rig
cp "$JOULEBENCH_GPIO_LOG" "$scratch/before.log"
"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/b.db" --replay "$scratch/tapes" --json \
	>"$scratch/replay.json" 2>"$scratch/replay.log" || { cat "$scratch/replay.log" >&2; fail "replay: it failed"; }
cmp "$JOULEBENCH_GPIO_LOG" "$scratch/before.log" || fail "the replay touched the chip"
for key in windows_accepted windows_refused attempts_failed points_open; do
	[ "$(grep "\"$key\"" "$scratch/run.json")" = "$(grep "\"$key\"" "$scratch/replay.json")" ] || fail "replay: $key differs"
done
echo "a supply line: off, on, $on times, off; the same again in the replay"
