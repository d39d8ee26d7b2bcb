// Texts of which a part is different in each request: "/user/%{n}?page=%{random:1-9}". What a place becomes
// depends on the seed, the request's number and the place alone, so a load can be made again.
//
//   %{n} %{n:FROM} %{n:FROM:STEP}   a counter, from 0
//   %{random:LOW-HIGH}              a number, both ends included
//   %{hex:N} %{alnum:N}             that many random characters
//   %{uuid}                         a random UUID (RFC 9562, version 4)
//   %{pick:a,b,c}                   one of them
//   %%{                             the two characters %{
#ifndef SG_H2_TEMPLATE_H
#define SG_H2_TEMPLATE_H

#include "rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_TEMPLATE_PLACES 64U  // in one text
#define H2_TEMPLATE_CHARS 4096U // of one %{hex:N} or %{alnum:N}
#define H2_TEMPLATE_WHY 160U

struct h2_template;

// What one request's places are made from.
struct h2_draw {
	uint64_t number; // the request's, from 0
	struct rng rng;
};

void h2_draw_init(struct h2_draw *d, uint64_t seed, uint64_t number);

bool h2_template_has_places(const char *text, size_t len);
// Parses a text; it is copied. 0 and *out (h2_template_free), -ENOMEM, or -EINVAL with the reason in `why`, which
// says what to write.
int h2_template_parse(const char *text, size_t len, struct h2_template **out, char why[H2_TEMPLATE_WHY]);
void h2_template_free(struct h2_template *t); // accepts NULL
// The most bytes that it can become.
size_t h2_template_most(const struct h2_template *t);
// Writes it, of that many bytes at most and without a NUL; returns how many there are. The draw goes on: the next
// text of the same request gets other numbers.
size_t h2_template_write(const struct h2_template *t, struct h2_draw *d, char *to);

#endif
