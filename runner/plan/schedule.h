// Which of the planned tests may start now, beside those that run: in the plan's order, a test behind what it
// depends on, never two that own one resource, and nothing beside a @Serial one.
#ifndef SG_SCHEDULE_H
#define SG_SCHEDULE_H

#include "plan.h"
#include "suite.h"

#include <stdbool.h>
#include <stddef.h>

#define SCHEDULE_NONE ((size_t)-1)

enum schedule_state { SCHEDULE_WAITING, SCHEDULE_RUNNING, SCHEDULE_SETTLED };

struct schedule_place {
	enum schedule_state state;
	bool alone;            // nothing may run beside it
	size_t previous, next; // in the line of those that wait; SCHEDULE_NONE: the end
};

struct schedule {
	const struct suite *suite;
	const struct plan *plan;
	struct schedule_place *places; // by position in the plan
	size_t *position_of;           // by index in the suite; SCHEDULE_NONE: not in the plan
	size_t first, last;            // of those that wait
	size_t *running;               // positions, as many as run
	size_t running_count;
};

// All tests of the plan wait. Borrows both. 0 or -ENOMEM; deinit in every case.
int schedule_init(struct schedule *s, const struct suite *suite, const struct plan *plan, size_t workers);
void schedule_deinit(struct schedule *s);
// The position of the test that is to start next; SCHEDULE_NONE when none can until one of those that run has
// settled, or when none waits.
size_t schedule_next(const struct schedule *s);
void schedule_start(struct schedule *s, size_t position);
void schedule_settle(struct schedule *s, size_t position);
// A running test goes back to wait: in front of all others, or, to have the machine for itself, behind them.
void schedule_again(struct schedule *s, size_t position, bool alone);
// Whether none waits and none runs.
bool schedule_is_over(const struct schedule *s);

#endif
