# http2-serve/mixed: each request keeps a splay tree of nodes with random keys, replaces some of them, and looks at its order, beside pairs that live.
# Written by stressgen test from gc/splay.kernel with seed 42.

import asyncio
import gc
import signal
import sys
import time

try:
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import (ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset,
                           WindowUpdated)
    from h2.exceptions import ProtocolError
    from hyperframe.frame import GoAwayFrame
except ImportError:
    print("@@ missing this Python has no library h2 (python3-h2)", flush=True)
    sys.exit(0)

nodes = 98
changes = 100
ballast = 190993


def sg_remainder(a, b):
    r = abs(a) % abs(b)  # with the sign of a
    return -r if a < 0 else r


def sg_mode_kernel():
    return sg_count_in_order(sg_change(sg_build(nodes), changes))


def sg_mode_make_ballast(length):
    i = 0
    pairs = None
    while i < length:
        i, pairs = i + 1, (i, pairs)
    return pairs


def sg_random(seed):
    return sg_remainder(seed * 16807, 2147483647)


def sg_make_payload(levels):
    if levels == 0:
        return (None, None)
    return (sg_make_payload(levels - 1), sg_make_payload(levels - 1))


def sg_make_node(key, smaller, larger):
    links = [None] * 3
    links[0] = smaller
    links[1] = larger
    links[2] = sg_make_payload(3)
    return (key, links)


def sg_side_of(node, side):
    return node[1][side]


def sg_set_side(node, side, other):
    node[1][side] = other


def sg_rotate(key, node, side):
    child = sg_side_of(node, side)
    if sg_side_of_key(key, child) == side:
        sg_set_side(node, side, sg_side_of(child, 1 - side))
        sg_set_side(child, 1 - side, node)
        return child
    return node


def sg_side_of_key(key, node):
    if key < node[0]:
        return 0
    if key > node[0]:
        return 1
    return 2


def sg_goes_on(key, node):
    if sg_side_of_key(key, node) == 2:
        return False
    return sg_side_of(node, sg_side_of_key(key, node)) is not None


def sg_hang_up(ends, node, side):
    sg_set_side(ends[1 - side], side, node)
    ends[1 - side] = node
    return sg_side_of(node, side)


def sg_descend(key, node, ends):
    side = sg_side_of_key(key, node)
    top = sg_rotate(key, node, side)
    if sg_side_of(top, side) is None:
        return top
    return sg_hang_up(ends, top, side)


def sg_put_together(node, header, ends):
    sg_set_side(ends[0], 1, sg_side_of(node, 0))
    sg_set_side(ends[1], 0, sg_side_of(node, 1))
    sg_set_side(node, 0, sg_side_of(header, 1))
    sg_set_side(node, 1, sg_side_of(header, 0))
    return node


def sg_splay(key, tree):
    header = sg_make_node(0, None, None)
    ends = [header] * 2
    node = tree
    while sg_goes_on(key, node):
        node = sg_descend(key, node, ends)
    return sg_put_together(node, header, ends)


def sg_insert_above(key, top, side):
    beyond = sg_side_of(top, side)
    sg_set_side(top, side, None)
    if side == 0:
        return sg_make_node(key, beyond, top)
    return sg_make_node(key, top, beyond)


def sg_insert(key, tree):
    if tree is None:
        return sg_make_node(key, None, None)
    top = sg_splay(key, tree)
    if top[0] == key:
        return top
    return sg_insert_above(key, top, sg_side_of_key(key, top))


def sg_without_top(top):
    if sg_side_of(top, 0) is None:
        return sg_side_of(top, 1)
    left = sg_splay(top[0], sg_side_of(top, 0))
    sg_set_side(left, 1, sg_side_of(top, 1))
    return left


def sg_largest(tree):
    node = tree
    while sg_side_of(node, 1) is not None:
        node = sg_side_of(node, 1)
    return node[0]


def sg_replace(key, tree):
    top = sg_insert(key, tree)
    below = sg_side_of(top, 0)
    if below is None:
        return sg_without_top(top)
    return sg_without_top(sg_splay(sg_largest(below), top))


def sg_build(count):
    i = 0
    seed = 42
    tree = None
    while i < count:
        i, seed, tree = i + 1, sg_random(seed), sg_insert(sg_random(seed), tree)
    return tree


def sg_change(tree, count):
    i = 0
    seed = 4242
    now = tree
    while i < count:
        i, seed, now = i + 1, sg_random(seed), sg_replace(sg_random(seed), now)
    return now


def sg_wait_for(node, waiting):
    next_one = node
    all = waiting
    while next_one is not None:
        next_one, all = sg_side_of(next_one, 0), (next_one, all)
    return all


def sg_count_in_order(tree):
    waiting = sg_wait_for(tree, None)
    last = 0
    n = 0
    while waiting is not None:
        n = n + 1 if last < waiting[0][0] else n - 1
        last = waiting[0][0]
        waiting = sg_wait_for(sg_side_of(waiting[0], 1), waiting[1])
    return n


mode_ballast = sg_mode_make_ballast(ballast)


