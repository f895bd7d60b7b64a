#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A command beside the virtual rig: the rig is ready when it starts, ends when it ends, and hands its status on.
source tests/rig/rig.sh

write_rig 5
beside() {
	status=0
	"$build/bin/virtual-rig" "$scratch/virtual.yaml" -- "$@" 2>"$scratch/beside.log" || status=$?
}
expect() {
	[ "$status" -eq "$1" ] || { cat "$scratch/beside.log"; fail "$2: exit status $status, not $1"; }
	[ ! -e "$scratch/b.sock" ] || fail "$2: the rig left its sockets behind"
}

beside test -S "$scratch/b.sock" -a -S "$scratch/m.sock"
expect 0 "a command that sees the sockets"
beside sh -c 'exit 7'
expect 7 "a command that fails"
beside sh -c 'kill -9 $$'
expect 137 "a command that is killed"
beside "$scratch/no-such-command"
expect 3 "no such command"
grep -q "no-such-command: No such file" "$scratch/beside.log" || fail "the sentence does not name the command"

# A signal to the rig ends the command, and the rig waits for it.
"$build/bin/virtual-rig" "$scratch/virtual.yaml" -- sh -c "trap 'echo told >$scratch/told; exit 9' TERM; echo up >$scratch/up; while :; do sleep 0.1; done" \
	2>"$scratch/beside.log" &
rig_pid=$!
for _ in $(seq 100); do
	[ -e "$scratch/up" ] && break
	sleep 0.1
done
kill "$rig_pid"
status=0
wait "$rig_pid" || status=$?
rig_pid=
expect 9 "a signal to the rig"
[ -e "$scratch/told" ] || fail "the command was not told"
echo "commands beside the rig: ready, status, signals"
