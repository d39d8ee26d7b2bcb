#!/bin/sh
# A bare Debian or Ubuntu, of the release that this machine runs, in a chroot of its own: to see what a new user sees.
# It needs root and debootstrap; mounts and processes are in namespaces that end with it. The base system and the
# downloaded packages are kept in ${XDG_CACHE_HOME:-~/.cache}/stressgen/bare-root, outside of the checkout.
set -eu

me=bare-root.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/stressgen/bare-root

usage() {
	cat <<-'END'
		Usage: tests/packaging/bare-root.sh COMMAND [ARGUMENT ...]

		  make            a base system (kept; about 200 MB)
		  new             a fresh root with this checkout's HEAD in /home/newcomer/stressgen; prints its directory
		  run ROOT CMD..  runs a command in it as root, in the checkout
		  user ROOT CMD.. the same as an ordinary user (who may not become root)
		  shell ROOT      a shell in it
		  remove ROOT     removes it
		  first           the whole first start in a root of its own, the second start, and an installed copy
		  second          ./stressgen-test in a root of its own

		Exit code 77: this machine cannot do it; the reason is on stderr.
	END
}

say() { printf '%s: %s\n' "$me" "$*" >&2; }

skip() {
	say "skipped: $*"
	exit 77
}

fail() {
	say "FAILED: $*"
	exit 1
}

# list_sources APT-OPTIONS: the lines of apt's sources that are the distribution's own releases.
list_sources() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		while read -r uri release component; do
			case $release in
			"$codename" | "$codename-updates" | "$codename-security") echo "deb $uri $release $component" ;;
			esac
		done | sort -u
}

# Codename, mirror and sources as this machine's apt has them. Where it has not fetched the package lists it tells
# nothing: then they are fetched, into a directory of our own.
read_sources() {
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
	sources=$(list_sources)
	if [ -z "$sources" ]; then
		mkdir -p "$cache/lists/partial"
		apt-get -qq -o Dir::State::lists="$cache/lists" update || :
		sources=$(list_sources -o Dir::State::lists="$cache/lists")
	fi
	mirror=$(printf '%s\n' "$sources" | awk -v release="$codename" '$3 == release { print $2; exit }')
	[ -n "$mirror" ] || skip "apt knows no mirror of '$codename', or cannot reach it"
	components=$(printf '%s\n' "$sources" | awk -v release="$codename" '$3 == release { print $4 }' | paste -sd,)
	base=$cache/$codename-$(dpkg --print-architecture)
}

check_machine() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	for tool in debootstrap unshare chroot apt-get flock; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	unshare --mount --pid --fork true 2>/dev/null || skip "no permission to make namespaces"
	mkdir -p "$cache/archives" "$cache/roots"
	# One at a time: the second would only wait for the first's downloads.
	exec 8>>"$cache/lock"
	flock -w 900 8 || fail "another one has held $cache/lock for 15 minutes"
}

