#!/bin/sh
# @Test other/fail
# @Timeout 20s
echo "the answer is 41, not 42" >&2
exit 3
