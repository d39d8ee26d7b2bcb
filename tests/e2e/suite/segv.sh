#!/bin/sh
# @Test other/segv
# @Timeout 20s
kill -SEGV $$
