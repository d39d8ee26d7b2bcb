#!/bin/bash
# HTTP/2 servers that are not ours, from Debian's packages, each with a configuration of its own in a temporary
# directory, on a free port of 127.0.0.1; nothing of the system's configuration is read, no service is started.
#
#   servers.sh STRESSGEN-H2 load    [SERVER...]   our load on each: every response right
#   servers.sh STRESSGEN-H2 attacks [SERVER...]   every attack of gen/scenarios on each, and "idle", which is none: a
#                                                 Markdown table; of those that $ATTACKS matches (a pattern of the
#                                                 shell's); what each printed stays in $OUTPUTS/SERVER/ATTACK.txt, and
#                                                 its frames beside it where $FRAMES is set; those that wait for a
#                                                 timeout wait for $PATIENCE (20s)
#   servers.sh STRESSGEN-H2 drain   [SERVER...]   SIGTERM under load: what was accepted is answered
#   servers.sh STRESSGEN-H2 clients               curl, nghttp and httpx against our server
#   servers.sh STRESSGEN-H2 own ENGINE tls|unix   every attack on our server, over TLS or a unix socket: all right
#
# Exit 0: all right (attacks: all performed); 1: not; 77: none of the servers is there.
# shellcheck disable=SC2317 # "run_$mode" is what reaches them
set -u

program=$1 mode=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
scenarios=$here/../../gen/scenarios
all="nghttpd nginx h2o apache2 haproxy node"
PATH=$PATH:/usr/sbin
work=$(mktemp -d)
pid='' behind_pid=''
# First asked, so that it takes its own processes with it.
stop() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  fi
  pid=
  [ -z "$behind_pid" ] || kill "$behind_pid"
  behind_pid=
}
trap 'stop; rm -rf "$work"' EXIT

# ---- what is served: the same bytes as our own server's routes -------------------------------------------------

mkdir -p "$work/root/bytes" "$work/run" "$work/log"
# own_server OPTION...: starts our own; sets `own` and `port`.
own_server() {
  : >"$work/own"
  "$program" server "$@" >"$work/own" &
  own=$!
  until grep -q '^port' "$work/own"; do sleep 0.05; done
  port=$(sed -n 's/^port //p' "$work/own")
}
own_server
for n in 128 10000 100000 1048576; do
  curl -sf --http2-prior-knowledge "http://127.0.0.1:$port/bytes/$n" -o "$work/root/bytes/$n" || exit 1
done
kill "$own"
wait "$own"
echo hello >"$work/root/index.html"
chmod 755 "$work"
chmod -R a+rX "$work/root"
chmod 777 "$work/run" "$work/log" # for servers that change their user

# ---- starting ------------------------------------------------------------------------------------------------

# One that was free a moment ago: no server of these tells which one it took.
take_port() {
  own_server
  kill "$own"
  wait "$own"
}

# Our own, for one that serves no files.
start_behind() {
  local front=$port
  own_server
  behind_pid=$own behind=$port port=$front
}

configure() {
  case $1 in
  nginx)
    cat >"$work/nginx.conf" <<END
daemon off; error_log $work/log/nginx; pid $work/run/nginx; worker_processes 1;
events { }
http { access_log off; client_body_temp_path $work/run/b; proxy_temp_path $work/run/p; fastcgi_temp_path $work/run/f;
  uwsgi_temp_path $work/run/u; scgi_temp_path $work/run/s;
  server { listen 127.0.0.1:$port http2; root $work/root; } }
END
    ;;
  h2o)
    cat >"$work/h2o.conf" <<END
listen: { host: 127.0.0.1, port: $port }
pid-file: $work/run/h2o
error-log: $work/log/h2o
num-threads: 1
hosts: { default: { paths: { /: { file.dir: $work/root } } } }
END
    ;;
  apache2)
    cat >"$work/apache2.conf" <<END
ServerRoot $work
ServerName localhost
PidFile $work/run/apache2
ErrorLog $work/log/apache2
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Listen 127.0.0.1:$port
Protocols h2c http/1.1
H2Direct on
DocumentRoot $work/root
Mutex pthread
END
    ;;
  haproxy)
    start_behind
    {
      printf 'global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n'
      printf '  timeout connect 5s\nfrontend f\n  bind 127.0.0.1:%s proto h2\n' "$port"
      for n in 128 10000; do
        printf '  http-request return status 200 content-type text/plain file %s if { path /bytes/%s }\n' \
          "$work/root/bytes/$n" "$n"
      done # what is larger than its buffers comes from a server behind it
      printf '  use_backend b if { path_beg /bytes/ }\nbackend b\n  server own 127.0.0.1:%s proto h2\n' "$behind"
    } >"$work/haproxy.conf"
    ;;
  esac
}

