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
. $HERE/qemu_targets.sh

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
	if ! out=$(link "$1" "$2" "$DIR/$name.elf" "$CORPUS/$3.c" 2>&1); then
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
