#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# boot.sh FOLDER COMMAND [ARGUMENT...]: boots the kernel that build_guest.sh has put into FOLDER, runs COMMAND inside as root,
# with this file system read-only below it, in this directory and environment, and ends with its exit status.
# JOULEBENCH_GUEST_TIME=virtual: time inside passes while everybody there waits, at once, and hardly while anybody computes:
# what is paced by the clock does not depend on how fast or how busy this machine is. Nothing may wait by computing.
# JOULEBENCH_GUEST_MEMORY_MB: how much memory it has (default 384).
# 124: COMMAND or the guest took longer than JOULEBENCH_GUEST_TIMEOUT seconds (default 60) and was killed. 125: the guest died.
#
# Inside, /run, /dev/shm and /dev can be written.
set -u
folder=$(readlink -f "${1:?usage: boot.sh FOLDER COMMAND...}")
shift
[ -x "$folder/linux" ] && [ -x "$folder/init" ] || { echo "boot.sh: $folder holds no guest"; exit 125; }

memory_mb=${JOULEBENCH_GUEST_MEMORY_MB:-384}

# User-Mode Linux maps its memory as a file, executable: where there is room, and programs may be run.
find_memory_folder()
{
	local place probe

	for place in /dev/shm "${TMPDIR:-/tmp}" "$folder"; do
		[ "$(df --output=avail -m "$place" 2>/dev/null | tail -n 1)" -ge "$memory_mb" ] 2>/dev/null || continue
		probe=$(mktemp "$place/joulebench.XXXXXX" 2>/dev/null) || continue
		printf '#!/bin/sh\nexit 0\n' >"$probe"
		chmod +x "$probe"
		if "$probe" 2>/dev/null; then
			rm -f "$probe"
			echo "$place"
			return
		fi
		rm -f "$probe"
	done
}

work=$(mktemp -d "$folder/run.XXXXXX") || exit 125
trap 'rm -rf "$work"' EXIT
{
	export -p
	printf 'unset TMPDIR; export HOME=/run PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\n'
	printf 'cd %q || exit 126\nexec' "$PWD"
	printf ' %q' "$@"
	printf '\n'
} | sed 's/^declare -x/export/' >"$work/script"
time=
[ "${JOULEBENCH_GUEST_TIME:-real}" = virtual ] && time=time-travel=inf-cpu
token=$RANDOM$RANDOM$RANDOM
# One processor, and always the same one: a guest that moves about is several times slower.
processor=$(taskset -cp $$ | sed 's/.*[ ,-]//')
# The host's kernel writes into the rseq area of each process, which the C library has announced, also where a program of
# the guest has its own data: so there must be none.
TMPDIR=$(find_memory_folder) GLIBC_TUNABLES=glibc.pthread.rseq=0 timeout -k 5 "${JOULEBENCH_GUEST_TIMEOUT:-60}" \
	taskset -c "$processor" "$folder/linux" root=none rootfstype=hostfs rootflags=/ ro mem=${memory_mb}M quiet \
	uml_dir="$work/" umid=guest con=null ssl=null con0=null,fd:1 $time \
	init="$folder/init" JOULEBENCH_SCRIPT="$work/script" JOULEBENCH_TOKEN=$token </dev/null 2>&1 |
	stdbuf -o0 tr -d '\r' | tee "$work/output" | grep --line-buffered -v -e "^guest ended with status .* $token\$" -e "^reboot: System halted"
ended=${PIPESTATUS[0]}
status=$(sed -n "s/^guest ended with status \([0-9]*\) $token\$/\1/p" "$work/output")
[ -n "$status" ] && exit "$status"
[ "$ended" = 124 ] || [ "$ended" = 137 ] && { echo "boot.sh: killed after ${JOULEBENCH_GUEST_TIMEOUT:-60} s"; exit 124; }
echo "boot.sh: the guest died (status $ended)"
exit 125
