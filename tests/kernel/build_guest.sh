#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build_guest.sh FOLDER: builds FOLDER/linux, a User-Mode Linux kernel with the drivers of tests/kernel/guest/kernel.config,
# from Debian's package linux-source-6.1, and boots it once. Does nothing when it is there already and was built
# from the same files. Exit status 77, with the reason, when it cannot be built or does not run here.
#
# The source is /usr/src/linux-source-6.1.tar.xz, or is fetched with `apt-get download`. JOULEBENCH_GUEST_JOBS: how many
# compilers at once (default 2).
set -u
here=$(dirname "$(readlink -f "$0")")
folder=${1:?usage: build_guest.sh FOLDER}
source=linux-source-6.1
patience_s=1500
parts=("$here"/guest/*.patch "$here/guest/kernel.config")

skip()
{
	echo "SKIPPED: no guest kernel: $*"
	exit 77
}

need_tools()
{
	local tool

	[ "$(uname -m)" = x86_64 ] || skip "User-Mode Linux needs x86_64, this is $(uname -m)"
	for tool in make gcc flex bison bc patch xz taskset; do
		command -v "$tool" >/dev/null || skip "$tool is not installed (packages: build-essential flex bison bc patch xz-utils)"
	done
}

# The kernel's source as a tar on stdout.
write_source()
{
	if [ -f "/usr/src/$source.tar.xz" ]; then
		xz -dc "/usr/src/$source.tar.xz"
		return
	fi
	(cd "$folder/work" && apt-get download "$source") >>"$folder/build.log" 2>&1 || return
	dpkg-deb --fsys-tarfile "$folder/work/$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" | xz -dc
	rm -f "$folder/work/$source"_*.deb
}

# Kconfig and the headers are wanted whole; most of the rest is drivers that nobody builds here.
unpack()
{
	write_source | tar -x -C "$folder/work" --exclude='*/Documentation/*/*' --exclude='*.dts*' \
		--exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/drivers/net/*/*.[ch]' \
		--exclude='*/drivers/media/*.[ch]' --exclude='*/sound/*.[ch]' --exclude='*/tools/testing/*'
}

build()
{
	local tree=$folder/work/$source out=$folder/work/out patch

	for patch in "$here"/guest/*.patch; do
		patch -d "$tree" -p1 <"$patch" || return
	done
	make -C "$tree" ARCH=um O="$out" tinyconfig &&
		(cd "$tree" && scripts/kconfig/merge_config.sh -m -O "$out" "$out/.config" "$here/guest/kernel.config") &&
		make -C "$tree" ARCH=um O="$out" olddefconfig &&
		nice -n 5 timeout "$patience_s" make -C "$tree" ARCH=um O="$out" -j"${JOULEBENCH_GUEST_JOBS:-2}" linux &&
		strip -o "$folder/linux.new" "$out/linux"
}

# A line of kernel.config that Kconfig did not take (a dependency is missing) is a driver that is not there.
check_config()
{
	local line missing=

	while read -r line; do
		grep -qxF "$line" "$folder/work/out/.config" || missing="$missing $line"
	done < <(grep -E '^CONFIG_[A-Z0-9_]+=y$' "$here/guest/kernel.config")
	[ -z "$missing" ] || skip "Kconfig refused$missing"
}

boot_once()
{
	rm -f "$folder/boots"
	"$here/boot.sh" "$folder" true >"$folder/boot.log" 2>&1 && touch "$folder/boots" && return
	tail -n 20 "$folder/boot.log"
	skip "it was built and does not boot (ptrace forbidden?); the end of its output is above"
}

need_tools
mkdir -p "$folder" || skip "$folder cannot be made"
folder=$(readlink -f "$folder")
exec 9>"$folder/lock"
flock 9
wanted=$(cat "${parts[@]}" | sha256sum)
if [ "$(cat "$folder/built_from" 2>/dev/null)" != "$wanted" ] || [ ! -x "$folder/linux" ]; then
	rm -rf "$folder/work" "$folder/built_from"
	mkdir -p "$folder/work"
	: >"$folder/build.log"
	unpack 2>>"$folder/build.log" || skip "no source: neither /usr/src/$source.tar.xz nor \`apt-get download $source\` ($folder/build.log)"
	if ! build >>"$folder/build.log" 2>&1; then
		grep -E 'error|Error|FAILED' "$folder/build.log" | tail -n 5
		skip "the build failed ($folder/build.log)"
	fi
	check_config
	mv "$folder/linux.new" "$folder/linux"
	rm -rf "$folder/work"
	echo "$wanted" >"$folder/built_from"
fi
gcc -std=gnu11 -O2 -Wall -Wextra -o "$folder/init" "$here/guest/init.c" || skip "its first process does not compile"
boot_once
echo "guest kernel: $folder/linux"
