#!/bin/sh
# @Test alloc/hog
# @Kind alloc
# @Memory 64
# @Timeout 20s
# tail keeps the last line in memory, and this one never ends.
exec tail /dev/zero
