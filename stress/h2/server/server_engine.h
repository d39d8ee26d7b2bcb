// What a server connection needs of HTTP/2, behind one interface, as engine.h for the client.
#ifndef SG_H2_SERVER_ENGINE_H
#define SG_H2_SERVER_ENGINE_H

#include "alarm.h"
#include "counters.h"
#include "pool.h"
#include "route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What a client may cost before it has to have done something useful. Frames that ask for nothing take from it,
// responses and DATA that goes out give back; so floods end, whatever they are made of, and honest clients never
// notice.
#define H2_CREDIT 2000

enum h2_cost {
	H2_COST_FRAME = 1,     // PING, SETTINGS, PRIORITY, empty DATA, unknown types, WINDOW_UPDATE, RST_STREAM
	H2_COST_REFUSED = 1,   // a stream beyond the limit
	H2_COST_RESET = 1,     // of a request under way, on top of its frame
	H2_COST_MALFORMED = 4, // a stream that it made us reset
	H2_COST_TOO_LARGE = 50 // a header beyond the limit
};

struct h2_hostile;
struct h2_session; // one connection's state, of the engine's own making

// What all connections of a server share.
struct h2_server_shared {
	struct h2_pool *pool;
	struct h2_counters *counters;
	struct h2_server_limits limits;
	uint64_t held_bytes;              // of request bodies, at present
	struct h2_text file;              // what /file answers; text NULL: nothing
	const struct h2_hostile *hostile; // of the hostile engine
	bool ending;                      // bodies without an end end now
	bool is_mute;                     // answers do not reflect their requests
	// NULL where there is no loop: then answers that take their time are given at once.
	struct h2_alarms *alarms;
	void (*wake)(void *owner); // the connection may have something to send; NULL with `alarms`
};

// What a connection waits for: the server's limits in time are held against it.
struct h2_waiting {
	bool greeted;   // the client's preface and SETTINGS have come
	bool acked;     // so has its ACK of ours
	bool receiving; // a header or an upload is under way, which we read as fast as it comes
	bool sending;   // answers are under way that only the client holds up
	bool ours;      // answers are under way that wait for us
	uint64_t moved; // grows with each byte and frame that brings a request or an answer on
};

struct h2_server_engine {
	const char *name;
	// 0 or -errno. `owner` is what shared->wake is called with.
	int (*open)(struct h2_server_shared *shared, void *owner, struct h2_session **out);
	void (*close)(struct h2_session *s);                                    // accepts NULL
	int (*receive)(struct h2_session *s, const uint8_t *bytes, size_t len); // 0 or -errno
	// As the client's.
	ssize_t (*pull)(struct h2_session *s, uint8_t *to, size_t room);
	// Graceful end: first a notice that takes in what is on its way, then GOAWAY with the last stream.
	int (*notify_end)(struct h2_session *s);
	int (*end)(struct h2_session *s);
	bool (*is_done)(struct h2_session *s);
	void (*waiting)(const struct h2_session *s, struct h2_waiting *w);
	// GOAWAY with that code and text (static): nothing more is read. Does nothing when there has been one.
	void (*fail)(struct h2_session *s, uint32_t code, const char *text);
};

extern const struct h2_server_engine h2_session_server, h2_wire_server, h2_hostile_server;
// By name; NULL where there is none of that name.
const struct h2_server_engine *h2_server_engine_named(const char *name);

#endif
