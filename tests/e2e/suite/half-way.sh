#!/bin/sh
# @Test other/half-way
# @Sentinel on
# @Timeout 20s
echo "exit 0 without having got to the end"
