// Several threads at one loop.
#include "harness.h"
#include "turns.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 500

static void close_all(uv_handle_t *handle, void *arg)
{
	(void)arg;
	uv_close(handle, NULL);
}

// To be called when no other thread is at it any more.
static void end(uv_loop_t *loop, struct turns *t)
{
	uv_walk(loop, close_all, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
	turns_deinit(t);
	turns_deinit(t);
}

static void serve_beside(struct turns *t, pthread_t *threads, int count)
{
	turns_serve(t);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

struct scene {
	struct turns turns;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_idle_t idle;
	unsigned plain; // only whoever has the turn counts it
	unsigned done;
	_Atomic bool inside;
	unsigned met; // two threads had the turn
	pthread_t idle_ran_in;
};

static void begin(struct scene *s)
{
	memset(s, 0, sizeof *s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	assert_int_equal(turns_init(&s->turns, &s->loop), 0);
	uv_timer_init(&s->loop, &s->timer);
	uv_idle_init(&s->loop, &s->idle);
	s->timer.data = s->idle.data = s;
}

static void *count(void *arg)
{
	struct scene *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		turns_take(&s->turns);
		s->met += atomic_exchange(&s->inside, true);
		s->plain++;
		atomic_store(&s->inside, false);
		if (i + 1 == ROUNDS && ++s->done == THREADS)
			turns_end(&s->turns);
		turns_give(&s->turns);
	}
	return NULL;
}

CASE("turns: one thread at a time, and the one that serves comes back when it is over")
{
	struct scene s;
	pthread_t threads[THREADS];

	begin(&s);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &s), 0);
	serve_beside(&s.turns, threads, THREADS);
	assert_int_equal(s.plain, THREADS * ROUNDS);
	assert_int_equal(s.met, 0);
	end(&s.loop, &s.turns);
}

static void on_timer(uv_timer_t *handle)
{
	struct scene *s = handle->data;

	s->plain++;
	turns_end(&s->turns);
}

static void never(uv_timer_t *handle)
{
	(void)handle;
	fail_msg("a timer of an hour has come");
}

static void *start_timer(void *arg)
{
	struct scene *s = arg;

	usleep(20000); // most likely the other thread waits by now; if not, the test is weaker and not wrong
	turns_take(&s->turns);
	uv_timer_start(&s->timer, on_timer, 5, 0);
	turns_give(&s->turns);
	return NULL;
}

CASE("turns: a timer that another thread has started comes in time, though the loop waits for a later one")
{
	struct scene s;
	pthread_t thread;
	uv_timer_t late;

	begin(&s);
	uv_timer_init(&s.loop, &late);
	uv_timer_start(&late, never, 3600000, 0);
	assert_int_equal(pthread_create(&thread, NULL, start_timer, &s), 0);
	serve_beside(&s.turns, &thread, 1);
	assert_int_equal(s.plain, 1);
	end(&s.loop, &s.turns);
}

static void on_idle(uv_idle_t *handle)
{
	struct scene *s = handle->data;

	s->idle_ran_in = pthread_self();
	s->plain++;
	uv_idle_stop(handle);
}

static void *settle(void *arg)
{
	struct scene *s = arg;

	turns_take(&s->turns);
	uv_idle_start(&s->idle, on_idle);
	turns_settle(&s->turns);
	s->done = s->plain == 1 && pthread_equal(s->idle_ran_in, pthread_self());
	turns_end(&s->turns);
	turns_give(&s->turns);
	return NULL;
}

CASE("turns: what is due at once is done by the thread that has the turn")
{
	struct scene s;
	pthread_t thread;

	begin(&s);
	uv_timer_start(&s.timer, never, 3600000, 0);
	assert_int_equal(pthread_create(&thread, NULL, settle, &s), 0);
	serve_beside(&s.turns, &thread, 1);
	assert_int_equal(s.done, 1);
	end(&s.loop, &s.turns);
}
