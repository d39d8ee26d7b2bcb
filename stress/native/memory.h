// The process's memory, at the moment and over time.
#ifndef SG_NATIVE_MEMORY_H
#define SG_NATIVE_MEMORY_H

#include "bench.h"

// Before the first lane: what is there already is none of the workload's. After the last.
void memory_begin(struct bench *b);
void memory_end(struct bench *b);
void memory_deinit(struct bench *b);

// A thread beside the lanes that looks at live bytes every 10 ms, and prints them and what is in physical memory
// every 100 ms as gauges. It takes nothing from malloc.
struct watch {
	struct bench *bench;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

int watch_start(struct watch *w, struct bench *b, struct err *e);
void watch_stop(struct watch *w);

#endif
