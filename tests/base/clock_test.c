// clock: monotonic for measuring, wall for names.
#include "harness.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

CASE("clock: time does not run backwards when it is read twice")
{
	uint64_t before = clock_now_ns();
	struct timespec nap = { 0, 2000000 };

	nanosleep(&nap, NULL);
	assert_true(clock_now_ns() - before >= 2 * SG_NS_PER_MS);
}

CASE("clock: wall time is in UTC when the zone is another")
{
	char text[21];
	struct tm parts;
	time_t now = time(NULL);
	double apart;

	setenv("TZ", "Pacific/Kiritimati", 1);
	tzset();
	clock_wall_text(text, sizeof text);
	memset(&parts, 0, sizeof parts);
	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts));
	apart = difftime(timegm(&parts), now);
	assert_true(apart >= 0 && apart < 30);
}

CASE("clock: wall time is empty when there is no room")
{
	char text[5] = "old";

	clock_wall_text(text, sizeof text);
	assert_string_equal(text, "");
}