make_base() {
	[ -d "$base" ] && return 0
	say "making $base (debootstrap)"
	rm -rf "$base.new"
	if ! debootstrap --variant=minbase --components="$components" "$codename" "$base.new" "$mirror" \
		>"$cache/debootstrap.log" 2>&1; then
		grep -Eq "Failed getting release file|Couldn't download|Invalid Release" "$cache/debootstrap.log" &&
			skip "the mirror cannot be reached: $(tail -n 1 "$cache/debootstrap.log")"
		tail -n 20 "$cache/debootstrap.log" >&2
		fail "debootstrap; see $cache/debootstrap.log"
	fi
	rm -rf "$base.new"/var/cache/apt/archives/*.deb
	mv "$base.new" "$base"
}

# new_root NAME: sets root, a base system with what a new machine's owner has: the network, apt's sources, a user, and
# the clone.
new_root() {
	# What a killed run left: the lock is ours, so nobody uses them.
	rm -rf "$cache"/roots/once-*
	make_base
	root=$(mktemp -d "$cache/roots/$1-XXXXXX")
	cp -a --reflink=auto "$base/." "$root"
	chmod 755 "$root"
	rm -rf "$root"/var/lib/apt/lists/*
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::((http|https|ftp)::|Check-|Retries)' >"$root/etc/apt/apt.conf.d/90host" || :
	case $sources in *https://*)
		mkdir -p "$root/etc/ssl/certs"
		cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
		;;
	esac
	chroot "$root" useradd --create-home newcomer
	mkdir "$root/home/newcomer/stressgen"
	git -c safe.directory='*' -C "$here" archive HEAD | tar -x -C "$root/home/newcomer/stressgen"
	chroot "$root" chown -R newcomer:newcomer /home/newcomer/stressgen
}

# inside USER COMMAND...: runs it in $root, in the checkout.
inside() {
	who=$1
	shift
	# shellcheck disable=SC2016 # the inner shell expands them
	root="$root" who="$who" archives="$cache/archives" \
		unshare --mount --pid --fork --kill-child --propagation private sh -euc '
		mount --bind "$root" "$root" # so that / is a mount point inside
		mount -t proc proc "$root/proc"
		mount --rbind /sys "$root/sys"
		mount -t tmpfs -o mode=755 tmpfs "$root/dev"
		for node in null zero full random urandom tty kmsg; do
			[ -e "/dev/$node" ] || continue
			touch "$root/dev/$node"
			mount --bind "/dev/$node" "$root/dev/$node"
		done
		mkdir "$root/dev/pts" "$root/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
		mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
		ln -s pts/ptmx "$root/dev/ptmx"
		ln -s /proc/self/fd "$root/dev/fd"
		ln -s /proc/self/fd/0 "$root/dev/stdin"
		ln -s /proc/self/fd/1 "$root/dev/stdout"
		ln -s /proc/self/fd/2 "$root/dev/stderr"
		mount --bind "$archives" "$root/var/cache/apt/archives"
		id=$(awk -F: -v name="$who" "\$1 == name { print \$3 \":\" \$4 }" "$root/etc/passwd")
		home=/root
		[ "$who" = root ] || home=/home/$who
		exec env -i HOME="$home" USER="$who" TERM="${TERM:-dumb}" \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ${http_proxy:+http_proxy="$http_proxy"} \
			chroot --userspec="$id" "$root" sh -c "cd /home/newcomer/stressgen && exec \"\$@\"" sh "$@"' sh "$@" 8>&-
}

# A root given by the user: one of ours.
named_root() {
	case ${1:-} in
	"$cache"/roots/?*) [ -d "$1" ] || fail "there is no root $1" ;;
	*) fail "'${1:-}' is not a root that 'new' made" ;;
	esac
	root=$1
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# The first command in a bare root, and what must hold afterwards.
first() {
	new_root once
	trap 'rm -rf "$root"' EXIT
	checkout=$root/home/newcomer/stressgen

	begin=$(milliseconds)
	inside root ./stressgen --depth 1000 </dev/null || fail "./stressgen --depth 1000: exit $?"
	say "the first start took $((($(milliseconds) - begin) / 1000)) s"
	for file in run.json journal.jsonl report.html report.json junit.xml; do
		set -- "$checkout"/stressgen-runs/*/"$file"
		[ -s "$1" ] || fail "the run has no $file"
	done

	# Nothing is built or installed a second time. `version` does nothing else, so this is what starting costs.
	touch "$checkout/before-second"
	begin=$(milliseconds)
	inside root ./stressgen version </dev/null || fail "./stressgen version: exit $?"
	spent=$(($(milliseconds) - begin))
	[ "$spent" -lt 1000 ] || fail "the second start took $spent ms"
	[ -z "$(find "$checkout/build" -newer "$checkout/before-second" -print -quit)" ] || fail "the second start built"

	inside root cmake --install build/release --prefix /opt/stressgen </dev/null >/dev/null || fail "cmake --install"
	rm -rf "$checkout"
	mkdir "$checkout"
	inside root /opt/stressgen/bin/stressgen --depth 100 -o /tmp/runs </dev/null ||
		fail "the installed stressgen without the checkout: exit $?"
	set -- "$root"/tmp/runs/report.html "$root"/tmp/runs/*/report.html
	[ -s "$1" ] || [ -s "${2:-}" ] || fail "the installed stressgen left no report"
	say "passed"
}

second() {
	new_root once
	trap 'rm -rf "$root"' EXIT
	inside root ./stressgen-test --no-bare-root "$@" </dev/null
}

[ $# -gt 0 ] || set -- --help
command=$1
shift
case $command in
-h | --help | help)
	usage
	exit 0
	;;
make | new | run | user | shell | remove | first | second) ;;
*)
	usage >&2
	exit 2
	;;
esac
check_machine
read_sources
case $command in
make) make_base ;;
new)
	new_root kept
	echo "$root"
	;;
run | user | shell | remove)
	named_root "${1:-}"
	shift
	case $command in
	run) inside root "$@" ;;
	user) inside newcomer "$@" ;;
	shell) inside root sh ;;
	remove) rm -rf "$root" ;;
	esac
	;;
first) first ;;
second) second "$@" ;;
esac
