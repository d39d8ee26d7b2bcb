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
	struct pressure_files files = { 0 };

	write_file("stat", "cpu  100 0 100 800 0 0 0 7 0 0\ncpu0 1 2 3\n");
	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0 total=9\n");
	write_file("pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=0 total=9\n");
	pressure_look(&files, harness_tmpdir(), &before);
	assert_int_equal(before.steal_ns, 7 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(before.cpu_ns, 1000000);
	assert_int_equal(before.memory_ns, 20000);
	assert_int_equal(before.io_ns, 0); // this kernel says nothing of it
	write_file("stat", "cpu  100 0 100 800 0 0 0 9 0 0\n");
	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=500\n");
	pressure_look(&files, harness_tmpdir(), &now);
	lost = pressure_since(&before, &now);
	assert_int_equal(lost.steal_ns, 2 * (1000000000 / sysconf(_SC_CLK_TCK)));
	assert_int_equal(lost.cpu_ns, 0); // it went backwards
}

CASE("pressure: what cannot be read is nothing lost")
{
	struct pressure now = { 1, 1, 1, 1, 0 };
	struct pressure_files files = { 0 };

	write_file("stat", "intr 0\n");
	write_file("pressure/cpu", "");
	write_file("pressure/memory", "full avg10=0.00 total=7\n");
	pressure_look(&files, harness_tmpdir(), &now);
	assert_true(now.steal_ns == 0 && now.cpu_ns == 0 && now.memory_ns == 0 && now.io_ns == 0);
	pressure_look(&files, "/nonexistent", &now);
	assert_true(now.steal_ns == 0 && now.cpu_ns == 0);
}

CASE("pressure: a look at the real files again is newer, though they stay open")
{
	struct pressure first, last;
	struct pressure_files files = { 0 };
	char text[4096], again[4096];

	pressure_look(&files, "/proc", &first);
	assert_true(files.stat.kept > 0);
	pressure_look(&files, "/proc", &last);
	assert_true(last.cpu_ns >= first.cpu_ns && last.steal_ns >= first.steal_ns);
	assert_true(proc_file_read(&files.stat, "/proc", "stat", text, sizeof text) > 0);
	do // its times count on
		assert_true(proc_file_read(&files.stat, "/proc", "stat", again, sizeof again) > 0);
	while (strcmp(text, again) == 0);
	pressure_close(&files);
	assert_int_equal(files.stat.kept, 0);
}

CASE("pressure: short tests get their share by time of what was lost, long ones what was lost while they ran")
{
	struct pressure_log log = { 0 };
	struct pressure start, share;

	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
	pressure_log_look(&log, harness_tmpdir(), 1, 0);
	start = log.last;
	assert_true(start.at_ns > 0 && start.cpu_ns == 1000000);
	assert_int_equal(pressure_share(&log, &start, 1000000).cpu_ns, 0); // nothing is known yet
	write_file("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=51000\n");
	pressure_log_look(&log, harness_tmpdir(), start.at_ns + PRESSURE_EVERY_NS - 1,
	                  PRESSURE_EVERY_NS); // too soon
	assert_int_equal(log.last.at_ns, start.at_ns);
	pressure_log_look(&log, harness_tmpdir(), start.at_ns + PRESSURE_SHORT_NS - 1, PRESSURE_EVERY_NS - 1);
	assert_int_equal(log.last.at_ns, start.at_ns); // for a short one
	pressure_log_look(&log, harness_tmpdir(), start.at_ns + PRESSURE_EVERY_NS, PRESSURE_EVERY_NS);
	assert_int_equal(log.last.cpu_ns, 51000000);
	log.last.at_ns = start.at_ns + 200000000; // as if it had been read then
	share = pressure_share(&log, &start, 100000000);
	assert_int_equal(share.cpu_ns, 25000000);
	share = pressure_share(&log, &log.last, 20000000); // began after the last reading
	assert_int_equal(share.cpu_ns, 5000000);
	share = pressure_share(&log, &start, 200000000);
	assert_int_equal(share.cpu_ns, 50000000);
}
