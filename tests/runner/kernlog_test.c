// Segfault records of the kernel.
#include "kernlog.h"
#include "lab.h"

// A log that nothing more comes to.
static void begin(struct kernlog *log)
{
	memset(log, 0, sizeof *log);
	log->fd = -1;
}

CASE("kernlog: the fault of the process asked for is read, and no other's")
{
	struct kernel_fault f;
	struct kernlog log;

	begin(&log);
	kernlog_take(&log, "6,812,5031,-;prog[4711]: segfault at 7ffc00000ff8 ip 000055d0c0de sp 00007ffc00001000 "
	                   "error 6 in prog[55d0c000+1000] likely on CPU 1\n");
	kernlog_take(&log, "6,1,2,-;usb 1-1: new device");
	kernlog_take(&log, "");
	kernlog_take(&log, "6,1,2,-;a[4712]: segfault at x");
	assert_true(kernlog_find_fault(&log, 4711, &f));
	assert_int_equal(f.address, 0x7ffc00000ff8);
	assert_int_equal(f.ip, 0x55d0c0de);
	assert_int_equal(f.sp, 0x7ffc00001000);
	assert_false(kernlog_find_fault(&log, 471, &f));
	assert_false(kernlog_find_fault(&log, 4712, &f));
	assert_false(kernlog_find_fault(&log, 1, &f));
}

CASE("kernlog: a program's name may hold brackets")
{
	struct kernel_fault f;
	struct kernlog log;

	begin(&log);
	kernlog_take(&log, "6,8,5,-;a[1]b[22]: segfault at 0 ip 1 sp 2 error 4\n");
	assert_true(kernlog_find_fault(&log, 22, &f));
	assert_int_equal(f.address, 0);
	assert_false(kernlog_find_fault(&log, 1, &f));
}

CASE("kernlog: whoever asks later finds its fault too, and of a number's two the latest")
{
	struct kernel_fault f;
	struct kernlog log;
	char record[80];

	begin(&log);
	for (unsigned i = 0; i < KERNLOG_KEPT + 10; i++) {
		snprintf(record, sizeof record, "6,8,5,-;a[%u]: segfault at %x ip 1 sp 2 error 4\n", 100 + i, i);
		kernlog_take(&log, record);
	}
	kernlog_take(&log, "6,8,5,-;a[150]: segfault at 777 ip 1 sp 2 error 4\n");
	assert_false(kernlog_find_fault(&log, 110, &f)); // long ago
	assert_true(kernlog_find_fault(&log, 140, &f));
	assert_int_equal(f.address, 40);
	assert_true(kernlog_find_fault(&log, 111, &f));
	assert_true(kernlog_find_fault(&log, 150, &f));
	assert_int_equal(f.address, 0x777);
}

CASE("kernlog: the group whose memory ran out is known by what its path holds")
{
	struct kernlog log;

	begin(&log);
	assert_false(kernlog_find_oom(&log, "libpod-4e7b"));
	kernlog_take(
	        &log,
	        "6,9,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=libpod-77,mems_allowed=0,"
	        "oom_memcg=/libpod_parent/libpod-4e7b,task_memcg=/libpod_parent/libpod-4e7b,task=sh,pid=7\n");
	assert_true(kernlog_find_oom(&log, "libpod-4e7b"));
	assert_false(kernlog_find_oom(&log, "libpod-77")); // only its processors are named so
	kernlog_take(&log, "6,9,5,-;oom-kill:constraint=CONSTRAINT_NONE,task=sh,pid=7,oom_memcg\n");
	assert_false(kernlog_find_oom(&log, "task=sh"));
}

CASE("kernlog: only an address by the stack pointer is a stack overflow")
{
	const uint64_t sp = 0x7ffc00001000;

	assert_true(kernel_fault_is_stack(&(struct kernel_fault){ 1, sp - 8, 1, sp }));
	assert_true(kernel_fault_is_stack(&(struct kernel_fault){ 1, sp + 4000, 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 1, 0, 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 1, 0x10, 1, 0x20 }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 1, sp - (1 << 20), 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 1, sp + (8 << 20), 1, sp }));
}
