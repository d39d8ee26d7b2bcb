// Texts with places: any bytes; what is accepted stays within what it says, and is made alike each time.
#include "template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t make(const struct h2_template *t, uint64_t seed, uint64_t number, char *to)
{
	struct h2_draw d;
	h2_draw_init(&d, seed, number);
	return h2_template_write(t, &d, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[H2_TEMPLATE_WHY] = "";
	struct h2_template *t = NULL;
	const int rc = h2_template_parse((const char *)data, size, &t, why);

	must((rc < 0) == (why[0] != '\0') && memchr(why, '\0', sizeof(why)) != NULL);
	must((t == NULL) == (rc < 0));
	if (t == NULL)
		return 0;
	const size_t most = h2_template_most(t);
	char *a = malloc(most + 1), *b = malloc(most + 1);
	must(a != NULL && b != NULL);
	for (uint64_t number = 0; number < 3; number++) {
		const size_t n = make(t, size, number * UINT64_C(0x7fffffffffffffff), a);
		must(n <= most && make(t, size, number * UINT64_C(0x7fffffffffffffff), b) == n);
		must(memcmp(a, b, n) == 0);
		must(h2_template_has_places((const char *)data, size) ||
		     (n == size && (size == 0 || memcmp(a, data, n) == 0)));
	}
	free(a);
	free(b);
	h2_template_free(t);
	return 0;
}
