// --sizes: when all sizes were measured, more of them where the curves bend, as another part of the same run.
#include "growth.h"
#include "pipeline.h"
#include "verdict.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BENDS 512U

struct refining {
	struct pipeline *j;
	const char *suite_dir;
	struct gen_size sizes[MOST_BENDS]; // of all rounds; the names are owned
	size_t count;
	struct err e;
};

static int take_bends(struct refining *r, const struct growth_bend *bends, size_t found)
{
	for (size_t i = 0; i < found && r->count < MOST_BENDS; i++) {
		struct gen_size *s = &r->sizes[r->count];
		char *name;

		if (asprintf(&name, "%s/%s", bends[i].kind, bends[i].kernel) < 0)
			return err_set(&r->e, ENOMEM, "out of memory");
		*s = (struct gen_size){ name, (int64_t)bends[i].size };
		r->count++;
	}
	return 0;
}

// Looks at the run as far as it has come. How many sizes are to be added, or an error.
static int look(struct refining *r)
{
	const size_t before = r->count;
	struct growth_bend *bends = calloc(MOST_BENDS, sizeof *bends);
	struct run run = { 0 };
	struct view v = { 0 };
	int rc = bends == NULL ? err_set(&r->e, ENOMEM, "out of memory") : run_load(r->j->run_dir, &run, &r->e);

	if (rc == 0 && view_init(&v, &run) < 0)
		rc = err_set(&r->e, ENOMEM, "out of memory");
	if (rc == 0)
		rc = take_bends(r, bends, growth_bends(&v, bends, MOST_BENDS - r->count));
	view_deinit(&v);
	run_deinit(&run);
	free(bends);
	return rc < 0 ? rc : (int)(r->count - before);
}

// The suite once more with the sizes; the run goes on with those of its tests that are new. An exit code.
static int go_on(struct refining *r)
{
	struct pipeline *j = r->j;
	const uint64_t seed = j->suite.seed;
	int code;

	suite_deinit(&j->suite);
	free(j->selection);
	free(j->preload_options);
	allocator_choice_deinit(&j->alloc);
	j->selection = NULL;
	j->selected = 0;
	j->preload_options = NULL;
	code = pipeline_generate_more(j->app, r->suite_dir, seed, r->sizes, r->count);
	if (code != SG_EXIT_OK)
		return code;
	if (suite_load(r->suite_dir, &j->suite, &r->e) < 0)
		return complain(&r->e, -EINVAL);
	j->grown = true;
	return pipeline_run(j, true);
}

bool pipeline_refines(const struct app *app)
{
	const struct opt_set *o = &app->opts;

	return opt_number(o, "sizes") > 0 && opt_number(o, "refine") > 0 && opt_number(o, "soak") == 0 &&
	       opt_text(o, "only") == NULL && opt_text(o, "filter") == NULL && !opt_flag(o, "dry-run") &&
	       !opt_flag(o, "list") && !opt_flag(o, "show-tags");
}

int pipeline_refine(struct pipeline *j, const char *suite_dir)
{
	struct refining *r = calloc(1, sizeof *r);
	int code = SG_EXIT_OK;

	if (r == NULL)
		return SG_EXIT_INTERNAL;
	*r = (struct refining){ .j = j, .suite_dir = suite_dir };
	for (uint64_t round = 0; round < opt_number(&j->app->opts, "refine"); round++) {
		int found = look(r);

		if (found < 0)
			code = complain(&r->e, found);
		if (found <= 0)
			break;
		say(j->app, "%d more size%s where curves bend", found, found == 1 ? "" : "s");
		code = go_on(r);
		if (code != SG_EXIT_OK && code != SG_EXIT_TESTS)
			break;
	}
	for (size_t i = 0; i < r->count; i++)
		free((char *)(uintptr_t)r->sizes[i].kernel);
	free(r);
	return code;
}
