// A cliff as a result, so that what reads runs (the history, compare) knows cliffs too.
#include "cliffs.h"

#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *say_where(const struct cliff *c)
{
	struct arena a = { 0 };
	char *text;

	if (c->fails == 0)
		text = strdup(text_make(&a, "%s %s, the most that is tried, passes", c->param,
		                        text_count(&a, (uint64_t)c->passes)));
	else
		text = strdup(text_make(&a, "%s %s passes, %s does not, by %s: %s", c->param,
		                        text_count(&a, (uint64_t)c->passes), text_count(&a, (uint64_t)c->fails),
		                        cliff_what_broke(c), text_line(&a, c->evidence)));
	arena_deinit(&a);
	return text;
}

int cliff_to_result(const struct cliff *c, const char *allocator, struct result *r)
{
	const struct cliff_point *at = cliff_at(c, c->passes > 0 ? c->passes : c->fails);
	const size_t room = strlen(c->kernel) + strlen(c->param) + strlen(c->target) + sizeof "cliff//.";
	struct result_cliff *found = result_add_cliff(r);

	if (found == NULL)
		return -ENOMEM;
	*found = (struct result_cliff){ .param = strdup(c->param),
		                        .broke = strdup(cliff_what_broke(c)),
		                        .passes = (uint64_t)c->passes,
		                        .fails = (uint64_t)c->fails,
		                        .sharp = c->sharp };
	r->id = malloc(room);
	r->evidence = say_where(c);
	r->allocator = allocator != NULL ? strdup(allocator) : NULL;
	if (r->id == NULL || r->evidence == NULL || found->param == NULL || found->broke == NULL ||
	    (allocator != NULL && r->allocator == NULL))
		return -ENOMEM;
	snprintf(r->id, room, "cliff/%s/%s.%s", c->kernel, c->param, c->target);
	r->attempt = 1;
	r->verdict = r->expected = c->fails > 0 ? c->verdict : VERDICT_PASSED;
	r->as_expected = true; // a cliff is a fact
	r->clean = c->clean;
	if (at != NULL) {
		r->wall_ns = at->wall_ns;
		r->user_ns = at->cpu_ns;
		r->peak_rss_bytes = at->peak_rss_bytes;
	}
	return 0;
}
