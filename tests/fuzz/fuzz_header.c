// The header parser: any bytes; what is accepted must keep its promises.
#include "header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_meta m = { 0 };
	struct err e = { "" };
	int rc = test_header_parse("file", (const char *)data, size, &m, &e);

	must(rc == 0 || rc == 1 || rc < 0);
	must((rc < 0) == (e.text[0] != '\0'));
	if (rc < 0)
		must(strncmp(e.text, "file:", 5) == 0);
	if (rc == 0)
		must(!m.has_header && m.set == 0 && m.id == NULL);
	if (rc == 1) {
		must(m.has_header && m.set != 0);
		must(m.kind < KIND_COUNT && m.level < LEVEL_COUNT && m.expect < VERDICT_COUNT && m.priority < 4);
		must(m.headroom_percent <= 100);
		must(test_meta_has(&m, HKEY_RUN) == (m.run != NULL));
		must(test_meta_has(&m, HKEY_MEMORY) == (m.memory_bytes > 0));
		must(test_meta_has(&m, HKEY_DEPENDS_ON) == (m.depends_on.count > 0));
	}
	test_meta_deinit(&m);
	return 0;
}
