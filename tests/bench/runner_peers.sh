#!/bin/sh
# What a test costs by stressgen and by other runners: N times /bin/true, one after another, output captured, in turns
# in one run. Whoever is not installed is left out. runner_peers.sh [STRESSGEN [N]]
set -eu

stressgen=${1:-build/dev/bin/stressgen}
n=${2:-300}
rounds=3
case $stressgen in
/*) ;;
*) stressgen=$PWD/$stressgen ;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/suite" "$dir/prove" "$dir/ctest" "$dir/meson"
i=0
while [ "$i" -lt "$n" ]; do
	name=$(printf '%05d' "$i")
	ln -s /bin/true "$dir/suite/$name"
	ln -s /bin/true "$dir/prove/$name.t"
	echo "add_test([=[$name]=] \"/bin/true\")" >>"$dir/ctest/CTestTestfile.cmake"
	echo "test('$name', prog)" >>"$dir/meson/tests"
	i=$((i + 1))
done
{
	echo "project('peers')"
	echo "prog = find_program('/bin/true')"
	cat "$dir/meson/tests"
} >"$dir/meson/meson.build"

by_stressgen() {
	rm -rf "$dir/run"
	"$stressgen" run "$dir/suite" --no-preload --progress none -q -o "$dir/run"
}
by_ctest() { (cd "$dir/ctest" && ctest -j1); }
by_prove() { prove --exec '' -j1 "$dir"/prove/*.t || true; } # /bin/true prints no plan
by_parallel() { find "$dir/suite" -type l | parallel -j1 "{}"; }
by_meson() { meson test -C "$dir/meson/build" --no-rebuild --num-processes 1; }

peers=stressgen
for peer in ctest prove parallel meson; do
	if command -v "$peer" >/dev/null 2>&1; then
		peers="$peers $peer"
	else
		echo "$peer is not installed"
	fi
done
case $peers in
*meson*) meson setup "$dir/meson/build" "$dir/meson" >/dev/null 2>&1 ;;
esac
round=1
while [ "$round" -le "$rounds" ]; do
	for peer in $peers; do
		before=$(date +%s%N)
		"by_$peer" >/dev/null 2>&1
		echo $((($(date +%s%N) - before) / n / 1000)) >>"$dir/us.$peer"
	done
	round=$((round + 1))
done
ours=$(sort -n "$dir/us.stressgen" | sed -n 2p)
for peer in $peers; do
	us=$(sort -n "$dir/us.$peer" | sed -n 2p)
	awk -v p="$peer" -v us="$us" -v ours="$ours" \
		'BEGIN { printf "%-10s %6d us a test, stressgen %.2f times as much\n", p, us, ours / us }'
done
