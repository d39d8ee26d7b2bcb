// What came of a load, in one thread and in all of them.
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct hist **hist_at(struct h2_load_result *r, size_t i)
{
	struct hist **const hists[] = { &r->connect, &r->tcp, &r->tls, &r->first_byte };
	return i < sizeof(hists) / sizeof(hists[0]) ? hists[i] : NULL;
}

int load_result_init(struct h2_load_result *r, const struct scenario *s, struct tele_file *file)
{
	r->planned = s->duration_ns ? 0 : s->requests; // with both, whichever ends first
	r->tallies = calloc(s->count, sizeof(*r->tallies));
	if (!r->tallies)
		return -ENOMEM;
	r->count = s->count;
	for (size_t i = 0; hist_at(r, i); i++)
		if (!(*hist_at(r, i) = hist_new(3)))
			return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		if (!(r->tallies[i].latency = hist_new(3)))
			return -ENOMEM;
	h2_counters_init(&r->counters, file);
	return 0;
}

static void merge_tally(struct h2_tally *to, const struct h2_tally *from)
{
	for (unsigned i = 0; i < H2_FAULT_COUNT; i++)
		to->counts[i] += from->counts[i];
	for (unsigned i = 0; i < H2_STATUS_CLASSES; i++)
		to->classes[i] += from->classes[i];
	hist_merge(to->latency, from->latency);
	if (to->first[0] != '\0')
		return;
	memcpy(to->first, from->first, sizeof(to->first));
	to->first_fault = from->first_fault;
}

void load_result_merge(struct h2_load_result *to, struct h2_load_result *from)
{
	for (size_t i = 0; i < to->count; i++)
		merge_tally(&to->tallies[i], &from->tallies[i]);
	for (size_t i = 0; hist_at(to, i); i++)
		hist_merge(*hist_at(to, i), *hist_at(from, i));
	for (unsigned i = 0; i < H2_COUNTER_COUNT; i++)
		*to->counters.cell[i] += *from->counters.cell[i];
	to->begun += from->begun;
	to->right += from->right;
	to->wrong += from->wrong;
	to->warm += from->warm;
	to->warm_bytes_in += from->warm_bytes_in;
	to->unsent += from->unsent;
	to->behind_ns = from->behind_ns > to->behind_ns ? from->behind_ns : to->behind_ns;
	to->retried += from->retried;
	to->goaways += from->goaways;
	to->reconnects += from->reconnects;
	to->tls_resumed += from->tls_resumed;
	to->connected += from->connected;
	to->failed += from->failed;
	to->timed_out |= from->timed_out;
	to->stopped = to->stopped ? to->stopped : from->stopped;
	if (from->first_ns && (!to->first_ns || from->first_ns < to->first_ns))
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
	if (from->until_ns > to->until_ns)
		to->until_ns = from->until_ns;
	if (to->trouble[0] == '\0')
		memcpy(to->trouble, from->trouble, sizeof(to->trouble));
}

void h2_load_result_deinit(struct h2_load_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		hist_free(r->tallies[i].latency);
	free(r->tallies);
	for (size_t i = 0; hist_at(r, i); i++)
		hist_free(*hist_at(r, i));
	*r = (struct h2_load_result){ 0 };
}
