# ./stressgen and ./stressgen-test in a small checkout, on a machine whose apt, dpkg, sudo, cmake and ctest are played
# by scripts that write down what they were asked.
# shellcheck shell=sh disable=SC2154,SC2164,SC2317
# shellcheck source=tests/packaging/harness.sh
. "$(dirname -- "$0")/harness.sh"

# fake NAME: stdin becomes the program; it finds the machine's state in $machine.
fake() {
	{
		# shellcheck disable=SC2016 # the program expands them
		printf '#!/bin/sh\nmachine=%s\nprintf "%%s %%s\\n" %s "$*" >>"$machine/calls"\n' "$machine" "$1"
		cat
	} >"$bin/$1"
	chmod +x "$bin/$1"
}

# The machine: nothing installed, package lists missing, the user is root.
new_machine() {
	machine=$tmp/machine
	bin=$tmp/bin
	checkout=$tmp/checkout
	mkdir -p "$machine" "$bin" "$checkout/cmake"
	for tool in sh awk cat cp chmod dirname env find flock grep mkdir mv nproc readlink rm sed tail tee touch tr; do
		ln -s "$(command -v "$tool")" "$bin/$tool"
	done
	echo 0 >"$machine/uid"
	: >"$machine/installed"
	: >"$machine/calls"
	printf '#!/bin/sh\ncat %s/uid\n' "$machine" >"$bin/id"
	printf '#!/bin/sh\n' >"$bin/true"
	chmod +x "$bin/id" "$bin/true"

	fake dpkg-query <<-'END'
		code=0
		for name; do
			grep -qx "$name" "$machine/installed" && echo "installed $name" || code=1
		done
		exit $code
	END
	fake apt-cache <<-'END'
		! grep -qx "$2" "$machine/unknown" 2>/dev/null
	END
	fake apt-get <<-'END'
		case " $* " in
		*" -s "*) [ -f "$machine/lists" ] ;;
		*" update "*) touch "$machine/lists" ;;
		*" install "*)
			[ "$(cat "$machine/uid")" -eq 0 ] || [ -n "$FAKE_SUDO" ] || exit 100
			if [ -f "$machine/no-network" ]; then
				echo "E: Unable to fetch some archives"
				exit 100
			fi
			case " $* " in *" chromium "*) [ ! -f "$machine/broken-chromium" ] || exit 100 ;; esac
			echo "dlstatus:1:50.0:Retrieving" >&3
			echo "pmstatus:gcc:amd64:33.3:Unpacking" >&3
			echo "Setting up gcc"
			for name; do echo "$name" >>"$machine/installed"; done
			;;
		esac
	END
	fake cmake <<-'END'
		case $1 in
		--version) echo "cmake version $(cat "$machine/cmake-version" 2>/dev/null || echo 3.25.1)" ;;
		--preset)
			mkdir -p "build/$2"
			echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >"build/$2/CMakeCache.txt"
			;;
		--build)
			echo "[1/2] Building C object"
			[ ! -f "$machine/broken-source" ] || { echo "main.c:7: error: no"; exit 1; }
			mkdir -p "build/$3/bin"
			printf '#!/bin/sh\necho "in $PWD: $*"\nexit 42\n' >"build/$3/bin/stressgen"
			chmod +x "build/$3/bin/stressgen"
			echo "[2/2] Linking"
			;;
		esac
	END
	fake ctest <<-'END'
		case " $* " in
		*" -R nothing "*) echo "No tests were found!!!" ;;
		*" dev "*)
			[ -f "$machine/dev-fails" ] && { cat "$machine/dev-fails"; exit 8; }
			echo "100% tests passed, 0 tests failed out of 2"
			;;
		*) echo "100% tests passed, 0 tests failed out of 1" ;;
		esac
	END

	cp "$source_dir/stressgen" "$source_dir/stressgen-test" "$checkout/"
	cp "$source_dir/cmake/bootstrap.sh" "$source_dir/cmake/packages.txt" "$checkout/cmake/"
	for folder in base gen alloc runner stress reports cli; do
		mkdir "$checkout/$folder"
		echo "int x;" >"$checkout/$folder/x.c"
	done
	touch "$checkout/CMakeLists.txt" "$checkout/CMakePresets.json"
}

