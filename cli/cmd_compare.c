// stressgen compare: two runs, two sets of runs, entries of the history, or one run that was made of pairs.
#include "clock.h"
#include "comparing.h"
#include "history.h"
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// One run after the other, since each may hold many histograms.
static int add_run(struct samples *s, enum sample_side side, const char *dir, struct err *e)
{
	struct run run = { 0 };
	int rc = run_load(dir, &run, e);

	if (rc == 0 && samples_has_pairs(&run))
		rc = err_set(e, EINVAL, "%s holds pairs of its own; write: stressgen compare %s", dir, dir);
	if (rc == 0)
		rc = samples_add_run(s, side, &run);
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "%s: out of memory", dir);
	run_deinit(&run);
	return rc;
}

#define ENTRY "history:" // "history:12", or "history:12:anchor"

static int add_entry(struct samples *s, enum sample_side side, const char *name, const struct opt_set *o,
                     struct err *e)
{
	const unsigned wait_ms = (unsigned)(opt_number(o, "wait") / SG_NS_PER_MS);
	const char *number = name + strlen(ENTRY);
	struct history *h = NULL;
	char *end;
	long long id = strtoll(number, &end, 10);
	int rc;

	if (end == number || (*end != '\0' && strcmp(end, ":anchor") != 0))
		return err_set(e, EINVAL,
		               "'%s': an entry of the history is written history:12, its anchor history:12:anchor",
		               name);
	rc = history_open(opt_text(o, "db"), HISTORY_READ, wait_ms, &h, e);
	if (rc == 0)
		rc = history_samples(h, id, *end != '\0', side, s, e);
	history_close(h);
	return rc;
}

// "DIR,DIR": all of them one side.
static int add_runs(struct samples *s, enum sample_side side, const char *list, const struct opt_set *o,
                    struct err *e)
{
	char *copy = strdup(list), *save = NULL;
	int rc = copy != NULL ? 0 : err_set(e, ENOMEM, "out of memory");
	size_t n = 0;

	for (char *dir = rc == 0 ? strtok_r(copy, ",\n", &save) : NULL; rc == 0 && dir != NULL;
	     dir = strtok_r(NULL, ",\n", &save), n++)
		rc = strncmp(dir, ENTRY, strlen(ENTRY)) == 0 ? add_entry(s, side, dir, o, e)
		                                             : add_run(s, side, dir, e);
	if (rc == 0 && n == 0)
		rc = err_set(e, EINVAL, "the %s side names no run", sample_side_name(side));
	free(copy);
	return rc;
}

static int add_pairs(struct samples *s, const char *dir, struct err *e)
{
	struct run run = { 0 };
	int rc = run_load(dir, &run, e);

	if (rc == 0 && !samples_has_pairs(&run))
		rc = err_set(e, EINVAL, "%s is one run; compare takes two: stressgen compare BASE HEAD", dir);
	if (rc == 0)
		rc = samples_add_pairs(s, &run);
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "%s: out of memory", dir);
	run_deinit(&run);
	return rc;
}

static int gather(struct samples *s, const struct opt_set *o, struct err *e)
{
	const char *base = opt_text(o, "base"), *head = opt_text(o, "head");
	const size_t given = o->arg_count + (base != NULL) + (head != NULL);
	size_t next = 0;
	int rc;

	if (given == 1 && o->arg_count == 1)
		return add_pairs(s, o->args[0], e);
	if (given != 2)
		return err_set(
		        e, EINVAL,
		        "compare takes two runs, or two lists of them: stressgen compare BASE,BASE HEAD,HEAD");
	rc = add_runs(s, SAMPLE_BASE, base != NULL ? base : o->args[next++], o, e);
	return rc < 0 ? rc : add_runs(s, SAMPLE_HEAD, head != NULL ? head : o->args[next], o, e);
}

int cmd_compare(struct app *app)
{
	struct comparing comparing = { 0 };
	struct samples samples = { 0 };
	struct err e = { 0 };
	int r = comparing_init(&comparing, app, &e);
	int code;

	if (r == 0)
		r = samples_init(&samples);
	if (r == 0)
		r = gather(&samples, &app->opts, &e);
	code = r < 0 ? complain(&e, r) : comparing_tell(&comparing, app, &samples);
	samples_deinit(&samples);
	comparing_deinit(&comparing);
	return code;
}
