// An attack performed: one connection that sends what the attack says, and watches what the server does about it.
#ifndef SG_H2_ASSAULT_H
#define SG_H2_ASSAULT_H

#include "attack.h"
#include "target.h"
#include "transport.h"

struct h2_assault_result {
	uint64_t frames, bytes; // sent, as far as it came
	uint64_t resets;
	uint64_t answers, content;        // streams that the server ended, and bytes of DATA
	uint32_t reset_code, goaway_code; // the first
	uint32_t status;                  // of the first answer that has begun; 0: none
	bool goaway, closed, alive;       // alive: it answered a PING behind the last frame
	uint64_t reaction_ns;             // from the first byte of the attack; 0: none
	uint64_t waited_ns;               // for one, where the attack was ended before its time; 0: all of it
	char text[96];                    // of GOAWAY, printable
	char trouble[128];                // why it could not be made; ""
};

struct h2_assault;

// Connects and attacks in the hub's loop; `ended` is called once, when the server has reacted, or its time is up.
// 0 or -errno (then `ended` is not called).
int h2_assault_start(struct h2_assault **out, struct hub *hub, const struct h2_attack *attack,
                     const struct h2_target *target, struct h2_assault_result *result, void (*ended)(void *arg),
                     void *arg);
void h2_assault_abort(struct h2_assault *a); // accepts NULL, and one that has ended
void h2_assault_free(struct h2_assault *a);  // after the loop; accepts NULL
// Whether the server did one of the things that are right.
bool h2_assault_is_right(const struct h2_attack *attack, const struct h2_assault_result *r);
// "GOAWAY ENHANCE_YOUR_CALM after 1001 of 20000 frames, in 3 ms"
void h2_assault_words(const struct h2_attack *attack, const struct h2_assault_result *r, struct buf *out);
// The reactions that would be right: "GOAWAY, close".
void h2_assault_right_words(const struct h2_attack *attack, struct buf *out);

#endif
