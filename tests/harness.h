// The test harness: CASE("module: behaviour when condition") { ... } with cmocka's assertions; each case is a
// CTest test, and a process, of its own.
#ifndef SG_HARNESS_H
#define SG_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct harness_case {
	const char *name;
	void (*run)(void **state);
	struct harness_case *next;
};

void harness_add(struct harness_case *c);

#define SG_GLUE_(a, b) a##b
#define SG_GLUE(a, b) SG_GLUE_(a, b)

// The name must stand on the macro's own line: CMake reads it there.
#define CASE(text)                                                                                                \
	static void SG_GLUE(case_, __LINE__)(void **state);                                                       \
	__attribute__((constructor)) static void SG_GLUE(add_case_, __LINE__)(void)                               \
	{                                                                                                         \
		static struct harness_case c = { text, SG_GLUE(case_, __LINE__), 0 };                             \
		harness_add(&c);                                                                                  \
	}                                                                                                         \
	static void SG_GLUE(case_, __LINE__)(__attribute__((unused)) void **state)

// A fresh directory under $TMPDIR, removed at the end of the process unless the case failed. Borrowed.
const char *harness_tmpdir(void);
// Ends the case as skipped (CTest shows it so). Only for what the machine cannot do; says why.
__attribute__((noreturn)) void harness_skip(const char *why);

#endif
