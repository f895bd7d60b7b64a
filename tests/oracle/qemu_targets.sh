# SPDX-License-Identifier: GPL-3.0-or-later
#
# For qemu_oracle.sh and exception_oracle.sh: the targets, how a program for one is built and run on
# QEMU, and whether the tools for it are there. HERE, DIR and PLUGIN are the caller's.

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

link() { # TARGET LEVEL OUT SOURCE...
	local start=$HERE/qemu_start_arm.S target=$1 level=$2 out=$3
	shift 3
	[ "$target" = rv32 ] && start=$HERE/qemu_start_rv32.S
	$compiler -std=gnu11 -O"$level" -Wall -Wextra -fno-common -ffp-contract=fast -fno-math-errno \
		-nostartfiles -DEND_MARKER=$marker -I. -Wl,--no-warn-rwx-segments \
		-Wl,--defsym=CODE_BASE=$code,--defsym=RAM_BASE=$ram -T $HERE/qemu_firmware.ld \
		$start $HERE/corpus/runtime.c "$@" -lm -o "$out"
}

emulate() { # TARGET ELF REPORT COUNTS
	local plugin="file=$PLUGIN,out=$4,base=$code,bytes=0x70000"
	local common="-display none -monitor none -kernel $2 -plugin $plugin"
	if [ "$1" = rv32 ]; then
		timeout 60 qemu-system-riscv32 -M $machine -bios none -serial "file:$3" \
			-icount shift=4,sleep=off $common
	else
		timeout 60 qemu-system-arm -M $machine -serial null -chardev "file,id=report,path=$3" \
			-semihosting-config enable=on,target=native,chardev=report \
			-icount shift=4,sleep=off $common
	fi
}

# A program that does not compile or fails on QEMU is a failure; tools that cannot do anything are not.
check_target() { # TARGET
	describe "$1"
	$compiler -x c -include stdio.h -c /dev/null -o "$DIR/check.o" 2>"$DIR/check.log" ||
		skip "no C library for ${compiler%% *}: $(head -1 "$DIR/check.log")"
	link "$1" 2 "$DIR/check.elf" $HERE/corpus/sort.c >/dev/null 2>&1 || return 0
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
