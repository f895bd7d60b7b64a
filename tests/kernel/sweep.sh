#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The same board under a PPK2, a JS220, an INA228 and an LPM01A, in one sweep through the kernel, and again through the direct
# links: cycles equal, energies equal within the uncertainties that the rows state (k = 2).
#
#   PPK2, LPM01A, boards   cdc-acm, libserialport
#   JS220                  usbfs, libusb
#   INA228                 i2c-tiny-usb, i2c-dev
#   marker lines of the INA228 and the LPM01A, which have no inputs for them   gpio-sim, its character device
#
# What the host stamps is timed by the clock, so the lab runs at the clock's pace; the guest's clock stands still while it
# computes (JOULEBENCH_GUEST_TIME=virtual). One board is flashed through the kernel first, faster; the others begin with its flash.
source tests/kernel/lab.sh

everyone="ppk2 js220 ina228 lpm01a"
models=$work/models
"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$models"
rm "$models/ds-cnn-000.tflite" # the slower one

# write_plan WINDOW IDLE
write_plan() {
	cat >"$work/plan.yaml" <<EOF
plan: test
models: ["models/*.tflite"]
clocks: [120 MHz]
repeats: 1
window: $1
idle: $2
settle: 100 ms
attempts: 10
EOF
}

has_markers() {
	[ "$1" = ina228 ] || [ "$1" = lpm01a ]
}

# write_lab PACE EXPORT METER...: EXPORT of what may be serial or USB.
write_lab() {
	local pace=$1 export=$2 meter markers
	shift 2
	{
		printf 'seed: 1\npace: %s\nmeters:\n' "$pace"
		for meter; do
			case $meter in
			ppk2) echo "  - {name: ppk2, kind: ppk2, $export listen: \"unix:$work/ppk2\"}" ;;
			lpm01a) echo "  - {name: lpm01a, kind: lpm01a, $export wires: {line0: none}, listen: \"unix:$work/lpm01a\"}" ;;
			*) echo "  - {name: $meter, kind: $meter, supply: 3.3 V, listen: \"unix:$work/$meter\"}" ;;
			esac
		done
		echo boards:
		for meter; do
			markers=
			has_markers "$meter" && markers="markers: \"unix:$work/markers-$meter\","
			echo "  - {name: b-$meter, identity: b, part: stm32l4r5, supply: $meter, $export $markers flash: $work/flash-$meter,"
			echo "     listen: \"unix:$work/b-$meter\"}"
		done
	} >"$work/virtual.yaml"
}

declare -A meter_link board_link marker_link
declare -A supply=([ppk2]="3.3 V, supply_u: 5 mV" [js220]=none [lpm01a]="3.3 V, supply_u: 20 mV"
	[ina228]="none, options: {rshunt_ohm: 0.1 ohm, conversion: 4120us, averaging: 4}")

# write_rig NAME METER...
write_rig() {
	local name=$1 meter
	shift
	{
		printf 'rig: %s\nvirtual: true\nambient: 21 degC\nmeters:\n' "$name"
		for meter; do
			echo "  - {name: $name-m-$meter, part: $PWD/rigs/parts/$meter.yaml, link: \"${meter_link[$meter]}\", supply: ${supply[$meter]}}"
		done
		echo boards:
		for meter; do
			echo "  - {name: $name-$meter, part: $PWD/rigs/parts/nucleo-l4r5zi.yaml, link: \"${board_link[$meter]}\", meter: $name-m-$meter"
			has_markers "$meter" && echo "     , markers: \"${marker_link[$meter]}\""
			echo "    }"
		done
	} >"$work/rig.yaml"
}

# link_kernel METER...: plugs them in, and their boards.
link_kernel() {
	local meter port bus chip
	for meter; do
		read -r port bus < <(plug "b-$meter")
		board_link[$meter]=serial:$(tty_of "$bus")
		ports="$ports $port"
		read -r port bus < <(plug "$meter")
		ports="$ports $port"
		case $meter in
		js220) meter_link[$meter]=usb:16d0:10ba ;;
		ina228) meter_link[$meter]=i2c:$(i2c_of "$bus") ;;
		*) meter_link[$meter]=serial:$(tty_of "$bus") ;;
		esac
		has_markers "$meter" || continue
		chip=$(make_chip "$meter" 3)
		"$build/bin/kernel_markers" "$work/markers-$meter" "$chip" "$meter" >"$work/wire-$meter" &
		wires="$wires $!"
		marker_link[$meter]=gpio-sim:/dev/${chip##*/}:0,1,2
	done
}

link_direct() {
	local meter
	for meter; do
		board_link[$meter]=rfc2217+unix:$work/b-$meter
		marker_link[$meter]=socket:$work/markers-$meter
		case $meter in
		js220) meter_link[$meter]=usbip+unix:$work/js220/js220 ;;
		ina228) meter_link[$meter]=i2c-tiny-usb:usbip+unix:$work/ina228/ina228 ;;
		*) meter_link[$meter]=rfc2217+unix:$work/$meter ;;
		esac
	done
}

run() {
	local began=$SECONDS
	"$bench" run "$work/plan.yaml" --rig "$work/rig.yaml" --db "$work/run.db"
	echo "rig $1: $((SECONDS - began)) s of the guest's time"
}

end_lab() {
	local wire port
	for wire in $wires; do
		kill "$wire"
		wait "$wire" || fail "a marker wire broke"
	done
	for port in $ports; do
		"$build/bin/kernel_attach" -d "$port"
	done
	wires='' ports=''
	kill "$lab"
	wait "$lab" || true
}

wires='' ports=''
write_plan "100 ms" "50 ms"
write_lab 20 "export: usb," ppk2
start_lab
link_kernel ppk2
write_rig flashed ppk2
run flashed
end_lab
for meter in js220 ina228 lpm01a; do
	cp "$work/flash-ppk2" "$work/flash-$meter"
done

write_plan "600 ms" "250 ms"
write_lab 1 "export: usb," $everyone
start_lab
link_kernel $everyone
write_rig kernel $everyone
for meter in $everyone; do
	echo "$meter: ${meter_link[$meter]}, board ${board_link[$meter]}${marker_link[$meter]+, markers ${marker_link[$meter]}}"
done
run kernel
end_lab
cat "$work"/wire-*

write_lab 1 "" $everyone
start_lab
link_direct $everyone
write_rig direct $everyone
run direct
end_lab

for meter in $everyone; do
	"$build/bin/rig_meters" "$work/run.db" kernel-$meter direct-$meter 1
done
for meter in js220 ina228 lpm01a; do
	"$build/bin/rig_meters" "$work/run.db" kernel-ppk2 kernel-$meter 1
done
