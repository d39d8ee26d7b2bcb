// What the machine lost, from files of our own making.
#include "pressure.h"

#include "io.h"
#include "lab.h"

#include <unistd.h>

static void write_file(const char *name, const char *text)
{
	char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/pressure", harness_tmpdir());
	assert_int_equal(io_make_dirs(path, &e), 0);
	snprintf(path, sizeof path, "%s/%s", harness_tmpdir(), name);
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
}

CASE("pressure: steal and stalls are read, and told since a look before")
{
	struct pressure before, now, lost;

	write_file("stat", "cpu  100 0 100 800 0 0 0 7 0 0\ncpu0 1 2 3\n");
	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0 total=9\n");
	write_file("pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=0 total=9\n");
	pressure_look(harness_tmpdir(), &before);
	assert_int_equal(before.steal_ns, 7 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(before.cpu_ns, 1000000);
	assert_int_equal(before.memory_ns, 20000);
	assert_int_equal(before.io_ns, 0); // this kernel says nothing of it
	write_file("stat", "cpu  100 0 100 800 0 0 0 9 0 0\n");
	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=500\n");
	pressure_look(harness_tmpdir(), &now);
	lost = pressure_since(&before, &now);
	assert_int_equal(lost.steal_ns, 2 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(lost.cpu_ns, 0); // it went backwards
}

CASE("pressure: what cannot be read is nothing lost")
{
	struct pressure now = { 1, 1, 1, 1 };

	write_file("stat", "intr 0\n");
	write_file("pressure/cpu", "");
	write_file("pressure/memory", "full avg10=0.00 total=7\n");
	pressure_look(harness_tmpdir(), &now);
	assert_true(now.steal_ns == 0 && now.cpu_ns == 0 && now.memory_ns == 0 && now.io_ns == 0);
	pressure_look("/nonexistent", &now);
	assert_true(now.steal_ns == 0 && now.cpu_ns == 0);
}
