// The server's gRPC service, stressgen.Echo, for loads and clients to be tested with
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Messages are whatever bytes they are.
//
//   Say     each message back, once all have come        Chat   each as it comes
//   Repeat  the first one ten times                      Count  one message: how many came, as protobuf's field 1
//   Fail    no message, status 9
#ifndef SG_H2_ROUTE_GRPC_H
#define SG_H2_ROUTE_GRPC_H

#include "route.h"

#define H2_GRPC_TYPE "application/grpc"
#define H2_GRPC_CHAT "/stressgen.Echo/Chat"

// False when the path is not the service's; Chat is answered by h2_route_plan.
bool h2_route_grpc(const struct h2_incoming *in, struct h2_answer *a);

#endif
