// A scenario that was written for our own server's routes, performed against another server.
#ifndef SG_H2_SCENARIO_FOREIGN_H
#define SG_H2_SCENARIO_FOREIGN_H

#include "err.h"
#include "scenario.h"
#include "target.h"

#include <sys/types.h>

// NULL when another server can be asked the same: an attack, or plain GETs whose answer is only to be whole and
// right. Else why not, in a few words.
const char *h2_foreign_obstacle(const struct scenario *s);
// All requests are then for `path` (borrowed), right with any status from 200 to 399.
void h2_foreign_ask_for(struct scenario *s, const char *path);
// One GET of `path`: 0 when it is answered with such a status, or with `any_answer` at all; -ENODEV with the
// server's answer, or why there is none, in `e`. `tls`: which certificates of an https server are taken.
int h2_foreign_try(const struct h2_target *target, const char *path, const struct h2_tls_client_config *tls,
                   bool any_answer, struct err *e);
// -ENODEV where nobody has that number: it would have taken no memory and no CPU time. `pid` 0: none was named.
int h2_foreign_check_pid(pid_t pid, struct err *e);
// What another machine is loaded with at most: refuses a scenario that says more (-EPERM), and bounds one that
// does not say how many requests it makes, or how far it searches.
int h2_foreign_bound(struct scenario *s, struct err *e);

#endif
