// Goals, and the search for the highest rate that keeps them.
#include "search.h"

#include "clock.h"
#include "load.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_RATE 100U
#define CONFIRMATIONS 10U             // trials of less than what was found
#define NEAR 20U                      // within 1/20 the search ends
#define AFTER_TRIAL (2 * SG_NS_PER_S) // for what is late; what is later has failed

// ---- goals --------------------------------------------------------------------------------------------------

static int parse_term(char *text, struct h2_goal_term *t)
{
	char *value = strchr(text, '<'), *end;
	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(text, "errors") == 0) {
		t->kind = H2_GOAL_ERRORS;
		t->percent = strtod(value, &end);
		return end != value && strcmp(end, "%") == 0 && t->percent >= 0 && t->percent <= 100 ? 0 : -EINVAL;
	}
	t->kind = strcmp(text, "mean") == 0 ? H2_GOAL_MEAN : H2_GOAL_PERCENTILE;
	t->percentile = 100;
	if (t->kind == H2_GOAL_PERCENTILE && strcmp(text, "max") != 0) {
		t->percentile = text[0] == 'p' ? strtod(text + 1, &end) : 0;
		if (text[0] != 'p' || end == text + 1 || *end || !(t->percentile > 0 && t->percentile <= 100))
			return -EINVAL;
	}
	return units_parse_duration(value, &t->ns) < 0 || t->ns == 0 ? -EINVAL : 0;
}

int h2_goal_parse(const char *text, struct h2_goal *g, struct err *e)
{
	char copy[256], *rest = copy, *term;
	int rc = strlen(text) < sizeof(copy) ? 0 : -EINVAL;
	*g = (struct h2_goal){ 0 };
	snprintf(copy, sizeof(copy), "%s", text);
	while (rc == 0 && (term = strsep(&rest, ",")) != NULL)
		rc = g->count < H2_GOAL_TERMS ? parse_term(term, &g->terms[g->count++]) : -EINVAL;
	if (rc < 0)
		return err_set(
		        e, EINVAL,
		        "'%.80s' is no goal; write 'p99<5ms,errors<0.1%%', of p50 to p99.999, max, mean and errors",
		        text);
	return 0;
}

static double percent_of(uint64_t errors, uint64_t requests)
{
	return requests ? 100.0 * (double)errors / (double)requests : 100;
}

static bool errors_hold(const struct h2_goal_term *g, uint64_t errors, uint64_t requests)
{
	return g->percent > 0 ? percent_of(errors, requests) < g->percent : errors == 0 && requests > 0;
}

static const struct h2_goal_term *errors_term(const struct h2_goal *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->terms[i].kind == H2_GOAL_ERRORS)
			return &g->terms[i];
	return NULL;
}

bool h2_goal_allows(const struct h2_goal *g, uint64_t errors, uint64_t requests)
{
	const struct h2_goal_term *term = errors_term(g);
	return term ? errors_hold(term, errors, requests) : errors == 0;
}

static bool term_holds(const struct h2_goal_term *g, const struct h2_trial *t, struct buf *why)
{
	char time[32], name[16];
	if (g->kind == H2_GOAL_ERRORS) {
		buf_addf(why, "%serrors %.3g %%", why->len ? ", " : "", percent_of(t->errors, t->requests));
		return errors_hold(g, t->errors, t->requests);
	}
	const uint64_t ns = g->kind == H2_GOAL_MEAN ? (uint64_t)hist_mean(t->latency)
	                                            : hist_percentile(t->latency, g->percentile);
	snprintf(name, sizeof(name), "p%.6g", g->percentile);
	buf_addf(why, "%s%s %s", why->len ? ", " : "",
	         g->kind == H2_GOAL_MEAN ? "mean"
	         : g->percentile >= 100  ? "max"
	                                 : name,
	         units_duration(time, sizeof(time), ns));
	return t->latency->total > 0 && ns < g->ns;
}

bool h2_goal_holds(const struct h2_goal *g, const struct h2_trial *t, struct buf *why)
{
	struct buf own = { 0 };
	bool holds = true;
	for (size_t i = 0; i < g->count; i++)
		holds &= term_holds(&g->terms[i], t, why ? why : &own);
	buf_deinit(&own);
	return holds;
}

// ---- the search ---------------------------------------------------------------------------------------------

void h2_search_begin(struct h2_search *s, uint64_t first, uint64_t most)
{
	*s = (struct h2_search){ .next = first < most ? first : most, .most = most };
}

