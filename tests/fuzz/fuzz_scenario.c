// The scenario parser: any bytes; what is accepted can be performed as it stands, and its requests can be made.
#include "more.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_request(const struct h2_request *q)
{
	must(q->weight >= 1 && q->weight <= H2_MAX_WEIGHT);
	must(q->method[0] != '\0' && q->path[0] != '\0');
	must(q->header_count <= H2_MAX_HEADERS && q->expect.header_count <= H2_MAX_EXPECTED);
	must(q->trailer_count <= H2_MAX_TRAILERS && q->part_count <= H2_MAX_PARTS);
	must(q->expect.status == H2_STATUS_OK || q->expect.status >= 200);
	must(q->expect.status <= 599);
	must(!q->has_body || q->body.length <= H2_MAX_BODY || q->body.text);
	for (size_t i = 0; i < q->header_count; i++)
		must(strlen(q->headers[i].name) == q->headers[i].name_len && q->headers[i].name_len > 0 &&
		     strlen(q->headers[i].value) == q->headers[i].value_len);
}

// Two exchanges of it, as a load makes them: within the room that the plan says (the sanitizer watches).
static void make_requests(const struct h2_request *q)
{
	struct h2_prepared p;
	struct h2_more_plan plan = { .seed = 1, .shares = 1 };
	struct h2_tally tally = { .drawn = 0 };
	struct exchange x = { 0 };
	must(h2_prepare(&p, q, "h", true) == 0);
	h2_more_plan_add(&plan, &p);
	for (unsigned i = 0; i < 2; i++) {
		exchange_begin(&x, &p, &tally, i);
		must(!p.needs_more || h2_more_begin(&x, &plan) == 0);
		must(x.prepared->header_count == p.header_count &&
		     x.prepared->headers[H2_AT_PATH].value[0] != '\0');
		must(x.prepared->body.length <= H2_MAX_BODY);
	}
	h2_more_free(x.more);
	h2_prepared_deinit(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario s = { 0 };
	struct err e = { "" };
	int rc = scenario_parse("file", (const char *)data, size, &s, &e);

	must((rc < 0) == (e.text[0] != '\0'));
	if (rc == 0) {
		uint64_t round = 0;
		must(s.count >= 1 && s.count <= H2_MAX_REQUESTS);
		must(s.connections >= 1 && s.connections <= H2_MAX_CONNECTIONS && s.streams >= 1);
		must(s.requests > 0 || s.duration_ns > 0);
		must(s.deadline_ns > s.duration_ns);
		for (size_t i = 0; i < s.count; i++) {
			check_request(&s.items[i]);
			make_requests(&s.items[i]);
			round += s.items[i].weight;
		}
		must(round == s.round && round <= UINT32_MAX);
	}
	scenario_deinit(&s);
	return 0;
}
