#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# joulebench count on every board, with every build and both kinds of kernels: the numbers hold together,
# the output is the same everywhere, and what cannot be is refused in words.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 1 --seed 5 --out "$scratch/models"
model=$scratch/models/ds-cnn-000.tflite
head -c 490 /dev/zero | tr '\0' '\7' >"$scratch/input.bin"

# count NAME OPTION...: into $scratch/NAME.json
count() {
	local name=$1
	shift
	"$bench" count "$model" --input "$scratch/input.bin" --json "$@" >"$scratch/$name.json"
	"$build/bin/rig_count" "$scratch/$name.json" || fail "count $*: does not hold together"
}


crc() {
	grep -m1 '"output_crc32":' "$scratch/$1.json"
}

instructions() {
	grep -m1 '^  "instructions":' "$scratch/$1.json" | tr -dc '0-9'
}

reference=
for board in nucleo-l4r5zi nucleo-f767zi nucleo-l552ze-q esp32-c3-devkitm-1; do
	for runtime in portable optimised; do
		count "$board-$runtime" --board "$board" --runtime $runtime
		reference=${reference:-$(crc "$board-$runtime")}
		[ "$(crc "$board-$runtime")" = "$reference" ] || fail "$board, $runtime: another output"
		echo "$board, $runtime: $(instructions "$board-$runtime") instructions"
	done
	[ "$(instructions "$board-optimised")" -lt "$(instructions "$board-portable")" ] || fail "$board: the optimised kernels are no faster"
done
for target in "$build"/firmware/*.elf; do
	name=$(basename "$target" .elf)
	for board in nucleo-l4r5zi nucleo-f767zi nucleo-l552ze-q esp32-c3-devkitm-1; do
		[[ $name == "$board"-* ]] || continue
		[[ ${name#"$board"-} == *mlperf* ]] && continue # speaks another protocol
		count "$name" --board "$board" --build "${name#"$board"-}"
		[ "$(crc "$name")" = "$reference" ] || fail "$name: another output"
	done
done
count again --board nucleo-l4r5zi
cmp "$scratch/again.json" "$scratch/nucleo-l4r5zi-optimised.json" || fail "a second count differs"
count slow --board nucleo-l4r5zi --clock "26 MHz" --eliminate
[ "$(crc slow)" = "$reference" ] || fail "eliminated: another output"

expect 2 "no board 'no-such-board' (there are: esp32-c3-devkitm-1, nucleo-f767zi" "$bench" count "$model" --board no-such-board
expect 2 "no clock level of 27 MHz (there are 4, 16, " "$bench" count "$model" --board nucleo-l4r5zi --clock "27 MHz"
expect 2 "neither portable nor optimised" "$bench" count "$model" --board nucleo-l4r5zi --runtime fast
expect 3 "nucleo-l4r5zi-O9.bin" "$bench" count "$model" --board nucleo-l4r5zi --build O9
head -c 489 /dev/zero >"$scratch/input.bin"
expect 2 "fewer than the model's 490 input bytes" "$bench" count "$model" --board nucleo-l4r5zi --input "$scratch/input.bin"
