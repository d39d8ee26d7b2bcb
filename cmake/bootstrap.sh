# What ./stressgen and ./stressgen-test share: missing packages, the build, a line of progress. They set `me` (the
# name to speak under) and `here` (the checkout), and source this only when there is something to do.
# shellcheck shell=sh disable=SC2154

# Talk goes to stderr; stdout is for data.
say() { printf '%s: %s\n' "$me" "$*" >&2; }

die() {
	code=$1
	shift
	say "$@"
	exit "$code"
}

on_terminal() { [ -t 0 ] && [ -t 2 ]; }

# progress TEXT PERCENT: one line that rewrites itself on a terminal, elsewhere a line at each quarter of the way.
# Without arguments it is over.
progress() {
	if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
		printf '\r\033[K%s' "${1:+$me: $1 $2 %}" >&2
	elif [ $# -eq 0 ]; then
		quarter=0
	elif [ -z "${2##*[!0-9]*}" ]; then
		:
	else
		passed=${quarter:-0}
		quarter=$(($2 / 25))
		[ "$quarter" -le "$passed" ] || say "$1 $2 %"
	fi
}

# show_end LOG: the last lines of a log, indented.
show_end() { tail -n 25 "$1" | sed 's/^/    /' >&2; }

# One builder at a time in a checkout; the lock ends with the process.
lock_build() {
	mkdir -p "$here/build" 2>/dev/null || :
	touch "$here/build/.lock" 2>/dev/null ||
		die 2 "cannot write in $here/build; make it writable, or use a checkout of your own"
	command -v flock >/dev/null || return 0
	exec 9>>"$here/build/.lock"
	flock -n 9 && return 0
	say "another build is under way in this checkout; waiting for it"
	flock 9
}

# --- Packages ---------------------------------------------------------------------------------------------------

# packages SECTION...: the lines of those sections of packages.txt, without comments.
packages() {
	for wanted; do
		section=
		while IFS= read -r line || [ -n "$line" ]; do
			line=${line%%#*}
			case $line in
			'['*) section=$line ;;
			*[a-z]*) [ "$section" != "[$wanted]" ] || printf '%s\n' "$line" ;;
			esac
		done <"$here/cmake/packages.txt"
	done
}

# Leaves out the lines "package (program)" whose program is in PATH.
without_found() {
	while IFS= read -r line; do
		program=${line##*(}
		program=${program%%)*}
		case $line in
		*'('*) command -v "$program" >/dev/null || printf '%s\n' "${line%%(*}" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# missing_packages SECTION...: what of them is not installed, on one line; of alternatives the first.
missing_packages() {
	wanted=$(packages "$@" | without_found)
	# shellcheck disable=SC2046,SC2016 # names are words; ${...} is dpkg's
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(printf '%s\n' "$wanted" | tr '|' ' ') \
		2>/dev/null | sed -n 's/^installed //p')
	missing=
	while IFS= read -r line; do
		first=
		for name in $line; do
			[ "$name" != '|' ] || continue
			first=${first:-$name}
			case "
$installed
" in *"
$name
"*) first=; break ;; esac
		done
		missing="$missing${first:+ $first}"
	done <<-END
		$wanted
	END
	printf '%s' "${missing# }"
}

# run_apt ARGUMENTS: apt-get as root, its output in the log. Its status lines get a descriptor of their own, made by a
# shell behind sudo, which passes none on.
run_apt() {
	printf '\n# apt-get %s\n' "$*" >>"$log"
	{
		code=0
		# shellcheck disable=SC2086 # as_root is a command with its arguments, or nothing
		$as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c 'exec apt-get -q -y "$@" 3>&1' apt-get \
			-o APT::Status-Fd=3 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 \
			"$@" </dev/null 2>&1 9>&- || code=$?
		printf '\nexit:%s\n' "$code"
	} | {
		code=1
		while IFS= read -r line; do
			percent=${line#*:*:}
			percent=${percent%%[.:]*}
			case $line in
			dlstatus:*) progress "fetching packages" "$percent" ;;
			pmstatus:*) progress "installing packages" "$percent" ;;
			exit:*) code=${line#exit:} ;;
			*) printf '%s\n' "$line" >>"$log" ;;
			esac
		done
		progress
		exit "$code"
	}
}

# Sets as_root to the command that makes us root; fails, and says why, where there is none.
find_root() {
	as_root=
	[ "$(id -u)" -ne 0 ] || return 0
	if ! command -v sudo >/dev/null; then
		say "they cannot be installed: this is not root, and there is no sudo"
		return 1
	fi
	as_root=sudo
	if ! on_terminal; then
		as_root="sudo -n"
		sudo -n true 2>/dev/null || {
			say "they cannot be installed: sudo wants a password, and there is no terminal to ask for it"
			return 1
		}
	fi
}