launch() {
  case $1 in
  nghttpd) exec nghttpd --no-tls -d "$work/root" "$port" ;;
  nginx) exec nginx -e "$work/log/nginx" -c "$work/nginx.conf" ;;
  h2o) exec h2o -c "$work/h2o.conf" ;;
  apache2) exec apache2 -X -f "$work/apache2.conf" ;;
  haproxy) exec haproxy -q -db -f "$work/haproxy.conf" ;;
  stressgen-h2) exec "$program" server --port "$port" ;;
  node) exec node "$here/node.js" "$port" ;;
  esac
}

version() {
  case $1 in
  nghttpd) nghttpd --version ;;
  nginx) nginx -v 2>&1 ;;
  h2o) h2o --version ;;
  apache2) apache2 -v ;;
  haproxy) haproxy -v ;;
  node) node --version ;;
  *) echo 0.1 ;;
  esac | grep -om1 '[0-9]\+\.[0-9][0-9.]*'
}

# Starts it, and waits until it serves.
start() {
  take_port
  configure "$1"
  launch "$1" >"$work/log/$1.out" 2>&1 &
  pid=$!
  for _ in $(seq 600); do
    curl -sf --http2-prior-knowledge -o /dev/null "http://127.0.0.1:$port/bytes/128" 2>/dev/null && return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "$1 does not serve:" >&2
  cat "$work/log/$1"* >&2
  return 1
}

servers() {
  for s in ${1:-$all}; do
    if [ "$s" = stressgen-h2 ] || command -v "$s" >/dev/null; then echo "$s"; else echo "$s is not installed" >&2; fi
  done
}

# ---- the modes -----------------------------------------------------------------------------------------------

scenario() {
  cat >"$work/$1.h2"
}

run_load() {
  scenario load <<'END'
(scenario servers/load
  (load (connections 10) (streams 20) (requests 4000))
  (request small (weight 9) (path "/bytes/128") (expect (body (pattern 128))))
  (request large (path "/bytes/10000") (expect (body (pattern 10000)))))
END
  local engine code=0
  for engine in session wire; do
    if "$program" run --h2-engine "$engine" --h2-target "http://127.0.0.1:$port" "$work/load.h2" >"$work/out" 2>&1; then
      printf '%s %s: %s\n' "$1" "$engine" "$(grep '^servers/load' "$work/out")"
    else
      printf '%s %s: FAILED\n' "$1" "$engine"
      grep -E ' bad |^stressgen' "$work/out"
      code=1
    fi
  done
  return "$code"
}

# What the server said when it ended a connection that was idle: "GOAWAY NO_ERROR (timeout)".
idle_words() {
  sed -n 's/^@@ check attack ok .*\(GOAWAY [A-Z_]* ([^)]*)\) after .*/\1/p' "$work/out"
}

# What the server did, in a few words; in bold where that is not right, or no more than what it does when idle; "others
# lost" where a client beside was not served rightly.
attack_words() {
  local words bad=no
  words=$(sed -n 's/^@@ check attack [a-z]* //p' "$work/out" | sed -E 's/ after .*//; s/ \([^)]*\)//g
    s/RST_STREAM /RST /; s/taken, and still alive/taken/; s/no reaction in [0-9.]+ [a-z]+( [0-9]+ s)?/silence/')
  grep -q '^@@ check attack bad' "$work/out" && bad=yes
  if [ "$1" != idle ] && [ -n "$idle" ] && grep -qF -- "$idle" "$work/out"; then
    words=${words%GOAWAY*}"idle timeout" bad=yes
  fi
  [ "$bad" = no ] || words="**$words**"
  grep -Eq '^@@ check (beside|complete|connections) bad' "$work/out" && words="$words; others lost"
  kill -0 "$pid" 2>/dev/null || words="$words; **the server died**"
  printf '%s' "${words:-not performed}"
}

# What a server does about a connection with one request and nothing behind it. An attack that ends in the same words
# has met no limit but that one.
idle_attack() {
  cat >"$work/attacks/attack-idle.h2" <<'END'
(scenario servers/idle
  (attack (right goaway close silence) (send (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)
    (hex "82 86 01 01 68 04 0a") (text "/bytes/128"))))
  (request beside (path "/bytes/128") (expect (status 200) (body (pattern 128)))))
END
}

# The names of those to be performed, one a line.
attacks() {
  # shellcheck disable=SC2086 # $ATTACKS is a pattern
  (cd "$work/attacks" && printf '%s\n' attack-idle.h2 attack-${ATTACKS:-*}.h2) | sed 's/^attack-//; s/\.h2$//' |
    awk '!seen[$0]++'
}

run_attacks() {
  local file
  local -a frames=() words
  local idle=
  : >"$work/column-$1"
  [ -z "${OUTPUTS:-}" ] || mkdir -p "$OUTPUTS/$1"
  for file in $(attacks); do
    kill -0 "$pid" 2>/dev/null || start "$1" || return 1
    [ -z "${FRAMES:-}" ] || frames=(--frames "$OUTPUTS/$1/$file.frames")
    words=("$work/attacks/attack-$file.h2")
    grep -q '^  (param patience ' "${words[0]}" && words+=("patience=${PATIENCE:-20s}")
    timeout 180 "$program" run "${frames[@]}" --h2-target "http://127.0.0.1:$port" "${words[@]}" >"$work/out" 2>&1
    [ "$file" != idle ] || idle=$(idle_words)
    attack_words "$file" >>"$work/column-$1"
    echo >>"$work/column-$1"
    [ -z "${OUTPUTS:-}" ] || cp "$work/out" "$OUTPUTS/$1/$file.txt"
  done
}