with_sudo() {
	fake sudo <<-'END'
		[ ! -f "$machine/sudo-refuses" ] || exit 1
		[ "$1" != -n ] || shift
		export FAKE_SUDO=yes
		exec "$@"
	END
}

# start CODE ARGUMENTS: ./stressgen on that machine; start_test CODE ARGUMENTS: ./stressgen-test
start() {
	expected=$1
	shift
	exits "$expected" env PATH="$bin" "$checkout/stressgen" "$@"
}

start_test() {
	expected=$1
	shift
	exits "$expected" env PATH="$bin" "$checkout/stressgen-test" "$@"
}

# on_terminal ANSWER ARGUMENTS: the same on a terminal where ANSWER is typed; sets code.
on_terminal() {
	answer=$1
	shift
	command -v script >/dev/null || skip "script is not installed"
	# The answer waits in the terminal's buffer until it is read.
	code=0
	(
		echo "$answer"
		sleep 1
	) | script -qec "PATH=$bin TERM=dumb '$checkout/stressgen' $*" /dev/null >"$tmp/out" 2>&1 || code=$?
}

calls() { grep -c "^$1" "$machine/calls" || :; }

first_start() {
	new_machine
	cd "$tmp"
	start 42 --depth 1000 "a b"
	same "stdout" "in $tmp: --depth 1000 a b" "$(cat out)"
	contains err "missing packages: gcc libc6-dev cmake ninja-build pkgconf libuv1-dev"
	lacks err libcmocka-dev
	contains machine/installed libjemalloc-dev
	contains checkout/build/packages.log "Setting up gcc"
	contains checkout/build/release/build.log "[2/2] Linking"
	contains machine/calls "cmake --preset release"
}
test_case "packaging: the first start installs what is missing, builds, and runs stressgen where it was called" first_start

second_start() {
	new_machine
	start 42
	: >"$machine/calls"
	start 42 version
	same "stderr" "" "$(cat "$tmp/err")"
	same "programs called" "" "$(cat "$machine/calls")"
}
test_case "packaging: the second start neither installs nor builds, and says nothing" second_start

# CPU time, since a busy machine does not change that; `times` has that of the programs started in its second line.
second_start_is_fast() {
	new_machine
	start 42
	times >"$tmp/before"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		start 42
	done
	times >"$tmp/after"
	spent=$(awk 'FNR == 2 { split($1, user, "[ms]"); split($2, kernel, "[ms]"); last = ms
		ms = (user[1] * 60 + user[2] + kernel[1] * 60 + kernel[2]) * 1000 }
		END { print int((ms - last) / 10) }' "$tmp/before" "$tmp/after")
	case $spent in
	[1-9] | [1-9][0-9]) ;;
	*) fail "a start costs $spent ms of CPU time" ;;
	esac
}
test_case "packaging: a start costs less than 100 ms of CPU time when nothing is to be built" second_start_is_fast

changed_source() {
	new_machine
	start 42
	# What tar, rsync and cp -p do: a new content with an old time.
	for change in "touch -d 2001-01-01 reports/x.c" "touch gen/new.c" "rm gen/new.c" "touch CMakeLists.txt"; do
		: >"$machine/calls"
		(cd "$checkout" && $change)
		start 42
		same "builds after '$change'" 1 "$(calls 'cmake --build')"
		same "apt-get calls after '$change'" 0 "$(calls apt-get)"
	done
	: >"$machine/calls"
	start 42
	same "builds after no change" 0 "$(calls 'cmake --build')"
}
test_case "packaging: a source that changed, came or went is built once, whatever its time says" changed_source

moved_checkout() {
	new_machine
	start 42
	mv "$checkout" "$tmp/elsewhere"
	checkout=$tmp/elsewhere
	: >"$machine/calls"
	start 42
	contains "$machine/calls" "cmake --preset release --fresh"
}
test_case "packaging: a checkout that was moved is configured afresh" moved_checkout

through_a_link() {
	new_machine
	mkdir "$tmp/home"
	ln -s ../checkout/stressgen "$tmp/home/sg"
	cd "$tmp/home"
	exits 42 env PATH="$bin" ./sg list
	same "stdout" "in $tmp/home: list" "$(cat "$tmp/out")"
}
test_case "packaging: ./stressgen works through a symbolic link" through_a_link

