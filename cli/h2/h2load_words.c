// What users of h2load (nghttp2) write: long names that mean options of ours, and what stressgen h2 refuses, with
// the reason. Letters that both have are the options' own. docs/http2.md has all of them in a table.
#include "cli.h"

#define SAME(theirs, ours)                                                                                        \
	{                                                                                                         \
		theirs, 0, BIT(H2), ours, NULL                                                                    \
	}
#define NOT(theirs, letter, why)                                                                                  \
	{                                                                                                         \
		theirs, letter, BIT(H2), NULL, why                                                                \
	}

const struct opt_alias cli_aliases[] = {
	SAME("clients", "connections"),
	SAME("max-concurrent-streams", "streams"),
	SAME("warm-up-time", "warm-up"),
	SAME("connection-active-timeout", "lifetime"),
	NOT("h1", 0, "only HTTP/2 is spoken here"),
	NOT("npn-list", 0, "only HTTP/2 is spoken here, and h2 is what TLS is asked for"),
	NOT("alpn-list", 0, "only HTTP/2 is spoken here, and h2 is what TLS is asked for"),
	NOT("sni", 0, "TLS asks for the URL's host; --connect-to HOST:PORT says where that is"),
	NOT("connection-inactivity-timeout", 'N', "give each request its time by --request-timeout TIME"),
	NOT("timing-script-file", 0,
	    "say when requests are due by --rate: 100-1k/30s (a ramp), 100/10s,200/10s (steps)"),
	NOT("ktls", 0, "TLS is OpenSSL's in this process"),
	NOT("qlog-file-base", 0, "only HTTP/2 over TCP and unix sockets is spoken here, not QUIC"),
	NOT("no-udp-gso", 0, "only HTTP/2 over TCP and unix sockets is spoken here, not QUIC"),
	NOT("max-udp-payload-size", 0, "only HTTP/2 over TCP and unix sockets is spoken here, not QUIC"),
};

const size_t cli_alias_count = sizeof cli_aliases / sizeof cli_aliases[0];
