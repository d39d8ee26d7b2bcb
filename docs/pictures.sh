#!/bin/sh
# Makes the picture of the remedies for a full slab that README shows, by the command beside it: docs/remedies.png.
# On a quiet machine, since it shows times; about two minutes.
#   docs/pictures.sh [STRESSGEN]     wants Chromium (Debian's package chromium)
set -eu
cd "$(dirname "$0")/.."
stressgen=${1:-./stressgen}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$stressgen" cliff --remedies --quiet --color never -o "$work/remedies"
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/browser" \
	--window-size=1100,1500 --screenshot="$PWD/docs/remedies.png" "file://$work/remedies/remedies.html" \
	>"$work/chromium.log" 2>&1 || { cat "$work/chromium.log" >&2; exit 1; }
