#!/bin/sh
# @Test other/pass
# @Sentinel on
# @Timeout 20s
echo "@@ lat total 1000000 2000000 3000000"
echo "@@ check answer ok 42"
echo "@@ done"
