// A loop of libuv's that several threads take turns at. Such a loop belongs to one thread at a time, not to one
// for ever: whoever has the turn may call whatever it offers, and does what is due before the turn goes on. One
// thread waits for the loop's own descriptors and timers; the others wait for whatever is theirs alone, and come
// with it. (libuv's own way of being embedded: uv_backend_fd() and uv_backend_timeout().)
#ifndef SG_TURNS_H
#define SG_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct turns {
	uv_loop_t *loop;
	pthread_mutex_t lock;
	int wake_fd;       // an eventfd for the thread in turns_serve
	uint64_t until_ms; // by the loop's clock: when that thread will come by itself; UINT64_MAX: never
	bool over;         // to be read by who has the turn
};

// `loop` is borrowed. 0 or -errno.
int turns_init(struct turns *t, uv_loop_t *loop);
// No thread may have the turn, or wait for it; t may be zeroed and never inited.
void turns_deinit(struct turns *t);

// Waits for the turn. The loop's clock is right then.
void turns_take(struct turns *t);
// Has the loop do what is due at once: idle handles, timers whose time has come. Nothing once they are over.
void turns_settle(struct turns *t);
// The other threads' turn; the one in turns_serve is woken if it would come too late for a timer.
void turns_give(struct turns *t);

// Serves the loop until turns_end; for one thread, without the turn.
void turns_serve(struct turns *t);
// Nothing is done in the loop by turns any more. To be called by who has the turn.
void turns_end(struct turns *t);

#endif