def measure():  # what each request does; 98 is right
    result_2 = sg_mode_kernel()
    if mode_ballast is None:
        return 0
    return result_2


h2_connections = set()


class H2Stream:
    def __init__(self, post):
        self.post = post
        self.waits = bytearray()  # for the client to open its windows
        self.ended = False
        self.timer = None


class H2Session(asyncio.Protocol):
    def __init__(self):
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self.streams = {}
        self.gone = set()  # reset by the bytes that are being taken
        self.last = None  # the last stream that is answered, once the end has come
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        h2_connections.add(self)
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, exc):
        h2_connections.discard(self)
        for number in list(self.streams):
            self.forget(number)

    def flush(self):
        data = self.h2.data_to_send()
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data):
        try:
            events = self.h2.receive_data(data)
            for event in events:  # the library has closed these streams already: they can be answered no more
                if isinstance(event, StreamReset):
                    self.gone.add(event.stream_id)
                    self.forget(event.stream_id)
            for event in events:
                self.handle(event)
            self.gone.clear()
        except ProtocolError:
            self.flush()
            self.transport.close()
            return
        self.flush()
        self.close_when_done()

    def handle(self, event):
        number = getattr(event, "stream_id", None)
        if isinstance(event, RequestReceived):
            self.begin(number, dict(event.headers))
        elif isinstance(event, DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, number)
            self.send(number, event.data, False)
        elif isinstance(event, StreamEnded) and number in self.streams and self.streams[number].post:
            self.send(number, b"", True)
        elif isinstance(event, WindowUpdated):
            for open_stream in [number] if number else list(self.streams):
                self.pump(open_stream)
        elif isinstance(event, ConnectionTerminated):
            self.transport.close()

    def begin(self, number, headers):
        if number in self.gone or (self.last is not None and number > self.last):
            return
        route = headers.get(":path", "").split("/") + [""]
        numbers = [int(word) for word in route[2:] if word.isdecimal()]
        loop = asyncio.get_running_loop()
        stream = self.streams[number] = H2Stream(headers[":method"] == "POST")
        if stream.post:
            self.h2.send_headers(number, [(":status", "200")])
        elif route[1] == "work":
            self.answer(number)
        elif route[1] == "timer" and len(numbers) == 1:
            stream.timer = loop.call_later(numbers[0] / 1000, self.answer, number)
        elif route[1] == "events" and len(numbers) == 2 and numbers[0] > 0:
            self.h2.send_headers(number, [(":status", "200"), ("content-type", "text/event-stream")])
            stream.timer = loop.call_later(numbers[1] / 1000, self.next_event, number, *numbers)
        else:
            self.h2.send_headers(number, [(":status", "404")], end_stream=True)
            self.forget(number)

    def answer(self, number):
        body = b"%d\n" % measure()
        self.h2.send_headers(number, [(":status", "200"), ("content-type", "text/plain")])
        self.send(number, body, True)
        self.flush()
        self.close_when_done()

    def next_event(self, number, left, every):
        self.send(number, b"data: %d\n\n" % measure(), left == 1)
        if left > 1:
            loop = asyncio.get_running_loop()
            self.streams[number].timer = loop.call_later(every / 1000, self.next_event, number, left - 1, every)
        self.flush()
        self.close_when_done()

    def send(self, number, data, ends):
        stream = self.streams.get(number)
        if stream:
            stream.waits += data
            stream.ended |= ends
            self.pump(number)

    # As much as the client's windows take.
    def pump(self, number):
        stream = self.streams.get(number)
        while stream and (stream.waits or stream.ended):
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            if stream.waits and room <= 0:
                return
            piece = bytes(stream.waits[:room])
            del stream.waits[:len(piece)]
            ends = stream.ended and not stream.waits
            self.h2.send_data(number, piece, end_stream=ends)
            if ends:
                self.forget(number)
                return

    def forget(self, number):
        stream = self.streams.pop(number, None)
        if stream and stream.timer:
            stream.timer.cancel()

    # What was accepted is answered; what comes behind it is not.
    def end(self):
        self.last = self.h2.highest_inbound_stream_id
        self.flush()
        self.transport.write(GoAwayFrame(0, last_stream_id=self.last).serialize())
        self.close_when_done()

    def close_when_done(self):
        if self.last is not None and not self.streams:
            self.transport.close()


# Noted here and told at the end only, so that telling is no part of what is measured.
class H2Collector:
    def __init__(self):
        self.pauses = []
        self.started = 0
        getattr(gc, "callbacks", []).append(self.note)  # PyPy has none

    def note(self, phase, info):
        if phase == "start":
            self.started = time.perf_counter_ns()
        else:
            self.pauses.append(time.perf_counter_ns() - self.started)

    def tell(self):
        for pause in self.pauses:
            print("@@ gc", pause)
        if hasattr(gc, "callbacks"):
            print("@@ gauge collections", len(self.pauses), "count")


async def h2_serve(port):
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(H2Session, "127.0.0.1", port, backlog=1024)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()
    for connection in list(h2_connections):
        connection.end()
    while h2_connections:
        await asyncio.sleep(0.01)


h2_collector = H2Collector()
asyncio.run(h2_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
h2_collector.tell()
