#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the virtual rig knows of the truth must not reach the bench: no word of the log in its sources.
set -euo pipefail
[ -d bench ] && [ -d drivers ] && [ -d analysis ] || { echo "run from the project's root" >&2; exit 2; }
if grep -rniE 'truth[_.-]|truth log|"truth' bench drivers analysis firmware; then
	echo "FAIL: the bench knows of the truth log"
	exit 1
fi
