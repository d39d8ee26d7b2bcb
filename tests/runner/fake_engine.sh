#!/bin/sh
# What the runner needs of podman and docker: run, inspect, kill, rm, ps, image inspect, version. As with docker the
# command is started by a service, in another session and no descendant of the client's: `fake_engine.sh service` is to
# run before. What there is stands in $FAKE_ENGINE: a directory for each container, and all that was asked in `asked`.
set -u

state=$FAKE_ENGINE

note() { echo "$*" >>"$state/asked"; }

# The service: one line on its FIFO for each container to be started.
service() {
	[ -p "$state/requests" ] || mkfifo "$state/requests"
	exec 9<>"$state/requests"
	while read -r name <&9; do
		[ "$name" = stop ] && exit 0
		setsid sh "$state/$name/start" 9>&- </dev/null >"$state/$name/out" 2>"$state/$name/err" &
	done
}

quoted() { printf "'%s' " "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

run() {
	name='' label='' dir=/ given=''
	while [ $# -gt 0 ]; do
		case $1 in
		--name=*) name=${1#*=} ;;
		--label=*) label=${1#*=} ;;
		--workdir=*) dir=${1#*=} ;;
		--env=*=*) given="$given $(quoted "${1#--env=}")" ;;
		--env=*)
			variable=${1#--env=}
			given="$given $(quoted "$variable=$(printenv "$variable")")"
			;;
		--*) ;;
		*) break ;;
		esac
		shift
	done
	[ "$1" = broken ] && { echo "fake: no such runtime" >&2; exit 125; }
	shift # the image
	mkdir "$state/$name" || exit 125
	echo "$label" >"$state/$name/label"
	mkfifo "$state/$name/out" "$state/$name/err"
	words=
	for word; do words="$words $(quoted "$word")"; done
	{
		echo "echo \$\$ >'$state/$name/pid'"
		echo "cd '$dir'"
		echo "env -i PATH='$PATH' SG_TEST_LAB=$SG_TEST_LAB FAKE_CONTAINER='$name' $given $words"
		echo "echo \$? >'$state/$name/status'"
	} >"$state/$name/start"
	cat "$state/$name/out" &
	cat "$state/$name/err" >&2 &
	echo "$name" >"$state/requests"
	wait
	exit "$(cat "$state/$name/status" 2>/dev/null || echo 137)"
}

# A real one ends all of its PID namespace.
stop() {
	grep -lzs "^FAKE_CONTAINER=$1\$" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do
		kill -9 "$pid" 2>/dev/null
	done
	[ -e "$state/$1/pid" ] && kill -9 "$(cat "$state/$1/pid")" 2>/dev/null
	true
}

note "$@"
case $1 in
service) service ;;
version) exit 0 ;;
image) [ "$3" != missing ] ;;
run) shift && run "$@" ;;
inspect)
	for name; do :; done
	[ -d "$state/$name" ] || exit 1
	if [ -e "$state/$name/oom" ]; then echo true; else echo false; fi
	;;
kill) [ -d "$state/$2" ] && stop "$2" ;;
rm) [ -d "$state/$3" ] && { stop "$3"; rm -rf "${state:?}/$3"; } ;;
ps)
	for label; do :; done
	for dir in "$state"/*/; do
		[ "label=$(cat "$dir/label" 2>/dev/null)" = "$label" ] && basename "$dir"
	done
	exit 0
	;;
*) exit 125 ;;
esac
