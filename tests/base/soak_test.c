// Figures of a soak.
#include "harness.h"
#include "leak.h"
#include "soak.h"

#include <stdlib.h>
#include <string.h>

CASE("soak: a result's figures; fragmentation is what of resident memory was not live")
{
	struct result r = { .peak_rss_bytes = 2000000, .peak_fds = 9, .peak_threads = 3, .wall_ns = 77 };
	uint64_t row[SOAK_COLUMNS] = { 0 };

	r.counters = calloc(1, sizeof *r.counters);
	r.counters_count = 1;
	r.counters[0] = (struct result_counters){ .role = strdup("interposer"),
		                                  .items = calloc(2, sizeof(struct param)),
		                                  .count = 2 };
	r.counters[0].items[0] = (struct param){ strdup("live_bytes"), strdup("512") };
	r.counters[0].items[1] = (struct param){ strdup("peak_bytes"), strdup("500000") };
	soak_take(&r, row);
	assert_int_equal(row[SOAK_RSS], 2000000);
	assert_int_equal(row[SOAK_FDS], 9);
	assert_int_equal(row[SOAK_LIVE], 512);
	assert_int_equal(row[SOAK_WASTE], 750);
	number_rows_add(&r.live, LIVE_COLUMNS)[LIVE_BYTES_COLUMN] = 4711;
	*result_add_jemalloc(&r) = (struct result_jemalloc){ .peak_allocated = 90, .peak_resident = 100 };
	soak_take(&r, row);
	assert_int_equal(row[SOAK_LIVE], 4711);
	assert_int_equal(row[SOAK_WASTE], 100);
	result_deinit(&r);
}

CASE("soak: a figure drifts when it grows over the passes, not when it is high at first")
{
	struct number_rows rows = { 0 };
	struct trend t;

	for (uint64_t i = 1; i <= 40; i++) {
		uint64_t *row = number_rows_add(&rows, SOAK_COLUMNS);

		row[SOAK_PASS] = i;
		row[SOAK_RSS] = 1000000 + 2000 * i;
		row[SOAK_LIVE] = i < 8 ? 100 * i : 800;
		row[SOAK_FDS] = 10 + i % 2;
	}
	assert_true(soak_drifts(&rows, SOAK_RSS, &t));
	assert_float_equal(t.slope, 2000, 1e-6);
	assert_false(soak_drifts(&rows, SOAK_LIVE, &t));
	assert_false(soak_drifts(&rows, SOAK_FDS, &t));
	assert_false(soak_drifts(&rows, SOAK_WASTE, &t));
	number_rows_deinit(&rows);
}
