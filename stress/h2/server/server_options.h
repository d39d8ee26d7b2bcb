// The server's options, spelt once for `stressgen h2-server` and `stressgen-h2 server`.
#ifndef SG_H2_SERVER_OPTIONS_H
#define SG_H2_SERVER_OPTIONS_H

#include "err.h"
#include "opt.h"
#include "server.h"

// Rows of a table of options, for the commands of `bits`. "h2-engine" is a row of the table's own.
#define H2_SERVER_OPTIONS(bits)                                                                                                         \
	H2_SERVER_ROW(bits, "port", OPT_U64, "N", "0", 0, 65535,                                                                        \
	              "Listen there; 0 takes a port that is free, and prints it."),                                                     \
	        H2_SERVER_ROW(bits, "bind", OPT_TEXT, "ADDRESS,...", "127.0.0.1", 0, 0,                                                 \
	                      "Addresses to listen at, IPv4 and IPv6, e.g. 127.0.0.1,::1."),                                            \
	        H2_SERVER_ROW(bits, "unix", OPT_TEXT, "PATH", NULL, 0, 0, "Listen at this unix socket too."),                           \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "https", OPT_FLAG, NULL, "no", 0, 1,                                                                      \
	                "Speak TLS 1.2 and 1.3 on every connection, with --cert and --key or a certificate of its own for localhost."), \
	        H2_SERVER_ROW(bits, "cert", OPT_TEXT, "FILE", NULL, 0, 0, "Certificate with its chain, PEM."),                          \
	        H2_SERVER_ROW(bits, "key", OPT_TEXT, "FILE", NULL, 0, 0, "Its key, PEM."),                                              \
	        H2_SERVER_ROW(bits, "write-cert", OPT_TEXT, "FILE", NULL, 0, 0,                                                         \
	                      "Write the certificate there, for clients to trust."),                                                    \
	        H2_SERVER_ROW(bits, "serve", OPT_TEXT, "FILE", NULL, 0, 0, "What /file answers, up to 256M."),                          \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "reflect", OPT_FLAG, NULL, "yes", 0, 1,                                                                   \
	                "Say in each answer's header what was seen of its request (x-method, x-path, ...)."),                           \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "misbehave", OPT_TEXT, "NAME|FILE", NULL, 0, 0,                                                           \
	                "Be a hostile server: one of share/stressgen/scenarios/hostile, or a file of your own."),                       \
	        H2_SERVER_ROW(bits, "ready-fd", OPT_U64, "N", "1", 0, 1023,                                                             \
	                      "Descriptor for \"port N\" at the beginning and the counters at the end."),                               \
	        H2_SERVER_ROW(bits, "life-fd", OPT_U64, "N", NULL, 0, 1023,                                                             \
	                      "End when this descriptor reaches its end of file, or when the parent dies."),                            \
	        H2_SERVER_ROW(bits, "max-connections", OPT_U64, "N", "10000", 1, 1000000,                                               \
	                      "Connections at a time; more are closed at once."),                                                       \
	        H2_SERVER_ROW(bits, "max-streams", OPT_U64, "N", "256", 1, 2147483647,                                                  \
	                      "Streams at a time on one connection; more are refused."),                                                \
	        H2_SERVER_ROW(bits, "max-header-list", OPT_BYTES, "SIZE", "64k", 1, 4294967295,                                         \
	                      "Header fields of one request; larger ones are answered with 431."),                                      \
	        H2_SERVER_ROW(bits, "max-body", OPT_BYTES, "SIZE", "16M", 1, 4294967295,                                                \
	                      "Body of one request; larger ones are answered with 413."),                                               \
	        H2_SERVER_ROW(bits, "max-held", OPT_BYTES, "SIZE", "256M", 1, 1099511627776,                                            \
	                      "All bodies held at a time; beyond that, 503."),                                                          \
	        H2_SERVER_ROW(bits, "window", OPT_BYTES, "SIZE", "1M", 1, 2147483647,                                                   \
	                      "Window of a stream: so much of an upload may be under way."),                                            \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "idle-timeout", OPT_DURATION, "TIME", "60s", 1, UINT64_MAX / 2,                                           \
	                "End a connection on which nothing has moved for that long, unless it waits for us."),                          \
	        H2_SERVER_ROW(bits, "handshake-timeout", OPT_DURATION, "TIME", "10s", 1, UINT64_MAX / 2,                                \
	                      "End one whose preface and SETTINGS, or ACK of ours, do not come in that time."),                         \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "request-timeout", OPT_DURATION, "TIME", "10s", 1, UINT64_MAX / 2,                                        \
	                "End one on which a header or an upload that has begun does not move for that long."),                          \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "stall-timeout", OPT_DURATION, "TIME", "10s", 1, UINT64_MAX / 2,                                          \
	                "End one that does not let its answers go out for that long, whatever else it sends."),                         \
	        H2_SERVER_ROW(                                                                                                          \
	                bits, "goaway-after", OPT_U64, "N", "0", 0, UINT32_MAX,                                                         \
	                "End each connection in good order after so many requests, as in a rolling restart; 0: never."),                \
	        H2_SERVER_ROW(bits, "drain", OPT_DURATION, "TIME", "10s", 0, UINT64_MAX / 2,                                            \
	                      "After SIGTERM, finish what was begun for at most that long.")

// The row of --frames, for the commands of `bits`.
#define H2_FRAMES_OPTION(bits)                                                                                    \
	{                                                                                                         \
		.name = "frames", .type = OPT_TEXT, .value = "FILE", .commands = (bits), .config = true,          \
		.help = "Write every frame of HTTP/2 there, one a line; all bytes as packets, for Wireshark, "    \
		        "where it ends in .pcap. {name} stands for the scenario's name."                          \
	}

#define H2_LOG_OPTION(bits)                                                                                       \
	{                                                                                                         \
		.name = "log-file", .type = OPT_TEXT, .value = "FILE", .commands = (bits), .config = true,        \
		.help = "Write a line for each request there, by tabs, as h2load does: when it was due (us "      \
		        "since 1970), its status (-1: no answer), its time in us; and its name, and what was "    \
		        "wrong with it."                                                                          \
	}

#define H2_SERVER_ROW(bits, row_name, row_type, row_value, row_def, row_min, row_max, row_help)                   \
	{                                                                                                         \
		.name = (row_name), .type = (row_type), .value = (row_value), .def = (row_def), .min = (row_min), \
		.max = (row_max), .commands = (bits), .help = (row_help)                                          \
	}

void h2_raise_file_limit(void); // of this process, as far as it may
// Serves as the options say (and "h2-engine") until SIGTERM. An exit code, with `e` filled unless it is 0.
int h2_server_command(const struct opt_set *o, struct err *e);

#endif