print_table() {
  local s
  printf '| attack |'
  for s in "$@"; do printf ' %s %s |' "$s" "$(version "$s")"; done
  printf '\n|---|'
  for s in "$@"; do printf -- '---|'; done
  echo
  for s in "$@"; do set -- "$@" "$work/column-$s" && shift; done
  attacks >"$work/names"
  paste -d '|' "$work/names" "$@" | sed 's/|/ | /g; s/^/| /; s/$/ |/'
}

# SIGTERM while requests are under way. Right: each stream up to GOAWAY's last id is answered, none is lost.
run_drain() {
  scenario drain <<'END'
(scenario servers/drain
  (load (connections 4) (streams 10) (duration 3s) (deadline 60s))
  (request r (path "/bytes/10000") (expect (body (pattern 10000)))))
END
  : >"$work/drain.txt"
  "$program" run --frames "$work/drain.txt" --h2-target "http://127.0.0.1:$port" "$work/drain.h2" >"$work/out" 2>&1 &
  local load=$! signal=TERM
  [ "$1" = nginx ] && signal=QUIT # which is its graceful end
  [ "$1" = haproxy ] && signal=USR1
  until [ "$(grep -c ' <- HEADERS' "$work/drain.txt" 2>/dev/null || true)" -gt 200 ] || ! kill -0 "$load" 2>/dev/null; do
    sleep 0.05
  done
  kill -"$signal" "$pid"
  wait "$load"
  awk -f "$here/drain.awk" "$work/drain.txt" >"$work/verdict"
  local code=$?
  printf '%s %s (SIG%s): %s\n' "$1" "$(version "$1")" "$signal" "$(cat "$work/verdict")"
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  return "$code"
}

run_clients() {
  own_server
  pid=$own
  local code=0
  if command -v curl >/dev/null; then
    curl -sf --http2-prior-knowledge "http://127.0.0.1:$port/bytes/100000" | cmp - "$work/root/bytes/100000" &&
      echo "curl: right" || code=1
  fi
  if command -v nghttp >/dev/null; then
    nghttp "http://127.0.0.1:$port/bytes/100000" | cmp - "$work/root/bytes/100000" && echo "nghttp: right" || code=1
  fi
  if /usr/bin/python3 -c 'import httpx, h2' 2>/dev/null; then
    /usr/bin/python3 "$here/client.py" "http://127.0.0.1:$port/bytes/100000" | cmp - "$work/root/bytes/100000" &&
      echo "httpx: right" || code=1
  fi
  return "$code"
}

# Without the scenarios' own (server ...), whose limits this one has for all of them.
run_own() {
  local options=(--request-timeout 1s --stall-timeout 1s --idle-timeout 1s --handshake-timeout 1s) file name
  local scheme=http where='(connect-to "unix:'$work'/socket")' code=0
  if [ "$2" = tls ]; then
    scheme=https where='(tls (insecure))'
    options+=(--https)
  else
    options+=(--unix "$work/socket")
  fi
  own_server --h2-engine "$1" "${options[@]}"
  pid=$own
  for file in "$scenarios"/attack-*.h2; do
    name=$(basename "$file" .h2)
    sed "s#^(scenario .*#& $where#; /^  (server /d" "$file" >"$work/own.h2"
    "$program" run --h2-target "$scheme://127.0.0.1:$port" "$work/own.h2" >"$work/out" 2>&1
    # How long others waited is the machine's doing as well; whether they were answered is not.
    if grep -q '^@@ check attack ok' "$work/out" && kill -0 "$pid" &&
      ! grep -E '^@@ check (connections|beside|memory) bad' "$work/out"; then
      echo "$name: $(sed -n 's/^@@ check attack ok //p' "$work/out")"
    else
      echo "$name: FAILED"
      grep -E ' bad |^stressgen' "$work/out"
      code=1
    fi
  done
  return "$code"
}

mkdir "$work/attacks"
ln -s "$(realpath "$scenarios")"/attack-*.h2 "$work/attacks"
idle_attack
code=0
if [ "$mode" = own ]; then
  run_own "$@" || code=1
  exit $code
fi
if [ "$mode" = clients ]; then
  run_clients || code=1
  exit $code
fi
present=$(servers "$*")
[ -n "$present" ] || exit 77
for s in $present; do
  if start "$s"; then "run_$mode" "$s" || code=1; else code=1; fi
  stop
done
# shellcheck disable=SC2086 # names without blanks
[ "$mode" = attacks ] && print_table $present
exit $code
