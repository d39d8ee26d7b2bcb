#!/bin/sh
# @Test other/hang
# @Timeout 500ms
trap '' TERM
while :; do sleep 1; done
