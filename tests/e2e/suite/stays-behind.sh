#!/bin/sh
# @Test other/stays-behind
# @Timeout 20s
setsid sleep "${SG_TEST_SLEEP:-321}" >/dev/null 2>&1 &
echo "gone, but not all of me"
