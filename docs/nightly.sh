#!/bin/sh
# One night of a regression job: run, keep, judge. docs/nightly.md explains it; copy it and change what is yours.
#
#   nightly.sh SUITE KEEP [REFERENCE]
#
#   SUITE      what `stressgen gen` wrote once, with a seed of its own
#   KEEP       a directory: a run for each night, stressgen.db, trend.html
#   REFERENCE  a frozen build, as `run --against` takes it: figures are held against it, so that neither another
#              machine nor another kernel moves them. Without it times are advice only.
#
# BUDGET (45m) bounds the night, NIGHT (today's date) names it, TRIES (5) is how often a run is gone on with that
# self-protection stopped.
# Exit: what the run said where something did not end as expected or could not be run; else what the trend said.
set -u
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
	echo "usage: nightly.sh SUITE KEEP [REFERENCE]   (the head of this file explains them)" >&2
	exit 2
fi
suite=$1 keep=$2 reference=${3:-}
night=$keep/${NIGHT:-$(date -u +%F)}
mkdir -p "$keep" || exit 2

# A night that was interrupted (the machine went down, the job was killed) is gone on with.
night() {
	if [ -e "$night/run.json" ]; then
		stressgen run --resume -o "$night"
	elif [ -n "$reference" ]; then
		stressgen run "$suite" --against "$reference" --budget "${BUDGET:-45m}" --fail-on verdict --self-protect -o "$night"
	else
		stressgen run "$suite" --suite-timeout "${BUDGET:-45m}" --self-protect -o "$night"
	fi
}

night
ran=$?
left=${TRIES:-5}
while [ "$ran" -eq 42 ] && [ "$left" -gt 0 ]; do
	left=$((left - 1))
	sleep "${PAUSE:-300}" # somebody else needs the machine
	night
	ran=$?
done
[ "$ran" -le 1 ] || exit "$ran"

stressgen history add "$night" --db "$keep/stressgen.db" || exit
stressgen history trend --db "$keep/stressgen.db" --format html -o "$keep/trend.html" >/dev/null
stressgen history trend --db "$keep/stressgen.db"
trend=$?
[ "$ran" -eq 0 ] || exit "$ran"
exit "$trend"
