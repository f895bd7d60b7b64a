#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# joulebench scan and check --devices, with devices that the kernel knows.
source tests/kernel/lab.sh

echo 1000 >"$work/load" # a resistor in each board's place: nothing is simulated that nobody asks
cat >"$work/virtual.yaml" <<EOF
seed: 1
pace: 1
meters:
  - {name: ppk2, kind: ppk2, export: usb, serial: "2001", listen: "unix:$work/ppk2"}
  - {name: js220, kind: js220, supply: 3.3 V, serial: "002002", listen: "unix:$work/js220"}
  - {name: js110, kind: js110, supply: 3.3 V, serial: "002003", listen: "unix:$work/js110"}
  - {name: ina228, kind: ina228, supply: 3.3 V, serial: "2004", listen: "unix:$work/ina228"}
boards:
  - {name: uart1, part: stm32l4r5, load: $work/load, supply: ppk2, export: usb, listen: "unix:$work/uart1"}
  - {name: uart2, part: stm32l4r5, load: $work/load, supply: js220, export: usb, listen: "unix:$work/uart2"}
  - {name: b3, part: stm32l4r5, load: $work/load, supply: js110, listen: "unix:$work/b3"}
  - {name: b4, part: stm32l4r5, load: $work/load, supply: ina228, listen: "unix:$work/b4"}
EOF
start_lab
for name in ppk2 js220 js110 ina228 uart1 uart2; do
	read -r port busid < <(plug $name)
	declare "port_$name=$port" "bus_$name=$busid"
done
ppk2=$(tty_of "$bus_ppk2") uart1=$(tty_of "$bus_uart1") uart2=$(tty_of "$bus_uart2") i2c=$(i2c_of "$bus_ina228")

expect 0 "$bench" scan --i2c "$i2c:0x40,0x41"
says "$ppk2  usb 1915:c00a, 2001" "PPK2" "$uart1  usb 1209:0001, uart1" "$uart2  usb 1209:0001, uart2" \
	"usb:16d0:10ba:002002  Joulescope JS220, 002002" "usb:16d0:0e88:002003  Joulescope JS110, 002003" \
	"$i2c at 0x40: INA228" "0x41"
cat "$work/out"
expect 0 "$bench" scan --json
says '"schema": "joulebench.scan/1"' '"002002"' '"2001"'

mkdir -p "$work/rig"
cat >"$work/rig/rig.yaml" <<EOF
rig: kernel
virtual: true
ambient: 21 degC
meters:
  - {name: m1, part: $PWD/rigs/parts/ppk2.yaml, link: "serial:$ppk2", supply: 3.3 V, supply_u: 5 mV}
  - {name: m2, part: $PWD/rigs/parts/js220.yaml, link: "usb:16d0:10ba:002002", supply: none}
boards:
  - {name: one, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "serial:$uart1", meter: m1}
  - {name: two, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: "serial:$uart2", meter: m2}
EOF
expect 0 "$bench" check --devices "$work/rig/rig.yaml"
says "meter m1: ok" "meter m2: ok" "board one: ok" "board two: ok" "4 of 4 devices"
cat "$work/out"

# one is missing, one is held, and one is somebody else's
"$build/bin/kernel_attach" -d "$port_js220"
flock -F "$uart1" sleep 1000 &
holder=$!
until_true 5 sh -c "! flock -n $uart1 true"
expect 3 "$bench" check --devices "$work/rig/rig.yaml"
says "meter m1: ok" "somebody else holds $uart1" "board two: ok" "2 of 4 devices"
grep -q '^meter m2: .*no such device' "$work/out" || { cat "$work/out"; fail "the missing meter is not told"; }
cat "$work/out"
kill "$holder"
"$build/bin/kernel_attach" -d "$port_uart2"
expect 3 "$bench" check --devices "$work/rig/rig.yaml"
says "board two: " "does not exist" "2 of 4 devices"
sed -i 's/virtual: true/virtual: false/' "$work/rig/rig.yaml"
expect 3 "$bench" check --devices "$work/rig/rig.yaml"
says "it says it is virtual" "0 of 4 devices"
kill "$lab"
