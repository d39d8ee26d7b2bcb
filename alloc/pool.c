// What all pools have in common: the list of policies, opening, and what a denied request means.
#include "pool.h"

#include "buf.h"
#include "clock.h"

#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

extern const struct pool_policy pool_slab_fixed;
extern const struct pool_policy pool_slab_gc;
extern const struct pool_policy pool_slab_chain;
extern const struct pool_policy pool_arena;
extern const struct pool_policy pool_malloc;
// In a library of its own, because only programs that ask for it are to contain a jemalloc.
extern const struct pool_policy pool_jemalloc __attribute__((weak));
extern const struct pool_policy pool_jemalloc_capped __attribute__((weak));

static const struct pool_policy *const policies[] = {
	&pool_slab_fixed, &pool_slab_gc,         &pool_slab_chain, &pool_arena,
	&pool_jemalloc,   &pool_jemalloc_capped, &pool_malloc,
};

#define POLICIES (sizeof policies / sizeof policies[0])

const struct pool_policy *pool_policy_at(size_t i)
{
	size_t seen = 0;

	for (size_t k = 0; k < POLICIES; k++)
		if (policies[k] != NULL && seen++ == i)
			return policies[k];
	return NULL;
}

const struct pool_policy *pool_policy_find(const char *name, struct err *e)
{
	struct buf names = { 0 };
	const struct pool_policy *p;

	for (size_t i = 0; (p = pool_policy_at(i)) != NULL; i++)
		if (strcmp(p->name, name) == 0)
			return p;
	for (size_t i = 0; (p = pool_policy_at(i)) != NULL; i++)
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", p->name);
	if (strcmp(name, "jemalloc") == 0 || strcmp(name, "jemalloc-capped") == 0)
		err_set(e, ENOENT,
		        "this build has no pool '%s': libjemalloc_pic.a was not there when it was built; install "
		        "libjemalloc-dev and build again (there are: %s)",
		        name, buf_text(&names));
	else
		err_set(e, ENOENT, "there is no pool '%s'; there are: %s", name, buf_text(&names));
	buf_deinit(&names);
	return NULL;
}

static int check_mark(const struct pool_policy *policy, unsigned percent, struct err *e)
{
	if (!policy->takes_mark && percent != 0)
		return err_set(e, EINVAL, "pool '%s' takes no mark; slab-gc does", policy->name);
	if (percent > 99)
		return err_set(e, EINVAL, "a mark of %u %%: it is 1 to 99 %% of the capacity", percent);
	return 0;
}

static int check_capacity(const struct pool_policy *policy, uint64_t bytes, struct err *e)
{
	if (policy->min_capacity == 0 && bytes != 0)
		return err_set(e, EINVAL, "pool '%s' takes no capacity: it grows as the system lets it",
		               policy->name);
	if (policy->min_capacity > 0 && bytes == 0)
		return err_set(e, EINVAL, "pool '%s' needs a capacity, e.g. 16M", policy->name);
	if (bytes < policy->min_capacity)
		return err_set(e, EINVAL,
		               "a capacity of %llu bytes is too small for pool '%s'; it takes %llu or more",
		               (unsigned long long)bytes, policy->name, (unsigned long long)policy->min_capacity);
	return 0;
}

int pool_open(const struct pool_policy *policy, const struct pool_config *c, struct pool **out, struct err *e)
{
	struct pool_config config = *c;
	struct pool *p;
	int rc = check_capacity(policy, c->capacity_bytes, e);

	if (rc == 0)
		rc = check_mark(policy, c->mark_percent, e);
	if (rc < 0)
		return rc;
	if (policy->takes_mark && config.mark_percent == 0)
		config.mark_percent = POOL_MARK;
	rc = policy->open(&config, &p, e);
	if (rc < 0)
		return rc;
	p->policy = policy;
	p->forgiven = c->forgiven;
	p->on_exhausted = c->exhausted;
	p->on_pressed = c->pressed;
	p->arg = c->arg;
	if (c->figures != NULL) {
		*c->figures = p->own;
		p->figures = c->figures;
	} else {
		p->figures = &p->own;
	}
	backtrace((void *[1]){ NULL }, 1); // it loads a library at its first call: not at the worst moment
	// Last: a name means that the slot is in use.
	snprintf(p->figures->name, sizeof p->figures->name, "%s", c->name != NULL ? c->name : policy->name);
	*out = p;
	return 0;
}

void pool_close(struct pool *p)
{
	if (p != NULL)
		p->policy->close(p);
}

// Whether the caller has had its chances. Nothing on the granting side keeps count: what was granted in
// between shows in the acquires.
static bool is_final(struct pool *p)
{
	if (p->figures->acquires != p->acquires_then)
		p->in_a_row = 0;
	p->acquires_then = p->figures->acquires;
	if (p->in_a_row < p->forgiven) {
		p->in_a_row++;
		return false;
	}
	p->in_a_row = 0;
	return true;
}

// The C side; the runtime's own side is for `on_exhausted` to add.
static void keep_frames(struct tele_pool *f)
{
	void *frames[SG_TELE_FRAMES];
	int n = backtrace(frames, SG_TELE_FRAMES);

	for (int i = 0; i < n; i++)
		f->frames[i] = (uint64_t)(uintptr_t)frames[i];
	f->frame_count = n > 0 ? (uint64_t)n : 0;
}

static void exhaust(struct pool *p)
{
	struct tele_pool *f = p->figures;

	if (++f->exhausted == 1) {
		f->exhausted_ns = clock_now_ns();
		f->request_bytes = p->denied_bytes;
		keep_frames(f);
	}
	if (p->on_exhausted != NULL)
		p->on_exhausted(p->arg, f);
}

void *pool_deny(struct pool *p, size_t bytes)
{
	p->denied_bytes = bytes;
	if (is_final(p)) {
		exhaust(p);
		return NULL;
	}
	p->pressed++;
	if (p->on_pressed != NULL)
		p->on_pressed(p->arg, bytes);
	return NULL;
}

void pool_gave_up(struct pool *p)
{
	if (p->in_a_row == 0)
		return;
	p->in_a_row = 0;
	p->pressed--;
	exhaust(p);
}
