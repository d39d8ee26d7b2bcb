// Producers take blocks, consumers give them back: every block is freed by another thread than took it, and always
// in the same direction. After xmalloc-test of C. Lever and D. Boreham, "malloc() Performance in a Multithreaded
// Linux Environment" (USENIX 2000).
#include "block.h"

enum { BATCHES, BATCH, LOW, HIGH, QUEUE };

static const struct workload_param params[] = {
	[BATCHES] = { "batches", 400, 1, 1000000000, false, "of each producer" },
	[BATCH] = { "batch", 512, 1, 65536, false, "blocks handed over at a time" },
	[LOW] = { "low", 8, 1, 1U << 26, true, "smallest block; the sizes are spread over the powers of two" },
	[HIGH] = { "high", 512, 1, 1U << 26, true, "largest block" },
	[QUEUE] = { "queue", 16, 1, 4096, false, "batches between producers and consumers" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "8-threads", "threads=8 batches=5000", true },
	{ 0 },
};

// A ring of batches under a lock; a producer fills a free one outside of it.
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block *blocks; // QUEUE + one for each lane, of BATCH each
	unsigned *full, *free;
	unsigned full_count, free_count, producers;
};

static struct block *batch_of(const struct lane *l, const struct queue *q, unsigned index)
{
	return q->blocks + (size_t)index * bench_value(l->bench, BATCH);
}

// Waits for a batch of one kind; false when there will be none any more.
static bool take_batch(struct queue *q, const unsigned *from, unsigned *count, unsigned *index)
{
	bool any;

	pthread_mutex_lock(&q->lock);
	while (*count == 0 && (from == q->free || q->producers > 0))
		pthread_cond_wait(&q->changed, &q->lock);
	any = *count > 0;
	if (any)
		*index = from[--*count];
	pthread_mutex_unlock(&q->lock);
	return any;
}

static void put_batch(struct queue *q, unsigned *to, unsigned *count, unsigned index)
{
	pthread_mutex_lock(&q->lock);
	to[(*count)++] = index;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

// Spread evenly over the powers of two between low and high.
static size_t any_size(struct lane *l)
{
	const uint64_t low = bench_value(l->bench, LOW), high = bench_value(l->bench, HIGH);
	unsigned steps = (unsigned)(__builtin_clzll(low) - __builtin_clzll(high));
	uint64_t from = low << rng_below(&l->rng, steps + 1U);
	uint64_t to = 2 * from - 1;

	return lane_between(l, from, to < high ? to : high > from ? high : from);
}

static void produce(struct lane *l, struct queue *q)
{
	unsigned index;

	for (uint64_t n = 0; n < bench_value(l->bench, BATCHES) && take_batch(q, q->free, &q->free_count, &index);
	     n++) {
		struct block *blocks = batch_of(l, q, index);

		for (size_t i = 0; i < bench_value(l->bench, BATCH); i++)
			block_take(l, &blocks[i], any_size(l));
		put_batch(q, q->full, &q->full_count, index);
	}
	pthread_mutex_lock(&q->lock);
	q->producers--;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

static void consume(struct lane *l, struct queue *q)
{
	unsigned index;

	while (take_batch(q, q->full, &q->full_count, &index)) {
		struct block *blocks = batch_of(l, q, index);

		for (size_t i = 0; i < bench_value(l->bench, BATCH); i++)
			block_give(l, &blocks[i]);
		put_batch(q, q->free, &q->free_count, index);
	}
}

static void work(struct lane *l)
{
	if (l->index % 2 == 0)
		produce(l, l->data);
	else
		consume(l, l->data);
}

static int make_queue(struct bench *b, struct queue *q, struct err *e)
{
	const unsigned batches = (unsigned)bench_value(b, QUEUE) + b->lane_count;

	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	q->blocks = bench_array((size_t)batches * bench_value(b, BATCH), sizeof *q->blocks, e);
	q->full = bench_array(batches, sizeof *q->full, e);
	q->free = bench_array(batches, sizeof *q->free, e);
	if (q->blocks == NULL || q->full == NULL || q->free == NULL)
		return -ENOMEM;
	while (q->free_count < batches) {
		q->free[q->free_count] = q->free_count;
		q->free_count++;
	}
	q->producers = b->lane_count / 2;
	return 0;
}

static int run(struct bench *b, struct err *e)
{
	struct queue q = { 0 };
	int rc;

	if (b->lane_count % 2 != 0)
		return err_set(e, EINVAL, "xmalloc: producers and consumers: threads must be even");
	if (bench_value(b, LOW) > bench_value(b, HIGH))
		return err_set(e, EINVAL, "xmalloc: low is above high");
	rc = make_queue(b, &q, e);
	for (unsigned i = 0; i < b->lane_count; i++)
		b->lanes[i].data = &q;
	if (rc == 0)
		rc = bench_run(b, work, e);
	pthread_cond_destroy(&q.changed);
	pthread_mutex_destroy(&q.lock);
	return rc;
}

const struct workload workload_xmalloc = {
	.name = "xmalloc",
	.summary = "producers take blocks that consumers give back",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run,
};
