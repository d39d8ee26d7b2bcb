# What must hold of the tree as a whole.
# shellcheck shell=sh disable=SC2154,SC2164,SC2317
# shellcheck source=tests/packaging/harness.sh
. "$(dirname -- "$0")/harness.sh"

# The files of the project, below $source_dir: git's, or all but what is made.
files() {
	cd "$source_dir" || exit 1
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files
	else
		find . -path ./build -prune -o -path ./stressgen-runs -prune -o -type f -print | sed 's,^\./,,'
	fi
}

# The same without pictures and what fuzzers eat.
texts() { files | grep -Ev '\.(png|svg|gz|bin)$|^tests/fuzz/.*corpus'; }

scripts() {
	texts | while IFS= read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) head -n 1 "$source_dir/$file" 2>/dev/null | grep -Eq '^#! ?(/usr)?/bin/(env )?(ba|da)?sh' && echo "$file" ;;
		esac
	done
}

# A path of the machine that the checkout is on means nothing on another one.
no_machine_paths() {
	# The directory above the checkout tells more, unless every machine has it.
	place=$(dirname "$source_dir")
	case $place in
	/ | /tmp | /home | /home/* | /root | /srv | /opt | /mnt | /usr/* | /var/*) place=$source_dir ;;
	esac
	pattern="(^|[^A-Za-z0-9_./}-])$(printf %s "$place" | sed 's/[].*+?(){}|^$[]/\\&/g')/"
	texts >"$tmp/files"
	! (cd "$source_dir" && xargs -d '\n' grep -nE -e "$pattern" <"$tmp/files") || fail "the above name $place/"
}
test_case "packaging: no file names a path of this machine" no_machine_paths

# Packages come from the sources that the user's machine has set up; nothing else is fetched.
known_hosts() {
	texts >"$tmp/files"
	(cd "$source_dir" && xargs -d '\n' grep -nEo 'https?://([a-z0-9-]+\.)+[a-z]+' <"$tmp/files") |
		grep -Ev '[/.](example|test|invalid)(\.(com|org|net))?$|://(www\.w3\.org|www\.rfc-editor\.org|openmetrics\.io|json-schema\.org|github\.com)$' \
			>"$tmp/unknown"
	[ ! -s "$tmp/unknown" ] || {
		cat "$tmp/unknown" >&2
		fail "the above are hosts that the project has no business with"
	}
}
test_case "packaging: no file names a host but examples, standards and references" known_hosts

shell_syntax() {
	scripts >"$tmp/scripts"
	[ "$(wc -l <"$tmp/scripts")" -ge 6 ] || fail "only $(wc -l <"$tmp/scripts") scripts found"
	while IFS= read -r file; do
		case $(head -n 1 "$source_dir/$file") in
		*bash) bash -n "$source_dir/$file" ;;
		*) sh -n "$source_dir/$file" ;;
		esac || fail "$file"
	done <"$tmp/scripts"
}
test_case "packaging: every shell script parses" shell_syntax

shell_lint() {
	command -v shellcheck >/dev/null || skip "shellcheck is not installed"
	scripts >"$tmp/scripts"
	cd "$source_dir"
	xargs -d '\n' shellcheck -x <"$tmp/scripts" || fail "shellcheck"
}
test_case "packaging: shellcheck has nothing to say" shell_lint

executable() {
	for file in stressgen stressgen-test .ci/run tests/packaging/bare-root.sh; do
		[ -x "$source_dir/$file" ] || fail "$file cannot be executed"
	done
}
test_case "packaging: what is typed can be executed" executable

two_commands() {
	cd "$source_dir"
	contains README.md "./stressgen --depth 10000"
	contains README.md "./stressgen-test "
	# CI answers the one question beforehand; the rest of its command is in the README too.
	command=$(sed -n 's,^exec \(\./stressgen-test .*\),\1,p' .ci/run | sed 's/ --yes//')
	[ -n "$command" ] || fail ".ci/run does not end in ./stressgen-test"
	contains README.md "\`$command\`"
	contains tests/packaging/bare-root.sh "./stressgen --depth"
	contains tests/packaging/bare-root.sh "./stressgen-test"
}
test_case "packaging: README and CI have the same two commands" two_commands

links() {
	cd "$source_dir"
	texts | grep '\.md$' >"$tmp/pages"
	[ -s "$tmp/pages" ] || fail "there is no documentation"
	while IFS= read -r page; do
		grep -Eo '\]\([^)#: ]+' "$page" | sed 's/^](//' | while IFS= read -r target; do
			[ -e "$(dirname "$page")/$target" ] || echo "$page: $target"
		done
		# Paths in backquotes that begin with one of our folders; the pages in docs/ name examples too.
		case $page in docs/*) continue ;; esac
		# shellcheck disable=SC2016 # a backquote
		grep -Eo '`(base|gen|alloc|runner|stress|reports|cli|tests|docs|cmake)/[a-z0-9_./-]+`' "$page" | tr -d '`' |
			while IFS= read -r target; do
				[ -e "$target" ] || echo "$page: $target"
			done
	done <"$tmp/pages" >"$tmp/dead"
	[ ! -s "$tmp/dead" ] || {
		cat "$tmp/dead" >&2
		fail "the documentation names the above, which do not exist"
	}
}
test_case "packaging: every file that the documentation names exists" links

packages() {
	sed 's/#.*//' "$source_dir/cmake/packages.txt" | grep . >"$tmp/lines"
	name='[a-z0-9][a-z0-9.+-]*'
	! grep -Ev "^(\[[a-z-]+\]|$name( \| $name| \($name\))?)[[:space:]]*$" "$tmp/lines" ||
		fail "packages.txt has the above lines, which are neither section nor package"
	sed -i 's/ *(.*//' "$tmp/lines"
	same "packages named twice" "" "$(sort "$tmp/lines" | uniq -d)"
	command -v apt-cache >/dev/null || skip "not a Debian"
	[ -n "$(apt-cache dump 2>/dev/null | head -c 1)" ] || skip "apt has no package lists"
	apt-cache pkgnames | sort >"$tmp/known"
	tr '|' '\n' <"$tmp/lines" | grep -v '\[' | tr -d ' ' | sort | comm -23 - "$tmp/known" >"$tmp/unknown"
	[ ! -s "$tmp/unknown" ] || fail "the distribution has no $(cat "$tmp/unknown")"
}
test_case "packaging: every package in the list exists" packages

