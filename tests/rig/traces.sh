#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every window of a sweep leaves its trace beside the database, refused ones with their samples; what was kept gives
# the row's energy again. A killed run's trace is repaired by the next one. A trace that cannot be written refuses its
# window, and nothing else happens. A wanted uncertainty makes windows longer, or is refused with the floor.
source tests/rig/rig.sh

"$bench" models generate --space ds-cnn --count 2 --seed 11 --out "$scratch/models" >/dev/null
rm "$scratch/models/ds-cnn-000.tflite" # the slower one
client=
stop_all() {
	[ -z "$client" ] || kill -KILL "$client" 2>/dev/null || true
	stop_rig
}
trap stop_all EXIT

# plan REPEATS LINE...
plan() {
	write_plan "120 MHz" "$1"
	shift
	printf '%s\n' "$@" >>"$scratch/plan.yaml"
}
# bench DB: a run of the plan
bench() {
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/$1.db"
}
# traces DB KEPT LEAST_NOT_ACCEPTED
traces() {
	"$build/bin/rig_traces" "$scratch/$1.db" "$2" "$3" || fail "$1: traces and rows differ"
}

write_rig 17
sed -i 's/listen: "unix:.*m.sock"/&, faults: [{fault: samples-lost, probability: 50 %, count: 1}]/' "$scratch/virtual.yaml"
start_rig

echo "--- samples are lost (after $SECONDS s)"
plan 4 "attempts: 12"
bench default >/dev/null 2>"$scratch/default.log"
"$build/bin/rig_rows" "$scratch/default.db" 4 "lost: "
traces default refused 1
for file in "$scratch"/default.db.traces/*; do
	"$bench" trace show "$file" --check >"$scratch/show.out" || fail "$file: cannot be shown"
	grep -q '^content  *ok$' "$scratch/show.out" || fail "$file: is not what it is named after"
done
[ "$(ls "$scratch/default.db.traces" | wc -l)" -eq "$(ls "$scratch"/default.db.traces/*.h5 | wc -l)" ] ||
	fail "something else than traces stays behind"
plan 3 "attempts: 12" "traces: all"
bench all >/dev/null 2>"$scratch/all.log"
traces all all 0
plan 1 "attempts: 12" "traces: none"
bench none >/dev/null 2>"$scratch/none.log"
traces none none 0

echo "--- killed (after $SECONDS s)"
plan 4 "attempts: 12" "traces: all"
sed -i 's/window: .*/window: 20 s/' "$scratch/plan.yaml"
part=
for _ in 1 2 3; do
	"$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/killed.db" >/dev/null 2>"$scratch/killed.log" &
	client=$!
	for _ in $(seq 4000); do # until a trace is being written that holds samples
		part=$(find "$scratch/killed.db.traces" -name '*.part' 2>/dev/null | head -1 || true)
		[ -z "$part" ] || ! "$bench" trace show "$part" 2>/dev/null | grep -q '^samples  *[1-9]' || break
		kill -0 "$client" 2>/dev/null || fail "the run ended before it was killed"
		sleep 0.005
	done
	kill -KILL "$client"
	wait "$client" 2>/dev/null || true
	client=
	[ ! -e "$part" ] || break
done
[ -n "$part" ] && [ -e "$part" ] || fail "no run was killed while it wrote a trace"
plan 2 "attempts: 12" "traces: all"
bench killed >/dev/null 2>"$scratch/killed.log"
grep -q "repaired a trace that was cut off, [1-9][0-9]* samples: $part -> $scratch/killed.db.traces/.*\.h5" "$scratch/killed.log" ||
	{ cat "$scratch/killed.log" >&2; fail "the next run does not repair the trace"; }
repaired=$(sed -n "s/.*repaired a trace.* -> //p" "$scratch/killed.log" | head -1)
"$bench" trace show "$repaired" --check >"$scratch/show.out"
grep -q '^state  *repaired$' "$scratch/show.out" || fail "$repaired: does not say that it was repaired"
[ -z "$(find "$scratch/killed.db.traces" -name '*.part')" ] || fail "a .part file stays"
traces killed all 0
stop_rig

echo "--- disk full (after $SECONDS s)"
write_rig 17
rm -f "$scratch/virtual-rig.log"
start_rig
plan 2 "attempts: 2" "traces: all"
sed -i 's/window: .*/window: 2 s/' "$scratch/plan.yaml"
expect 4 "refused: trace: " bash -c 'ulimit -f 512; exec "$@"' - "$bench" run "$scratch/plan.yaml" --rig "$scratch/rig.yaml" --db "$scratch/full.db"
grep -qF "File too large" "$scratch/stderr" || fail "does not say what happened"
"$build/bin/rig_rows" "$scratch/full.db" 0 "trace: "
bench full >/dev/null 2>"$scratch/full.log"
"$build/bin/rig_rows" "$scratch/full.db" 2
grep -qE "repaired a trace|removed [0-9]+ traces that were cut off" "$scratch/full.log" ||
	fail "what is left of a full disk is not cleared up"
[ -z "$(find "$scratch/full.db.traces" -name '*.part')" ] || fail "a .part file stays"

echo "--- a wanted uncertainty (after $SECONDS s)"
plan 1 "target_uncertainty: 0.05 %"
expect 2 "target_uncertainty 0.05 %: meter ppk2-1 has 0.522 % from its gain (0.5 %) and supply (0.152 %) alone" bench target
plan 1 "attempts: 1" "target_uncertainty: 0.524 %" # the zero of the range and the burden come on top
expect 4 "uncertainty: target_uncertainty 0.524 % is below 0.526" bench target
# reached DB: prints the inferences of the accepted window and its relative uncertainty
reached() {
	"$build/bin/rig_dump" "$scratch/$1.db" | grep 'verdict accepted' | tr '|' '\n' |
		awk '$1 == "inferences" {n = $2} $1 == "energy_j" {e = $2} $1 == "energy_u_j" {u = $2} END {print n, u / e}'
}
plan 1
sed -i 's/window: .*/window: 10 ms/' "$scratch/plan.yaml"
bench short >/dev/null
echo "target_uncertainty: 0.527 %" >>"$scratch/plan.yaml"
bench long >/dev/null
echo "inferences and relative uncertainty: $(reached short), with a target $(reached long)"
awk -v short="$(reached short)" -v long="$(reached long)" 'BEGIN {
	split(short, s); split(long, l); exit !(s[2] > 0.00527 && l[2] <= 0.00527 && l[1] > s[1]) }' ||
	fail "the target did not make windows longer"
[ "$(ls "$scratch/long.db.traces" | wc -l)" -eq 1 ] || fail "a window without a row leaves a trace"

echo "--- soak (after $SECONDS s)"
plan 2 "soak: {drift: 2 %, limit: 20 s}"
bench soak >/dev/null
"$build/bin/rig_rows" "$scratch/soak.db" 2
plan 1 "soak: {drift: 0.0000001 %, limit: 1 s}" "attempts: 1" # noise alone is more
expect 4 "refused: drift: soak: after 1." bench unsettled
"$build/bin/rig_rows" "$scratch/unsettled.db" 0 "drift: soak: "
echo "traces are as they should be, after $SECONDS s"
