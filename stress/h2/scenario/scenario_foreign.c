// Scenarios for servers that are not ours.
#include "scenario_foreign.h"

#include "clock.h"
#include "load.h"
#include "units.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

// "/" or "/bytes/N", or whatever is right with any status and body: what any server has, by whatever name.
static bool is_plain(const struct h2_request *q)
{
	static const char bytes[] = "/bytes/";
	const char *digits = q->path + sizeof bytes - 1;

	if (strcmp(q->method, "GET") != 0 || q->has_body || q->authority != NULL || q->expect.header_count > 0)
		return false;
	if (q->expect.status == H2_STATUS_OK && q->expect.kind == EXPECT_ANY)
		return true;
	if (q->expect.status != 200)
		return false;
	return strcmp(q->path, "/") == 0 ||
	       (strncmp(q->path, bytes, sizeof bytes - 1) == 0 && digits[strspn(digits, "0123456789")] == '\0' &&
	        q->expect.kind != EXPECT_ANY);
}

static bool wishes_anything(const struct h2_server_wishes *w)
{
	static const struct h2_server_wishes none;

	return memcmp(w, &none, sizeof none) != 0;
}

const char *h2_foreign_obstacle(const struct scenario *s)
{
	const bool attack = s->attack != NULL && !s->attack->peaceful;

	if (s->attack != NULL && !attack)
		return "its frames ask for routes of stressgen's server";
	if (!attack && wishes_anything(&s->server))
		return "it needs a server with limits of its own";
	for (size_t i = 0; i < s->count; i++)
		if (!is_plain(&s->items[i]))
			return "its requests are for routes of stressgen's server";
	return NULL;
}

void h2_foreign_ask_for(struct scenario *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++) {
		s->items[i].path = path;
		s->items[i].expect.status = H2_STATUS_OK;
		s->items[i].expect.kind = EXPECT_ANY;
	}
}

int h2_foreign_check_pid(pid_t pid, struct err *e)
{
	if (pid == 0 || kill(pid, 0) == 0 || errno != ESRCH)
		return 0;
	return err_set(e, ENODEV, "--h2-pid %d: there is no such process", (int)pid);
}

// More than that on another machine is no load test but an attack.
#define MOST_CONNECTIONS 1000U
#define MOST_CHURN 1000U // connections/s
#define MOST_REQUESTS UINT64_C(100000000)
#define MOST_RATE UINT64_C(100000)
#define MOST_TIME (3600 * SG_NS_PER_S)
#define TRIALS 30U // of a search for the highest rate

static bool is_too_fast(const struct h2_schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++)
		if (schedule->segments[i].from > (double)MOST_RATE || schedule->segments[i].to > (double)MOST_RATE)
			return true;
	return false;
}

int h2_foreign_bound(struct scenario *s, struct err *e)
{
	const uint64_t planned = h2_schedule_ns(&s->schedule), most = MOST_TIME / (s->goal.count ? TRIALS : 1);
	const uint64_t lasts = s->warm_up_ns + (s->duration_ns ? s->duration_ns : planned);
	char time[32];

	if (s->connections > MOST_CONNECTIONS)
		return err_set(e, EPERM, "on another machine at most %u connections are opened", MOST_CONNECTIONS);
	if (s->churn_per_s > MOST_CHURN)
		return err_set(e, EPERM, "on another machine at most %u connections a second are replaced",
		               MOST_CHURN);
	if (s->requests > MOST_REQUESTS)
		return err_set(e, EPERM, "on another machine at most 100M requests are made");
	if (is_too_fast(&s->schedule))
		return err_set(e, EPERM, "on another machine at most 100k requests a second are made");
	if (lasts > most)
		return err_set(e, EPERM, "on another machine a %s lasts at most %s, its warm-up included",
		               s->goal.count ? "search's trial" : "load", units_duration(time, sizeof time, most));
	s->most_rate = MOST_RATE;
	if (s->requests == 0)
		s->requests = MOST_REQUESTS;
	return 0;
}

static const char once[] =
        "(scenario once (load (requests 1) (deadline 5s)) (request get (path \"/\") (expect (status 200))))";

int h2_foreign_try(const struct h2_target *target, const char *path, const struct h2_tls_client_config *tls,
                   bool any_answer, struct err *e)
{
	struct scenario s = { 0 };
	struct h2_load_result r = { 0 };
	int rc = scenario_parse("once", once, sizeof once - 1, &s, e);

	if (rc == 0) {
		const struct h2_load_config config = { .scenario = &s,
			                               .target = target,
			                               .engine = &h2_session_client };

		h2_foreign_ask_for(&s, path);
		s.tls = *tls;
		scenario_set_scheme(&s, target->tls);
		rc = h2_load_run(&config, &r, e);
	}
	// what it says begins with the server, too
	const size_t named = strlen(target->place);
	const char *trouble = r.trouble + (strncmp(r.trouble, target->place, named) == 0 &&
	                                                   strncmp(r.trouble + named, ": ", 2) == 0
	                                           ? named + 2
	                                           : 0);

	if (rc == 0 && r.right != 1 && !(any_answer && r.trouble[0] == '\0' && r.wrong == 1))
		rc = err_set(e, ENODEV, "%s does not answer GET %s: %s", target->authority, path,
		             trouble[0] != '\0'                             ? trouble
		             : r.count > 0 && r.tallies[0].first[0] != '\0' ? r.tallies[0].first
		                                                            : "nothing came within 5 s");
	h2_load_result_deinit(&r);
	scenario_deinit(&s);
	return rc;
}
