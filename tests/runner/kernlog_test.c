// Segfault records of the kernel.
#include "kernlog.h"
#include "lab.h"

CASE("kernlog: the fault of the process asked for is read, and no other's")
{
	const char *record =
	        "6,812,5031,-;prog[4711]: segfault at 7ffc00000ff8 ip 000055d0c0de sp 00007ffc00001000 "
	        "error 6 in prog[55d0c000+1000] likely on CPU 1\n";
	struct kernel_fault f;

	assert_true(kernlog_parse_fault(record, 4711, &f));
	assert_int_equal(f.address, 0x7ffc00000ff8);
	assert_int_equal(f.ip, 0x55d0c0de);
	assert_int_equal(f.sp, 0x7ffc00001000);
	assert_false(kernlog_parse_fault(record, 471, &f));
	assert_false(kernlog_parse_fault("6,1,2,-;usb 1-1: new device", 1, &f));
	assert_false(kernlog_parse_fault("", 1, &f));
	assert_false(kernlog_parse_fault("6,1,2,-;a[4711]: segfault at x", 4711, &f));
}

CASE("kernlog: a program's name may hold brackets")
{
	struct kernel_fault f;

	assert_true(kernlog_parse_fault("6,8,5,-;a[1]b[22]: segfault at 0 ip 1 sp 2 error 4\n", 22, &f));
	assert_int_equal(f.address, 0);
}

CASE("kernlog: only an address by the stack pointer is a stack overflow")
{
	const uint64_t sp = 0x7ffc00001000;

	assert_true(kernel_fault_is_stack(&(struct kernel_fault){ sp - 8, 1, sp }));
	assert_true(kernel_fault_is_stack(&(struct kernel_fault){ sp + 4000, 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 0, 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ 0x10, 1, 0x20 }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ sp - (1 << 20), 1, sp }));
	assert_false(kernel_fault_is_stack(&(struct kernel_fault){ sp + (8 << 20), 1, sp }));
}