no_root() {
	new_machine
	echo 1000 >"$machine/uid"
	start 3
	contains "$tmp/err" "not root, and there is no sudo"
	contains "$tmp/err" "apt-get update && apt-get install --no-install-recommends gcc libc6-dev cmake"
	same "apt-get calls" 0 "$(calls apt-get)"
	with_sudo
	touch "$machine/sudo-refuses"
	start 3
	contains "$tmp/err" "sudo wants a password"
}
test_case "packaging: an ordinary user who cannot become root is told the command, exit 3" no_root

through_sudo() {
	new_machine
	echo 1000 >"$machine/uid"
	with_sudo
	start 42
	contains "$machine/calls" "sudo -n env DEBIAN_FRONTEND=noninteractive"
}
test_case "packaging: an ordinary user installs through sudo" through_sudo

terminal_no() {
	new_machine
	on_terminal n
	same "exit code" 3 "$code"
	contains "$tmp/out" "[Y/n]"
	contains "$tmp/out" "apt-get install --no-install-recommends gcc"
	same "installed" "" "$(cat "$machine/installed")"
}
test_case "packaging: on a terminal it asks, and no means exit 3 with nothing installed" terminal_no

terminal_yes() {
	new_machine
	on_terminal ""
	same "exit code" 42 "$code"
	same "questions" 1 "$(grep -c 'Y/n' "$tmp/out")"
	contains "$machine/installed" gcc
}
test_case "packaging: on a terminal the return key means yes" terminal_yes

terminal_option() {
	new_machine
	on_terminal n --depth 10 --yes
	same "exit code" 42 "$code"
	lacks "$tmp/out" "Y/n"
}
test_case "packaging: --yes anywhere on the command line asks nothing" terminal_option

lists() {
	new_machine
	start 42
	same "updates" 1 "$(calls 'apt-get.* update')"
	sed -i /gcc/d "$machine/installed"
	: >"$machine/calls"
	touch "$checkout/base/y.c"
	start 42
	same "updates with lists present" 0 "$(calls 'apt-get.* update')"
	contains "$tmp/err" "missing packages: gcc"
	lacks "$tmp/err" "libuv1-dev"
}
test_case "packaging: the package lists are fetched only where they are missing" lists

apt_fails() {
	new_machine
	touch "$machine/lists" "$machine/no-network"
	start 3
	contains "$tmp/err" "    E: Unable to fetch some archives"
	contains "$tmp/err" "$checkout/build/packages.log"
	# The lists may be older than the mirror: they are fetched before the second attempt.
	same "attempts" 2 "$(calls 'apt-get -q -y .* install')"
	same "updates" 1 "$(calls 'apt-get.* update')"
	rm "$machine/no-network"
	start 42
}
test_case "packaging: a failing apt-get is tried with new lists, then shown, exit 3" apt_fails

build_fails() {
	new_machine
	touch "$machine/broken-source"
	start 5
	contains "$tmp/err" "    main.c:7: error: no"
	contains "$tmp/err" "$checkout/build/release/build.log"
	rm "$machine/broken-source"
	start 42
}
test_case "packaging: a failing build shows its end and its log, exit 5, and is tried again" build_fails

old_cmake() {
	new_machine
	echo 3.22.1 >"$machine/cmake-version"
	start 3
	contains "$tmp/err" "cmake 3.25 or newer is needed, found '3.22.1'"
	echo 4.0.2 >"$machine/cmake-version"
	start 42
}
test_case "packaging: a cmake that is too old is named, exit 3" old_cmake

not_debian() {
	new_machine
	rm "$bin/apt-get" "$bin/dpkg-query"
	start 3
	contains "$tmp/err" "'ninja' is missing"
	for tool in ninja pkg-config cc; do
		ln -s "$bin/cat" "$bin/$tool"
	done
	start 42
	contains "$tmp/err" "going on with what is installed"
}
test_case "packaging: where apt is missing it goes on with what is there, or exit 3" not_debian

alternatives() {
	new_machine
	start 42
	sed -i 's/^pkgconf$/pkg-config/' "$machine/installed"
	touch "$checkout/base/y.c"
	start 42
	lacks "$tmp/err" "missing packages"
}
test_case "packaging: either of two alternative packages will do" alternatives

not_writable() {
	new_machine
	touch "$checkout/build" # a file: root too cannot make a directory there
	start 2
	contains "$tmp/err" "cannot write in $checkout/build"
}
test_case "packaging: a checkout that cannot be written is said, exit 2" not_writable

