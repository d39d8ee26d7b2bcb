# docs/nightly.sh, the job that docs/nightly.md shows, over some nights.
# shellcheck shell=sh disable=SC2154,SC2164,SC2317,SC2016
# shellcheck source=tests/packaging/harness.sh
. "$(dirname -- "$0")/harness.sh"

PATH=${SG_BUILD_DIR:?}/bin:$PATH
export STRESSGEN_PAIRS=1 STRESSGEN_CONFIRM=0 STRESSGEN_CONTROL=no STRESSGEN_PROGRESS=none STRESSGEN_PRELOAD=no PAUSE=0

# A suite of one test that counts what $WORK says, and a frozen build of it, which counts 1000.
prepare() {
	cd "$tmp"
	mkdir suite
	printf '# @Test gc/a\n# @Run sh {file}\necho "@@ gauge work ${WORK:-1000} bytes"\nexit ${CODE:-0}\n' >suite/a.sh
	printf '#!/bin/sh\nWORK=1000 CODE=0 exec sh "$@"\n' >frozen
	chmod +x frozen
}

# night EXIT NAME
night() {
	NIGHT=$2 exits "$1" sh "$source_dir/docs/nightly.sh" suite keep ./frozen
}

moved() {
	prepare
	for n in 1 2 3 4 5 6 7 8; do night 0 "$n"; done
	WORK=1300
	export WORK
	night 0 9 # once is an accident
	night 1 10
	contains "$tmp/out" "1 regressed (1 new)"
	[ -s keep/trend.html ] || fail "no page of the history"
	stressgen history annotate 9 'more is meant' --accept --db keep/stressgen.db >"$tmp/out" || fail "annotate"
	night 0 11
}
test_case "nightly: a change that two nights running have is exit 1, until it is accepted" moved

failed() {
	prepare
	night 0 1
	CODE=3 night 1 2
	same "nights that were recorded" 2 "$(stressgen history list --db keep/stressgen.db | grep -c '^ *[0-9]')"
}
test_case "nightly: a test that fails is exit 1 the same night, and the night is kept" failed

resumed() {
	prepare
	stressgen run suite --against ./frozen --fail-on verdict -o keep/1 >/dev/null 2>&1 || fail "the run"
	sed '$d' keep/1/journal.jsonl >short && cp short keep/1/journal.jsonl # its end was never written
	night 0 1
	same "nights that were recorded" 1 "$(stressgen history list --db keep/stressgen.db | grep -c 'all as expected')"
}
test_case "nightly: a night that was interrupted is gone on with" resumed

bad() {
	prepare
	exits 2 sh "$source_dir/docs/nightly.sh" suite
	contains "$tmp/err" "usage: nightly.sh SUITE KEEP"
	NIGHT=1 exits 2 sh "$source_dir/docs/nightly.sh" nosuite keep ./frozen
	NIGHT=1 exits 3 sh "$source_dir/docs/nightly.sh" suite keep ./nofrozen
	[ ! -e keep/stressgen.db ] || fail "a night that could not be run was recorded"
}
test_case "nightly: what cannot be run is told by its exit code, and not recorded" bad

finish