void h2_search_tried(struct h2_search *s, bool held)
{
	*(held ? &s->low : &s->high) = s->next;
	if (s->high == 0) // still upwards
		s->next = s->low >= s->most ? 0 : s->low > s->most / 2 ? s->most : 2 * s->low;
	else if (s->low == 0) // downwards
		s->next = s->high / 2;
	else
		s->next = s->high - s->low <= s->low / NEAR || s->high - s->low < 2
		                  ? 0
		                  : s->low + (s->high - s->low) / 2;
}

// One run at that rate.
static int try_rate(const struct h2_load_config *config, uint64_t rate, struct h2_load_result *r, struct err *e)
{
	struct scenario s = *config->scenario;
	struct h2_load_config c = *config;
	s.requests = 0;
	s.schedule.count = 1;
	s.schedule.segments[0] = (struct h2_segment){ (double)rate, (double)rate, 0 };
	s.deadline_ns = s.warm_up_ns + s.duration_ns + scenario_opening_ns(&s) + AFTER_TRIAL;
	c.scenario = &s;
	return h2_load_run(&c, r, e);
}

static bool judge(const struct h2_goal *g, uint64_t rate, const struct h2_load_result *r, struct buf *out)
{
	struct hist *all = hist_new(3);
	struct buf why = { 0 };
	for (size_t i = 0; all && i < r->count; i++)
		hist_merge(all, r->tallies[i].latency);
	const struct h2_trial t = { .latency = all,
		                    .requests = r->begun + r->unsent,
		                    .errors = r->wrong + r->unsent };
	const bool holds = all && h2_goal_holds(g, &t, &why) && r->unsent == 0 && r->trouble[0] == '\0' &&
	                   h2_goal_allows(g, t.errors, t.requests);
	if (!errors_term(g) && t.errors > 0)
		buf_addf(&why, ", errors %.3g %%, which the goal does not allow",
		         percent_of(t.errors, t.requests));
	buf_addf(out, "rate %" PRIu64 "/s: %s%s%s: %s\n", rate, buf_text(&why), r->trouble[0] ? "; " : "",
	         r->trouble, holds ? "holds" : "does not hold");
	buf_deinit(&why);
	hist_free(all);
	return holds;
}

bool h2_search_is_cut(const struct h2_load_result *r)
{
	return r->stopped || r->connected == 0;
}

// One more trial at the rate that was found. What held once by luck gives way to less, a tenth at a time; 0: to
// none.
static int confirm(const struct h2_load_config *config, struct h2_load_result *r, uint64_t *rate, struct buf *out,
                   struct err *e)
{
	int rc = try_rate(config, *rate ? *rate : 1, r, e);
	for (unsigned i = 0;
	     rc == 0 && *rate > 0 && !h2_search_is_cut(r) && !judge(&config->scenario->goal, *rate, r, out); i++) {
		*rate = i < CONFIRMATIONS ? *rate - (*rate + 9) / 10 : 0;
		if (*rate == 0)
			break;
		h2_load_result_deinit(r);
		*r = (struct h2_load_result){ 0 };
		rc = try_rate(config, *rate, r, e);
	}
	return rc;
}

static int search(const struct h2_load_config *config, struct h2_load_result *r, uint64_t *rate, struct buf *out,
                  struct err *e)
{
	const struct h2_schedule *given = &config->scenario->schedule;
	const uint64_t most = config->scenario->most_rate ? config->scenario->most_rate : H2_MAX_RATE;
	struct h2_search s;
	int rc = 0;
	h2_search_begin(&s, given->count ? (uint64_t)given->segments[0].from : FIRST_RATE, most);
	while (s.next > 0 && rc == 0) {
		h2_load_result_deinit(r);
		rc = try_rate(config, s.next, r, e);
		const bool held = rc == 0 && !r->stopped && judge(&config->scenario->goal, s.next, r, out);
		if (rc < 0 || h2_search_is_cut(r))
			break;
		h2_search_tried(&s, held);
	}
	*rate = s.low;
	if (rc < 0 || h2_search_is_cut(r))
		return rc;
	h2_load_result_deinit(r);
	return confirm(config, r, rate, out, e);
}

int h2_search_run(const struct h2_load_config *config, struct h2_load_result *r, uint64_t *rate, struct buf *out,
                  struct err *e)
{
	sigset_t stops, before;
	h2_load_stop_signals(&stops);
	if (config->stoppable) // one that comes between two trials stops the next
		pthread_sigmask(SIG_BLOCK, &stops, &before);
	const int rc = search(config, r, rate, out, e);
	if (config->stoppable)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
