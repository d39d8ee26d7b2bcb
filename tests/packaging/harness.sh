# The harness of the shell tests: test_case "name" function. `sh FILE_test.sh "name"` runs that case, and without a name all
# of them, each in a subshell with a directory of its own ($tmp).
# shellcheck shell=sh disable=SC2034,SC2154

wanted=${1:-}
source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
failures=0
found=no

fail() {
	echo "failed: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

# same WHAT EXPECTED ACTUAL
same() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# contains FILE TEXT, lacks FILE TEXT: as a fixed string
contains() {
	grep -Fq -e "$2" "$1" || {
		cat "$1" >&2
		fail "no '$2' in the above"
	}
}

lacks() {
	! grep -Fq -e "$2" "$1" || {
		cat "$1" >&2
		fail "'$2' is in the above"
	}
}

# exits CODE COMMAND...: runs it with its output in $tmp/out and $tmp/err.
exits() {
	expected=$1
	shift
	code=0
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
	[ "$code" -eq "$expected" ] || {
		cat "$tmp/out" "$tmp/err" >&2
		fail "exit code $code instead of $expected: $*"
	}
}

test_case() {
	[ -z "$wanted" ] || [ "$wanted" = "$1" ] || return 0
	found=yes
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/stressgen-test-XXXXXX")
	code=0
	("$2") || code=$?
	chmod -R u+w "$tmp"
	rm -rf "$tmp"
	[ -z "$wanted" ] || exit "$code"
	[ "$code" -eq 0 ] || [ "$code" -eq 77 ] || failures=$((failures + 1))
	echo "$1: exit $code"
}

# The last line of a test file.
finish() {
	[ "$found" = yes ] || {
		echo "no case '$wanted'" >&2
		exit 2
	}
	exit "$((failures > 0))"
}
