// A test that has ended, made up for the judge.
#ifndef SG_TEST_JUDGED_H
#define SG_TEST_JUDGED_H

#include "judge.h"

// A test that has ended with exit status 0; each case changes what it is about.
struct ended {
	struct suite_test test;
	struct measure measure;
	struct capture out, err;
	struct facts facts;
	struct result result;
};

// To be changed by the case, and freed by judged_expect.
struct ended *judged_new(void);
// What the test printed there.
void judged_say(struct capture *c, const char *text);
// The sample lines and TAP lines that it wrote.
void judged_lines(struct ended *s, const char *const *lines, size_t count);
// Judges and compares; frees everything.
void judged_expect(struct ended *s, enum verdict v, bool clean, const char *evidence);

#define LINES(s, ...)                                                                                             \
	judged_lines(s, (const char *const[]){ __VA_ARGS__ },                                                     \
	             sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

#endif
