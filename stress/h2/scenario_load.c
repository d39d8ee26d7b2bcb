// The clause (load ...): how many connections, streams and requests, and for how long.
#include "scenario_parts.h"

#include "clock.h"

#define DEFAULT_DEADLINE (30 * SG_NS_PER_S)
#define MAX_IN_FLIGHT (4U * 1024U * 1024U) // connections x streams: bounds the memory

static int read_amounts(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	uint64_t connections = 1, streams = 1;
	int rc = h2_get_count(r, list, "connections", H2_MAX_CONNECTIONS, &connections);
	if (rc == 0)
		rc = h2_get_count(r, list, "streams", H2_MAX_STREAMS, &streams);
	if (rc == 0)
		rc = h2_get_count(r, list, "requests", UINT64_C(1) << 40, &s->requests);
	if (rc == 0 && connections * streams > MAX_IN_FLIGHT)
		rc = FAIL(r, list, "connections times streams is more than %u", MAX_IN_FLIGHT);
	s->connections = (unsigned)connections;
	s->streams = (unsigned)streams;
	return rc;
}

static int read_times(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	int rc = h2_get_duration(r, list, "duration", &s->duration_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "warm-up", &s->warm_up_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "deadline", &s->deadline_ns);
	if (rc == 0 && s->warm_up_ns && !s->duration_ns)
		rc = FAIL(r, sexp_field(list, "warm-up"),
		          "a warm-up goes before a (duration ...), which is not there");
	if (rc == 0 && s->deadline_ns && s->deadline_ns <= s->warm_up_ns + s->duration_ns)
		rc = FAIL(r, sexp_field(list, "deadline"), "the deadline must be later than the duration%s",
		          s->warm_up_ns ? " behind the warm-up" : "");
	return rc;
}

int h2_read_load(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	static const char *const fields[] = { "connections", "streams",  "requests", "duration",
		                              "warm-up",     "deadline", NULL };
	int rc = 0;
	s->connections = s->streams = 1;
	if (list)
		rc = sexp_check_fields(r->doc, list, 1, fields, r->e);
	if (list && rc == 0)
		rc = read_amounts(r, s, list);
	if (list && rc == 0)
		rc = read_times(r, s, list);
	if (!s->deadline_ns)
		s->deadline_ns = s->warm_up_ns + s->duration_ns + DEFAULT_DEADLINE;
	return rc;
}
