#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Differential test of the virtual cores against QEMU: every program of tests/oracle/corpus, compiled
# for a core at an optimisation level, runs on both; qemu_host.c compares.
#
#   qemu_oracle.sh HOST PLUGIN [all | TARGET:LEVEL... [PROGRAM...]]
#
# HOST and PLUGIN are the built qemu_host.c and qemu_plugin.c. Without more arguments a choice of
# targets and levels that covers each level; `all` is every target at every level. Run from the
# project's root. Exits 77 with a reason where a tool is missing.
set -u

HERE=tests/oracle
CORPUS=$HERE/corpus
ARM="arm-none-eabi-gcc --specs=nano.specs --specs=nosys.specs -mthumb -mfloat-abi=hard"
RISCV="riscv64-unknown-elf-gcc --specs=picolibc.specs -march=rv32imc -misa-spec=2.2 -mabi=ilp32"

skip() {
	echo "skipped: $1"
	exit 77
}

# Where CODE_BASE, RAM_BASE and END_MARKER are: the same as in qemu_host.c.
describe() {
	case $1 in
	m4) compiler="$ARM -mcpu=cortex-m4 -mfpu=fpv4-sp-d16" machine=mps2-an386 ;;
	m7) compiler="$ARM -mcpu=cortex-m7 -mfpu=fpv5-sp-d16" machine=mps2-an500 ;;
	m33) compiler="$ARM -mcpu=cortex-m33 -mfpu=fpv5-sp-d16" machine=mps2-an505 ;;
	rv32) compiler="$RISCV" machine=virt ;;
	esac
	case $1 in
	m4 | m7) code=0x00000000 ram=0x20000000 marker=0x20100000 ;;
	m33) code=0x10000000 ram=0x38000000 marker=0x38100000 ;;
	rv32) code=0x80000000 ram=0x80080000 marker=0x80200000 ;;
	esac
}

compile() { # TARGET LEVEL PROGRAM OUT
	local start=$HERE/qemu_start_arm.S
	[ "$1" = rv32 ] && start=$HERE/qemu_start_rv32.S
	$compiler -std=gnu11 -O"$2" -Wall -Wextra -fno-common -ffp-contract=fast -fno-math-errno \
		-nostartfiles -DEND_MARKER=$marker -I. -Wl,--no-warn-rwx-segments \
		-Wl,--defsym=CODE_BASE=$code,--defsym=RAM_BASE=$ram -T $HERE/qemu_firmware.ld \
		$start $CORPUS/runtime.c "$CORPUS/$3.c" -lm -o "$4"
}

emulate() { # TARGET ELF REPORT COUNTS
	local plugin="file=$PLUGIN,out=$4,base=$code,bytes=0x70000"
	local common="-display none -monitor none -kernel $2 -plugin $plugin"
	if [ "$1" = rv32 ]; then
		timeout 60 qemu-system-riscv32 -M $machine -bios none -serial "file:$3" $common
	else
		timeout 60 qemu-system-arm -M $machine -serial null -chardev "file,id=report,path=$3" \
			-semihosting-config enable=on,target=native,chardev=report \
			-icount shift=4,sleep=off $common
	fi
}

# What a program is for, in its name: arm_ and rv32_ programs run on these only, and timing differs by
# design in those that end in _timed.
suits() { # TARGET PROGRAM
	case $1:$2 in
	*:runtime) false ;;
	rv32:arm_* | m*:rv32_*) false ;;
	esac
}

run_one() { # TARGET LEVEL PROGRAM
	local name=$1-O$2-$3 mode= out status
	describe "$1"
	case $3 in *_timed) mode=results ;; esac
	if ! out=$(compile "$1" "$2" "$3" "$DIR/$name.elf" 2>&1); then
		echo "FAIL $1 -O$2 $3: does not compile: $out"
		return 1
	fi
	if ! out=$(emulate "$1" "$DIR/$name.elf" "$DIR/$name.report" "$DIR/$name.counts" 2>&1); then
		echo "FAIL $1 -O$2 $3: QEMU: $out"
		return 1
	fi
	out=$("$HOST" "$1" "$DIR/$name.elf" "$DIR/$name.report" "$DIR/$name.counts" $mode 2>&1)
	status=$?
	[ $status = 0 ] && echo "ok   $1 -O$2 $3: $out"
	[ $status = 0 ] || echo "FAIL $1 -O$2 $3: $out"
	[ $status = 0 ]
}

# A program that does not compile or fails on QEMU is a failure; tools that cannot do anything are not.
check_target() { # TARGET
	describe "$1"
	$compiler -x c -include stdio.h -c /dev/null -o "$DIR/check.o" 2>"$DIR/check.log" ||
		skip "no C library for ${compiler%% *}: $(head -1 "$DIR/check.log")"
	compile "$1" 2 sort "$DIR/check.elf" >/dev/null 2>&1 || return 0
	[ -f "$PLUGIN" ] || return 0
	emulate "$1" "$DIR/check.elf" "$DIR/check.report" "$DIR/check.counts" 2>"$DIR/check.log" ||
		skip "QEMU does not run the plugin on $machine: $(head -1 "$DIR/check.log")"
}

check_tools() {
	local tool
	for tool in qemu-system-arm qemu-system-riscv32 arm-none-eabi-gcc riscv64-unknown-elf-gcc; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	check_target m4
	check_target rv32
}

if [ "$1" = --one ]; then # TARGET LEVEL PROGRAM, with HOST, PLUGIN and DIR in the environment
	run_one "$2" "$3" "$4"
	exit
fi

HOST=$1 PLUGIN=$(realpath "$2")
shift 2
DIR=$(mktemp -d /tmp/qemu_oracle_XXXXXX)
export HOST PLUGIN DIR
trap 'rm -rf "$DIR"' EXIT
check_tools

matrix="m4:0 m4:3 m7:2 m33:1 m33:s rv32:1 rv32:2 rv32:s"
[ $# = 0 ] || matrix=
while [ $# != 0 ]; do
	case $1 in
	all) matrix=$(echo {m4,m7,m33,rv32}:{0,1,2,3,s}) ;;
	*:*) matrix="$matrix $1" ;;
	*) break ;;
	esac
	shift
done
programs=${*:-$(cd $CORPUS && ls *.c | sed 's/\.c$//')}

for pair in $matrix; do
	for program in $programs; do
		suits ${pair%:*} $program && echo ${pair%:*} ${pair#*:} $program
	done
done | xargs -P 2 -L 1 bash $HERE/qemu_oracle.sh --one >"$DIR/matrix"
status=$?
sort "$DIR/matrix"

# The same program has the same results on every target and level, except where its name says that it
# is about one of them.
for program in $programs; do
	sums=$(grep "^ok .* $program: " "$DIR/matrix" | sed 's/.*sum \([0-9a-f]*\).*/\1/' | sort -u | wc -l)
	if [ "$sums" -gt 1 ]; then
		echo "FAIL $program: results differ between targets or levels"
		status=1
	fi
done
echo "$(grep -c '^ok' "$DIR/matrix") agree, $(grep -c '^FAIL' "$DIR/matrix") do not"
[ $status = 0 ] && ! grep -q '^FAIL' "$DIR/matrix"
