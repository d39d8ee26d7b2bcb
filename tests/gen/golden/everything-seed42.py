# @Test other/everything.python3
# @Kind other
# @Tag python
# @Run python3 {file}
# @Param five=5
# @Sentinel on
#
# other/everything: uses every construct but maps.
# Written by stressgen test from other/everything.kernel with seed 42 and five=5.

import gc
import os
import sys
import time

sys.setrecursionlimit(1024 + 1000)
five = 5


def sg_quotient(a, b):
    q = abs(a) // abs(b)  # towards zero
    return q if (a < 0) == (b < 0) else -q


def sg_remainder(a, b):
    r = abs(a) % abs(b)  # with the sign of a
    return -r if a < 0 else r


def sg_right(ok):
    if ok:
        return 1
    return 0


def sg_division():
    return sg_right(sg_quotient(7, 2) == 3) + sg_right(sg_quotient(-7, 2) == -3) + sg_right(sg_quotient(7, -2) == -3) + sg_right(sg_quotient(-7, -2) == 3) + sg_right(sg_quotient(-1, 2) == 0) + sg_right(sg_remainder(7, 2) == 1) + sg_right(sg_remainder(-7, 2) == -1) + sg_right(sg_remainder(7, -2) == 1) + sg_right(sg_remainder(-6, 2) == 0)


def sg_logic():
    tmp = sg_right(1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3)
    tmp_2 = sg_right(not (1 == 2 or 2 < 1))
    tmp_3 = False
    if not tmp_3:
        yes = True
        tmp_3 = yes or sg_quotient(1, 0) == 1
    tmp_4 = sg_right(tmp_3)
    tmp_5 = True
    if tmp_5:
        no = False
        tmp_5 = no and sg_quotient(1, 0) == 1
    return tmp + tmp_2 + tmp_4 + sg_right(not tmp_5) + sg_right(not None is not None)


def sg_strings():
    quote = "say \"hi\" ^ 'there' \\ {x}\n\ttab"
    word = "abc" + "def" + str(-12)
    return sg_right(len(quote) == 29) + sg_right(word == "abcdef-12") + sg_right(word[2:5] == "cde") + sg_right("abc" < "abd") + sg_right(not "b" < "abd")


def sg_vectors(n):
    v = [0] * n
    i = 0
    while i < len(v):
        v[i] = i * i
        i = i + 1
    return sg_right(v[n - 1] == (n - 1) * (n - 1)) + sg_right(len([None] * 0) == 0) + sg_right(([None] * 3)[2] is None)


def sg_note(log, item):
    log[0] = 10 * log[0] + item
    return item


def sg_order():
    log = [0]
    tmp = sg_note(log, 1)
    i = 0
    last = 0
    while i < 1:
        i, last = i + 1, sg_note(log, 2)
    tmp_2 = last
    three = sg_note(log, 3)
    sum = tmp + tmp_2 + three
    return sg_right(sum == 6) + sg_right(log[0] == 123)


def sg_closures():
    i = 0
    all = None
    while i < 3:
        square = i * i
        def sg_closure(x, i_2=i, square_2=square):
            y = x + i_2
            return 10 * (y + square_2)
        all = (sg_closure, all)
        i = i + 1
    made = all
    return sg_right(made[0](1) == 70) + sg_right(made[1][0](1) == 30) + sg_right(made[1][1][0](1) == 10)


def sg_twice(f, x):
    return f(f(x))


def sg_increment(x):
    return x + 1


def sg_adder(n):
    return lambda x: x + n


def sg_values_of_functions():
    return sg_right(sg_twice(sg_increment, 5) == 7) + sg_right(sg_twice(sg_adder(10), 5) == 25) + sg_right((lambda x, y: x - y)(3, 4) == -1)


def sg_fill_box(b, n):
    if n > 0:
        b[0] = b[0] + n
        return sg_fill_box(b, n - 1)


def sg_loops():
    a = 1
    b = 2
    i = 0
    while i < 3:
        a, b, i = b, a, i + 1
    tmp = sg_right(a == 2 and b == 1)
    i_2 = 0
    odd = 0
    while True:
        double = 2 * i_2
        if not double < 10:
            break
        if sg_remainder(i_2, 2) == 1:
            more = odd + 1
            odd = more
        i_2 = i_2 + 1
    tmp_2 = sg_right(odd == 2)
    b_2 = [0]
    sg_fill_box(b_2, 4)
    return tmp + tmp_2 + sg_right(b_2[0] == 10)


def sg_lists():
    items = (1, (2, (1 + 2, None)))
    return sg_right(items[0] + items[1][0] + items[1][1][0] == 6) + sg_right(items[1][1][1] is None) + sg_right(((five, None), 2)[0][0] == five)


def measure():
    gc.collect()
    return sg_division() + 10 * sg_logic() + 100 * sg_strings() + 1000 * sg_vectors(10) + 10000 * sg_order() + 100000 * sg_closures() + 1000000 * sg_values_of_functions() + 10000000 * sg_loops() + 100000000 * sg_lists()


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
    expected = 333323559
    for repetition in range(1, 2 + 1):
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
