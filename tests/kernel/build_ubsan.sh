#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build_ubsan.sh FOLDER [GENERATOR]: builds what the guest runs with UndefinedBehaviorSanitizer alone. JOULEBENCH_GUEST_JOBS:
# how many compilers at once (default 2).
set -eu
folder=${1:?usage: build_ubsan.sh FOLDER [GENERATOR]}
cmake -S . -B "$folder" -G "${2:-Ninja}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DJOULEBENCH_UBSAN=ON >"$folder.log" 2>&1 &&
	cmake --build "$folder" --target kernel_programs -j "${JOULEBENCH_GUEST_JOBS:-2}" >>"$folder.log" 2>&1 ||
	{ tail -n 20 "$folder.log"; exit 1; }
echo "built with UndefinedBehaviorSanitizer: $folder"