two_builders() {
	new_machine
	mkdir -p "$checkout/build"
	(
		flock 9
		touch "$tmp/held"
		sleep 1
	) 9>>"$checkout/build/.lock" &
	while [ ! -e "$tmp/held" ]; do sleep 0.05; done
	start 42
	contains "$tmp/err" "another build is under way"
	wait
}
test_case "packaging: a second builder waits for the first" two_builders

test_summary() {
	new_machine
	start_test 0
	same "the last lines" "100% tests passed, 0 tests failed out of 2 (dev)
100% tests passed, 0 tests failed out of 1 (asan)" "$(tail -n 2 "$tmp/out")"
	contains "$machine/installed" libcmocka-dev
	contains "$machine/installed" chromium
	{
		echo "      Start 1: the sea"
		echo "      Start 2: the sky"
		echo "1/2 Test #1: the sea ...***Failed    0.03 sec"
		echo "it is not blue"
		echo "2/2 Test #2: the sky ...***Skipped   0.01 sec"
		echo "it is night"
		echo
		echo "50% tests passed, 1 tests failed out of 2"
		echo
		echo "The following tests FAILED:"
		printf '\t  1 - the sea (Failed)\n'
		echo "Errors while running CTest"
	} >"$machine/dev-fails"
	start_test 1
	same "the last lines" "1/2 Test #1: the sea ...***Failed    0.03 sec
it is not blue
50% tests passed, 1 tests failed out of 2 (dev)
  1 - the sea (Failed)
100% tests passed, 0 tests failed out of 1 (asan)" "$(tail -n 5 "$tmp/out")"
	start_test 0 --asan-only
	start_test 2 -R nothing
	contains "$tmp/err" "no test matches"
}
test_case "packaging: stressgen-test ends with what failed and both summaries, and fails when either does" test_summary

test_build_fails() {
	new_machine
	touch "$machine/broken-source"
	start_test 5
	same "ctest runs" 0 "$(calls ctest)"
}
test_case "packaging: stressgen-test exits 5 without testing when the build fails" test_build_fails

test_options() {
	new_machine
	start_test 0 --no-browser --no-bare-root --dev-only -R "gen: "
	lacks "$machine/installed" chromium
	lacks "$machine/installed" debootstrap
	contains "$machine/calls" "-LE chromium|bare-root"
	contains "$machine/calls" "-R gen: "
	same "asan runs" 0 "$(calls 'ctest --preset asan')"
}
test_case "packaging: stressgen-test passes ctest's options on and can leave the browser out" test_options

all_runtimes() {
	new_machine
	start_test 0 --dev-only
	contains "$machine/installed" guile-3.0
	lacks "$machine/installed" sbcl
	contains "$machine/calls" "cmake --preset dev -DSG_ALL_RUNTIMES=OFF"
	ln -s "$bin/cat" "$bin/racket"
	echo ecl >"$machine/unknown"
	start_test 0 --all-runtimes
	contains "$machine/installed" sbcl
	contains "$machine/installed" picolisp
	lacks "$machine/installed" racket
	contains "$tmp/err" "no package 'ecl'"
	contains "$machine/calls" "cmake --preset dev -DSG_ALL_RUNTIMES=ON"
}
servers() {
	new_machine
	start_test 0 --dev-only
	lacks "$machine/installed" nginx
	ln -s "$bin/cat" "$bin/h2o"
	start_test 0 --dev-only --servers
	contains "$machine/installed" nginx
	contains "$machine/installed" haproxy
	lacks "$machine/installed" h2o
}
test_case "packaging: stressgen-test installs servers, which start as services, with --servers only" servers

test_case "packaging: stressgen-test --all-runtimes installs the runtimes that are neither there nor unknown" all_runtimes

broken_optional() {
	new_machine
	touch "$machine/broken-chromium"
	start_test 0
	contains "$tmp/err" "apt-get failed"
	contains "$tmp/err" "going on without them"
	start 42
}
test_case "packaging: stressgen-test goes on when only the optional packages fail" broken_optional

unknown_optional() {
	new_machine
	echo chromium >"$machine/unknown"
	start_test 0
	contains "$tmp/err" "no package 'chromium'"
	contains "$machine/installed" debootstrap
	lacks "$machine/installed" chromium
}
test_case "packaging: stressgen-test goes on without an optional package that the distribution lacks" unknown_optional

finish
