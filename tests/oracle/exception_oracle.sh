#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Differential test of exceptions on the virtual cores against QEMU: random programs that
# exception_programs.c generates run on both (harnesses in exceptions/); what each handler saw, the
# order of handlers, all static data and the instruction counts per address have to be equal.
#
#   exception_oracle.sh GENERATOR HOST PLUGIN [COUNT [SEED [TARGET...]]]
#
# GENERATOR, HOST and PLUGIN are the built exception_programs.c, qemu_host.c and qemu_plugin.c; COUNT
# programs per target (m4 m7 m33 rv32) from SEED. Of a batch that fails, the programs that do are
# named by their seeds. Run from the project's root. Exits 77 with a reason where a tool is missing.
set -u

HERE=tests/oracle
BATCH=50 # what is masked has to fit (corpus.h)
. $HERE/qemu_targets.sh

build() { # TARGET SEED COUNT NAME
	local harness=arm
	[ "$1" = rv32 ] && harness=rv32
	"$GENERATOR" "$1" "$2" "$3" >"$4.S" &&
		link "$1" 1 "$4.elf" "$HERE/exceptions/${harness}_harness.c" "$4.S"
}

compare() { # TARGET SEED COUNT
	local name=$DIR/$1-$2-$3 out
	describe "$1"
	out=$(build "$1" "$2" "$3" "$name" 2>&1) || { echo "does not compile: $out"; return 1; }
	out=$(emulate "$1" "$name.elf" "$name.report" "$name.counts" 2>&1) ||
		{ echo "QEMU: $out"; return 1; }
	grep -o 'left out: [A-Z_0-9]*' "$name.S" | awk -v t="$1" '{n[$3]++} END {for (r in n) print "left", r, n[r], t}' >>"$DIR/rules"
	"$HOST" "$1" "$name.elf" "$name.report" "$name.counts" | tee "$name.out" | grep -v '^mask '
	grep '^mask ' "$name.out" | sed "s/$/ $1/" >>"$DIR/rules"
	! grep -q ' differences [1-9]' "$name.out" && grep -q ' differences 0' "$name.out"
}

run_batch() { # TARGET SEED COUNT
	local out seed found=0
	if out=$(compare "$1" "$2" "$3" 2>&1); then
		echo "ok   $1 $3 programs from seed $2: $out"
	else
		for ((seed = $2; seed < $2 + $3 && found < 3; seed++)); do
			out=$(compare "$1" "$seed" 1 2>&1) && continue
			found=$((found + 1))
			echo "FAIL $1 seed $seed:" $out
		done
		[ $found = 0 ] && echo "FAIL $1 $3 programs from seed $2, together only: $out"
	fi
	cat "$DIR/rules" >>"$DIR/../rules"
	rm -f "$DIR/$1-"*
}

if [ "$1" = --batch ]; then # TARGET SEED COUNT, with the rest in the environment
	DIR=$(mktemp -d "$DIR/XXXXXX")
	run_batch "$2" "$3" "$4"
	exit 0
fi

[ $# -ge 3 ] || { echo "usage: exception_oracle.sh GENERATOR HOST PLUGIN [COUNT [SEED [TARGET...]]]"; exit 2; }
GENERATOR=$1 HOST=$2 PLUGIN=$(realpath "$3") count=${4:-100} first=${5:-1}
targets=${*:6}
DIR=$(mktemp -d /tmp/exception_oracle_XXXXXX)
export GENERATOR HOST PLUGIN DIR
trap 'rm -rf "$DIR"' EXIT
check_tools

for target in ${targets:-m4 m7 m33 rv32}; do
	for ((done = 0; done < count; done += BATCH)); do
		left=$((count - done))
		echo "$target" $((first + done)) $((left < BATCH ? left : BATCH))
	done
done | xargs -P 2 -L 1 bash $HERE/exception_oracle.sh --batch >"$DIR/verdicts"
sort "$DIR/verdicts"
"$GENERATOR" rules >"$DIR/reasons"
awk -F'[ \t]' -v reasons="$DIR/reasons" '
	BEGIN { while ((getline line < reasons) > 0) { at = index(line, "\t"); why[substr(line, 1, at - 1)] = substr(line, at + 1) } }
	$1 == "mask" { key = $2 " on " $5; name[key] = $2; n[key] += $3; d[key] += $4 }
	$1 == "left" { key = $2 " on " $4; name[key] = $2; left[key] += $3 }
	END {
		for (key in n) printf "masked %s: %d times, %d differ: %s\n", key, n[key], d[key], why[name[key]]
		for (key in left) printf "left out %s: %d times: %s\n", key, left[key], why[name[key]]
	}' "$DIR/rules" | sort
echo "$(grep -c '^ok' "$DIR/verdicts") batches agree, $(grep -c '^FAIL' "$DIR/verdicts") failures"
grep -q '^ok' "$DIR/verdicts" && ! grep -q '^FAIL' "$DIR/verdicts"
