"""A gRPC server on Debian's python3-grpcio, for the client's tests: prints "port N", serves until SIGTERM.

Echo/Say sends its message back, Echo/Chat each as it comes, Echo/Count how many came, Echo/Fail a status of 9.
"""
import signal
import threading
from concurrent import futures

import grpc


def fail(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked: 100 %")


METHODS = {
    "Say": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
    "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
    "Repeat": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([request] * 10)),
    "Count": grpc.stream_unary_rpc_method_handler(lambda requests, context: b"%d" % sum(1 for _ in requests)),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
}

server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("stressgen.Echo", METHODS)])
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print("port", port, flush=True)
ended.wait()
server.stop(1).wait()
