// Lanes, threads and time.
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "units.h"

// ---- parameters -----------------------------------------------------------------------------------------------

static void set_defaults(uint64_t *values, const struct workload_param *params)
{
	for (size_t i = 0; params != NULL && params[i].name != NULL; i++)
		values[i] = params[i].def;
}

static const struct workload_param *find_param(const struct workload_param *params, const char *name, size_t len)
{
	for (; params != NULL && params->name != NULL; params++)
		if (strlen(params->name) == len && memcmp(params->name, name, len) == 0)
			return params;
	return NULL;
}

static int read_value(const char *workload, const struct workload_param *p, const char *text, uint64_t *out,
                      struct err *e)
{
	int rc = p->bytes ? units_parse_bytes(text, out) : units_parse_u64(text, out);

	if (rc == 0 && *out >= p->min && *out <= p->max)
		return 0;
	return err_set(e, EINVAL, "%s: %s=%s: write a %s from %llu to %llu", workload, p->name, text,
	               p->bytes ? "size" : "number", (unsigned long long)p->min, (unsigned long long)p->max);
}

int bench_configure(struct bench *b, const struct workload *w, char *const *words, int count, struct err *e)
{
	b->workload = w;
	b->statm_fd = -1;
	set_defaults(b->common, workload_common);
	set_defaults(b->values, w->params);
	b->common[WORKLOAD_THREADS] = w->threads;
	for (int i = 0; i < count; i++) {
		size_t len = strcspn(words[i], "=");
		const struct workload_param *own = find_param(w->params, words[i], len);
		const struct workload_param *any = find_param(workload_common, words[i], len);
		int rc;

		if (words[i][len] != '=' || (own == NULL && any == NULL))
			return err_set(e, EINVAL, "%s: no parameter '%s'; stressgen-native %s --help lists them",
			               w->name, words[i], w->name);
		if (own != NULL)
			rc = read_value(w->name, own, words[i] + len + 1, &b->values[own - w->params], e);
		else
			rc = read_value(w->name, any, words[i] + len + 1, &b->common[any - workload_common], e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// ---- lanes ----------------------------------------------------------------------------------------------------

void *bench_array(size_t count, size_t bytes, struct err *e)
{
	size_t total;
	void *at;

	if (__builtin_mul_overflow(count, bytes, &total) || total > SIZE_MAX / 2) {
		err_set(e, ENOMEM, "%zu times %zu bytes are more than there can be", count, bytes);
		return NULL;
	}
	at = mmap(NULL, total > 0 ? total : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at != MAP_FAILED)
		return at;
	err_set(e, ENOMEM, "no memory for %zu bytes of our own", total);
	return NULL;
}

static int make_lane(struct bench *b, unsigned index, struct err *e)
{
	struct lane *l = &b->lanes[index];

	l->bench = b;
	l->index = index;
	l->tag = index << 24;
	l->full_check = b->common[WORKLOAD_FULL_CHECK] != 0;
	l->sampler = b->common[WORKLOAD_SEED] + index;
	rng_init(&l->rng, b->common[WORKLOAD_SEED] * BENCH_LANES + index);
	lane_next_sample(l);
	for (unsigned op = 0; op < OP_COUNT; op++)
		if ((b->workload->ops & OP_BIT(op)) != 0 && (l->latency[op] = hist_new(3)) == NULL)
			return err_set(e, ENOMEM, "out of memory");
	return 0;
}

static int make_lanes(struct bench *b, struct err *e)
{
	int rc = 0;

	b->lane_count = (unsigned)b->common[WORKLOAD_THREADS];
	b->lanes = bench_array(b->lane_count, sizeof *b->lanes, e);
	if (b->lanes == NULL)
		return -ENOMEM;
	for (unsigned i = 0; rc == 0 && i < b->lane_count; i++)
		rc = make_lane(b, i, e);
	return rc;
}

void bench_deinit(struct bench *b)
{
	for (unsigned i = 0; b->lanes != NULL && i < b->lane_count; i++)
		for (unsigned op = 0; op < OP_COUNT; op++)
			hist_free(b->lanes[i].latency[op]);
	if (b->lanes != NULL)
		munmap(b->lanes, b->lane_count * sizeof *b->lanes);
	memory_deinit(b);
}

void lane_bad(struct lane *l, const char *format, ...)
{
	va_list args;

	if (l->bad++ > 0)
		return;
	va_start(args, format);
	vsnprintf(l->first_bad, sizeof l->first_bad, format, args);
	va_end(args);
}

// ---- threads --------------------------------------------------------------------------------------------------

static __thread bool handed_over; // this thread's lane goes on in another

static void *drive(struct lane *l)
{
	l->work(l);
	if (!handed_over) {
		l->thread = pthread_self();
		sem_post(&l->bench->ended);
	}
	return NULL;
}

static void *successor(void *arg)
{
	struct lane *l = arg;

	pthread_join(l->thread, NULL);
	return drive(l);
}

static void *first_thread(void *arg)
{
	struct lane *l = arg;

	pthread_barrier_wait(&l->bench->start);
	return drive(l);
}

void lane_hand_over(struct lane *l, void (*work)(struct lane *l))
{
	pthread_t thread;
	int rc;

	l->work = work;
	l->thread = pthread_self(); // for the successor to join
	handed_over = true;
	rc = pthread_create(&thread, NULL, successor, l);
	if (rc != 0) {
		handed_over = false;
		l->error = -rc;
	}
}

static void join_lanes(struct bench *b)
{
	for (unsigned i = 0; i < b->lane_count; i++)
		while (sem_wait(&b->ended) < 0)
			;
	for (unsigned i = 0; i < b->lane_count; i++)
		pthread_join(b->lanes[i].thread, NULL);
}

// The barrier has one place more, for us: where a thread cannot be made, those that wait must go on.
static int start_lanes(struct bench *b, struct err *e)
{
	for (unsigned i = 0; i < b->lane_count; i++) {
		pthread_t thread; // the lane's own field is written by whoever drives it
		int rc = pthread_create(&thread, NULL, first_thread, &b->lanes[i]);

		if (rc != 0)
			return err_set(e, rc, "thread %u of %u could not be made: %s; try fewer threads", i + 1,
			               b->lane_count, strerror(rc));
	}
	return 0;
}

static uint64_t cpu_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * SG_NS_PER_S + (uint64_t)t.tv_nsec;
}

int bench_run(struct bench *b, void (*work)(struct lane *l), struct err *e)
{
	uint64_t start_ns, cpu_ns;
	struct watch watch;
	int rc;

	for (unsigned i = 0; i < b->lane_count; i++)
		b->lanes[i].work = work;
	pthread_barrier_init(&b->start, NULL, b->lane_count + 1);
	sem_init(&b->ended, 0, 0);
	rc = start_lanes(b, e);
	if (rc < 0)
		return rc; // the process is about to end, and with it those that wait
	rc = watch_start(&watch, b, e);
	if (rc < 0)
		return rc;
	cpu_ns = cpu_now_ns();
	start_ns = clock_now_ns();
	pthread_barrier_wait(&b->start);
	join_lanes(b);
	b->elapsed_ns += clock_now_ns() - start_ns;
	b->cpu_ns += cpu_now_ns() - cpu_ns;
	watch_stop(&watch);
	pthread_barrier_destroy(&b->start);
	sem_destroy(&b->ended);
	for (unsigned i = 0; i < b->lane_count; i++)
		if (b->lanes[i].error < 0)
			return err_set(e, -b->lanes[i].error, "a thread could not be made: %s",
			               strerror(-b->lanes[i].error));
	return 0;
}

int bench_perform(struct bench *b, struct err *e)
{
	int rc = b->workload->prepare != NULL ? b->workload->prepare(b, e) : 0;

	if (rc == 0)
		rc = make_lanes(b, e);
	if (rc < 0)
		return rc;
	memory_begin(b);
	rc = b->workload->run(b, e);
	memory_end(b);
	return rc;
}