# Where apt is not the package manager we cannot install, but what is there may do.
without_apt() {
	for tool in cmake ninja pkg-config cc; do
		command -v "$tool" >/dev/null ||
			die 3 "'$tool' is missing, and only Debian's and Ubuntu's packages are known here;" \
				"install what stands for: $(packages build | tr -s ' |\n' ' ')"
	done
	say "not a Debian or Ubuntu: going on with what is installed"
}

# ensure_packages "SECTIONS" "OPTIONAL SECTIONS" YES: installs what is missing, after asking on a terminal unless YES.
# Exits 3 where it cannot; without the optional ones it goes on.
ensure_packages() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		without_apt
		return 0
	fi
	# shellcheck disable=SC2086 # sections are words
	required=$(missing_packages $1)
	# shellcheck disable=SC2086
	optional=$(missing_packages $2)
	[ -n "$required$optional" ] || return 0

	log=$here/build/packages.log
	: >"$log"
	all="$required${optional:+${required:+ }$optional}"
	say "missing packages: $all"
	if find_root && agreed "$3"; then
		install_packages && return 0
		say "apt-get failed; its last lines:"
		show_end "$log"
		say "the whole output is in $log"
	fi
	say "to install them by hand, as root: apt-get update && apt-get install --no-install-recommends $all"
	# shellcheck disable=SC2086
	[ -z "$(missing_packages $1)" ] || exit 3
	say "going on without them: the tests that need them are skipped"
}

# agreed YES: asks, but only on a terminal and where it was not said beforehand.
agreed() {
	[ "$1" != yes ] || return 0
	on_terminal || return 0
	printf '%s: install them with %sapt-get? [Y/n] ' "$me" "${as_root:+sudo }" >&2
	read -r answer || return 1
	case $answer in
	'' | [Yy]*) return 0 ;;
	*) return 1 ;;
	esac
}

# Installs $required and, apart from them, so that nothing is lost if one of these fails, $optional. The package lists
# may be absent (a fresh image has none) or older than what the mirror still holds: then they are fetched first, or
# between two attempts.
install_packages() {
	updated=no
	# shellcheck disable=SC2086 # packages are words
	apt-get -s install --no-install-recommends $all >/dev/null 2>&1 || update_lists || return 1
	say "installing them and what they depend on; the output is in $log"
	# shellcheck disable=SC2086
	[ -z "$required" ] || install_or_update $required || return 1
	known=
	for name in $optional; do
		if apt-cache show "$name" >/dev/null 2>&1; then
			known="$known $name"
		else
			say "this distribution has no package '$name': the tests that need it are skipped"
		fi
	done
	# shellcheck disable=SC2086
	[ -z "$known" ] || install_or_update $known
}

install_or_update() {
	run_apt install --no-install-recommends "$@" && return 0
	[ "$updated" = no ] && update_lists && run_apt install --no-install-recommends "$@"
}

update_lists() {
	updated=yes
	say "fetching the package lists"
	run_apt update
}

# --- Building ---------------------------------------------------------------------------------------------------

check_cmake() {
	version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p')
	major=${version%%.*}
	minor=${version#*.}
	minor=${minor%%.*}
	[ "${major:-0}" -gt 3 ] || { [ "${major:-0}" -eq 3 ] && [ "${minor:-0}" -ge 25 ]; } ||
		die 3 "cmake 3.25 or newer is needed, found '${version:-none}' (Debian 12, Ubuntu 24.04 and later have it)"
}

# build PRESET [STAMP]: configures it with $cmake_options and builds it; its output is in build/PRESET/build.log.
# Exits 5 when that fails. STAMP is left as old as the beginning of the build, and names the checkout.
build() {
	preset=$1
	stamp=${2:-}
	log=$here/build/$preset/build.log
	fresh=
	check_cmake
	mkdir -p "$here/build/$preset" || exit 2
	[ -z "$stamp" ] || printf '%s\n' "$here" >"$stamp.new"
	# A checkout that was moved or copied cannot use the old cache.
	cache=$here/build/$preset/CMakeCache.txt
	if [ -f "$cache" ] && ! grep -Fqx "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$cache"; then
		fresh=--fresh
	fi
	say "building ($preset); the output is in $log"
	{
		cd "$here"
		code=0
		{
			# shellcheck disable=SC2086 # options, or nothing
			cmake --preset "$preset" $fresh ${cmake_options:-} && cmake --build --preset "$preset"
		} </dev/null 2>&1 9>&- || code=$?
		printf '\nexit:%s\n' "$code"
	} | {
		code=1
		: >"$log"
		while IFS= read -r line; do
			case $line in
			exit:*) code=${line#exit:} ;;
			*) printf '%s\n' "$line" >>"$log" ;;
			esac
			case $line in
			'['[0-9]*/[0-9]*']'*)
				line=${line%%]*}
				line=${line#?}
				progress "building ($preset)" $((100 * ${line%/*} / ${line#*/}))
				;;
			esac
		done
		progress
		exit "$code"
	} || build_failed
	[ -z "$stamp" ] || mv "$stamp.new" "$stamp"
}

build_failed() {
	say "the build failed; its last lines:"
	show_end "$log"
	die 5 "the whole output is in $log"
}
