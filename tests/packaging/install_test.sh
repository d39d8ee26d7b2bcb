# What cmake --install leaves behind, from the build directory in $SG_BUILD_DIR.
# shellcheck shell=sh disable=SC2154,SC2164,SC2317
# shellcheck source=tests/packaging/harness.sh
. "$(dirname -- "$0")/harness.sh"

install_copy() {
	exits 0 cmake --install "${SG_BUILD_DIR:?}" --prefix "$tmp/first"
	# An installed tree may be moved.
	mv "$tmp/first" "$tmp/prefix"
	prefix=$tmp/prefix
}

whole() {
	install_copy
	# Debian has libraries in lib/, or in a directory of the architecture below it.
	for file in bin/stressgen libexec/stressgen/stressgen-lua libexec/stressgen/stressgen-eval libexec/stressgen/stressgen-h2 libexec/stressgen/stressgen-native libexec/stressgen/stressgen-init \
		'lib*/stressgen/libstressalloc.so lib/*/stressgen/libstressalloc.so' \
		'share/stressgen/kernels/*/*.kernel' 'share/stressgen/dialects/*.dialect' 'share/stressgen/scenarios/*.h2' \
		include/stressgen/slab_probe.h share/man/man1/stressgen.1 \
		share/bash-completion/completions/stressgen share/zsh/site-functions/_stressgen \
		share/fish/vendor_completions.d/stressgen.fish share/doc/stressgen/LICENSE; do
		found=
		# shellcheck disable=SC2086 # patterns
		for path in $(cd "$prefix" && echo $file); do
			[ ! -s "$prefix/$path" ] || found=yes
		done
		[ -n "$found" ] || fail "$file is not installed"
	done
	same "links out of the installed tree" "" "$(find "$prefix" -type l)"
}
test_case "packaging: the installed tree is whole, and has no link to the checkout" whole

agree() {
	install_copy
	for folder in kernels dialects scenarios; do
		diff -r "$source_dir/gen/$folder" "$prefix/share/stressgen/$folder" || fail "$folder differs"
	done
	"$SG_BUILD_DIR/bin/stressgen" list >"$tmp/built" || fail "stressgen list"
	"$prefix/bin/stressgen" list >"$tmp/installed" || fail "the installed stressgen list"
	[ -s "$tmp/built" ] || fail "nothing is listed"
	cmp "$tmp/built" "$tmp/installed" || fail "the lists differ"
}
test_case "packaging: the installed stressgen lists what the built one lists" agree

elsewhere() {
	install_copy
	mkdir "$tmp/cwd"
	cd "$tmp/cwd"
	exits 0 "$prefix/bin/stressgen" --depth 20 --kernel recursion/sum -o "$tmp/runs" </dev/null
	for file in journal.jsonl report.html report.json junit.xml; do
		set -- "$tmp"/runs/"$file" "$tmp"/runs/*/"$file"
		[ -s "$1" ] || [ -s "${2:-}" ] || fail "the run has no $file"
	done
	# The run used the installed programs alone.
	! grep -rFl "$SG_BUILD_DIR/" "$tmp/runs" || fail "the run names the build directory"
}
test_case "packaging: the installed stressgen runs from any directory" elsewhere

header() {
	install_copy
	printf '#include <stressgen/slab_probe.h>\nint main(void) { return 0; }\n' >"$tmp/use.c"
	exits 0 cc -std=c99 -pedantic -Wall -Wextra -Werror -I "$prefix/include" "$tmp/use.c" -o "$tmp/use"
	exits 0 "$tmp/use"
	man=$(find "$prefix/share/man" -name 'stressgen.1')
	command -v mandoc >/dev/null || return 0
	exits 0 mandoc -T lint -W error "$man"
}
test_case "packaging: a C99 program builds with the installed slab_probe.h" header

finish