formatted() {
	command -v clang-format >/dev/null || skip "clang-format is not installed"
	clang-format --version | grep -q ' version 14\.' || skip "clang-format is not version 14, which the style is for"
	cd "$source_dir"
	texts | grep '\.[ch]$' | grep -v '/golden/' | xargs -d '\n' clang-format --dry-run --Werror 2>"$tmp/unformatted" ||
		fail "clang-format -i would change: $(sed -n 's/:[0-9]*:[0-9]*: error: .*//p' "$tmp/unformatted" | sort -u | tr '\n' ' ')"
}
test_case "packaging: the sources are formatted" formatted

# gcc compiles them to test them; clang reads them all once, with the same warnings.
second_compiler() {
	command -v clang >/dev/null || skip "clang is not installed"
	command -v python3 >/dev/null || skip "python3 is not installed"
	python3 - "${SG_BUILD_DIR:?}/compile_commands.json" >"$tmp/commands" <<-'END'
		import json, shlex, sys
		for entry in json.load(open(sys.argv[1])):
		    words = shlex.split(entry["command"])[1:]
		    at = words.index("-o")
		    del words[at:at + 2]
		    words.remove("-c")
		    words = [word for word in words if not word.startswith("-mmemset-strategy=")] # gcc alone has it
		    print("cd", shlex.quote(entry["directory"]), "&& clang -fsyntax-only -Werror", shlex.join(words))
	END
	[ "$(wc -l <"$tmp/commands")" -gt 20 ] || fail "compile_commands.json is nearly empty"
	xargs -d '\n' -n 1 -P "$(nproc)" sh -c <"$tmp/commands" || fail "clang"
}
test_case "packaging: clang has no warning about any source" second_compiler

finish
