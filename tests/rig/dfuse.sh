#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A blank board that is flashed through its USB loader: every point accepted and as the rig truly spent it,
# and the same again from the recording, without a rig. Before that a loader that is not there: an error that says
# so, and a board that the next session flashes after all. Behind it a session that needs none, since the board holds
# the build.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 1 --seed 11 --out "$scratch/models"
write_rig 7
sed -i "s|supply: ppk2-1}|supply: ppk2-1, usb_loader: \"unix:$scratch/u.sock\"}|" "$scratch/virtual.yaml"
cp "$scratch/rig.yaml" "$scratch/uart.yaml"

# rig_over BUSID: the same rig with the board's loader there
rig_over() {
	sed "s|meter: ppk2-1}|meter: ppk2-1, flash: {driver: dfuse, link: \"usbip+unix:$scratch/u.sock/$1\"}}|" \
		"$scratch/uart.yaml" >"$scratch/rig.yaml"
}

write_plan "80 MHz" 2
start_rig
rig_over nucleo-2-dfu
expect 3 "board nucleo-1: flash: dfuse: no loader on USB within 4000 ms of a reset" \
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/a.db"
grep -qF "the server exports no nucleo-2-dfu; there are: nucleo-1-dfu (0483:df11)" "$scratch/stderr" ||
	fail "does not say which loader there is"

rig_over nucleo-1-dfu
"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/b.db" --record "$scratch/b" | tee "$scratch/b.out"
grep -q "2 accepted now, 0 open; 0 windows refused, 0 suspect, 0 attempts failed" "$scratch/b.out" || fail "not at the first attempt"
"$build/bin/rig_truth" "$scratch/b.db" "$scratch/truth.jsonl" 2 0.005

cp "$scratch/rig.yaml" "$scratch/recorded.yaml"
cp "$scratch/plan.yaml" "$scratch/recorded-plan.yaml"

# The board holds the build: a session without a loader needs none.
write_plan "120 MHz" 2
rig_over nucleo-2-dfu
"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/c.db"

stop_rig
"$bench" run "$scratch/recorded-plan.yaml" --rig "$scratch/recorded.yaml" --db "$scratch/d.db" --replay "$scratch/b" >"$scratch/d.out"
energies() { grep '^nucleo-1' "$1"; }
cmp <(energies "$scratch/b.out") <(energies "$scratch/d.out") || fail "the replay says something else"
