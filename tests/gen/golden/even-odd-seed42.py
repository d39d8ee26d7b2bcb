# @Test recursion/even-odd-1000.python3
# @Kind recursion
# @Tag python
# @Run python3 {file}
# @Param n=1000
# @Sentinel on
#
# recursion/even-odd: asks whether n is even by two functions that call each other.
# Stresses mutual tail calls: no stack where the language eliminates them, n frames where it does not.
# Written by stressgen test from recursion/even-odd.kernel with seed 42 and n=1000.

import gc
import os
import sys
import time

sys.setrecursionlimit(1000 + 1000)
n = 1000


def sg_is_even(i):
    if i == 0:
        return True
    return sg_is_odd(i - 1)


def sg_is_odd(i):
    if i == 0:
        return False
    return sg_is_even(i - 1)


def measure():
    if sg_is_even(n):
        return 1
    return 0


def pypy_memory():
    stats = gc.get_stats()._s
    return stats.total_arena_memory + stats.total_rawmalloced_memory


def traced_memory():  # what is live, in bytes; None unless leaks are looked for
    if not os.environ.get("STRESSGEN_LEAK_CHECK"):
        return None
    try:
        import tracemalloc
    except ImportError:
        return pypy_memory
    tracemalloc.start()
    return lambda: tracemalloc.get_traced_memory()[0]


def main():
    live = traced_memory()
    pauses = []
    started = 0

    def collection(phase, info):
        nonlocal started
        if phase == "start":
            started = time.perf_counter_ns()
        elif len(pauses) < 10000:
            pauses.append(time.perf_counter_ns() - started)

    callbacks = getattr(gc, "callbacks", [])  # PyPy has none
    if not live:  # else what is noted would grow
        callbacks.append(collection)
    expected = 1
    for repetition in range(1, 50 + 1):
        start = time.perf_counter_ns()
        result = measure()
        elapsed = time.perf_counter_ns() - start
        print("@@ lat total", elapsed, flush=True)
        if result != expected:
            print("@@ check result bad got", result, "instead of", expected, "in repetition", repetition)
            sys.exit(1)
        if live:
            gc.collect()
            print("@@ live", live(), flush=True)
    if not live:
        callbacks.remove(collection)
    print("@@ check result ok", expected)
    for pause in pauses:
        print("@@ gc", pause)
    print("@@ done", flush=True)


main()
