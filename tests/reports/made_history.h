// A history made by hand, for its page: gc/steps grows by a fifth, gc/steady does not, and each fifth night
// gc/steady crashes.
#ifndef SG_MADE_HISTORY_H
#define SG_MADE_HISTORY_H

#include "history.h"
#include "page_check.h"

#define MADE_NIGHTS 20U
#define MADE_STEP_AT 14U // 2026-01-15

struct history *made_history(unsigned nights);
// How long gc/steps took.
uint64_t made_history_ns(unsigned night, bool anchor);
const char *made_history_path(void);
// Its page, checked; so many regressions must be open. To be freed.
char *made_history_page(struct history *h, ssize_t regressed, struct seen *s);

#endif
