#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The same board under a PPK2 and under a JS220, all of them through the kernel's cdc-acm and usbfs, and again through the direct
# links: cycles equal, energies equal within the meters' uncertainties.
source tests/kernel/lab.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$work/models"
rm "$work/models/ds-cnn-000.tflite" # the slower one
cat >"$work/plan.yaml" <<EOF
plan: test
models: ["models/*.tflite"]
clocks: [120 MHz]
repeats: 1
window: 100 ms
idle: 50 ms
EOF

# write_lab SERIAL_EXPORT
write_lab() {
	cat >"$work/virtual.yaml" <<EOF
seed: 1
pace: 5
meters:
  - {name: ppk2, kind: ppk2, $1 listen: "unix:$work/ppk2"}
  - {name: js220, kind: js220, supply: 3.3 V, listen: "unix:$work/js220"}
boards:
  - {name: b1, identity: b, part: stm32l4r5, supply: ppk2, $1 listen: "unix:$work/b1"}
  - {name: b2, identity: b, part: stm32l4r5, supply: js220, $1 listen: "unix:$work/b2"}
EOF
}

# write_rig NAME PPK2 JS220 BOARD1 BOARD2
write_rig() {
	cat >"$work/rig.yaml" <<EOF
rig: $1
virtual: true
ambient: 21 degC
meters:
  - {name: $1-m1, part: $PWD/rigs/parts/ppk2.yaml, link: "$2", supply: 3.3 V, supply_u: 5 mV}
  - {name: $1-m2, part: $PWD/rigs/parts/js220.yaml, link: "$3", supply: none}
boards:
  - {name: $1-ppk2, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "$4", meter: $1-m1}
  - {name: $1-js220, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "$5", meter: $1-m2}
EOF
}

run() {
	"$bench" run "$work/plan.yaml" --rig "$work/rig.yaml" --db "$work/run.db"
}

write_lab 'export: usb,'
start_lab
for name in ppk2 js220 b1 b2; do
	read -r port busid < <(plug $name)
	declare "bus_$name=$busid"
done
write_rig kernel "serial:$(tty_of "$bus_ppk2")" usb:16d0:10ba "serial:$(tty_of "$bus_b1")" "serial:$(tty_of "$bus_b2")"
run
kill "$lab"
wait "$lab" || true

write_lab ''
start_lab
write_rig direct "rfc2217+unix:$work/ppk2" "usbip+unix:$work/js220/js220" "rfc2217+unix:$work/b1" "rfc2217+unix:$work/b2"
run
kill "$lab"
for meter in ppk2 js220; do
	"$build/bin/rig_meters" "$work/run.db" kernel-$meter direct-$meter 1
done
"$build/bin/rig_meters" "$work/run.db" kernel-ppk2 kernel-js220 1
