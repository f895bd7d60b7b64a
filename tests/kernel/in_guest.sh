#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# in_guest.sh FOLDER COMMAND [ARGUMENT...]: boot.sh, as a ctest: exit status 77, with the reason, where there is no guest.
[ -f "$1/boots" ] || { echo "SKIPPED: no guest kernel (ctest -R kernel/guest says why)"; exit 77; }
export JOULEBENCH_GUEST=1
exec "$(dirname "$0")/boot.sh" "$@"
