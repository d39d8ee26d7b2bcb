// Files with several cases, and repetitions.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

#define MANY                                                                                                      \
	"#!/bin/sh\n# @List {file} --list\n# @Run {file} {case}\n"                                                \
	"if [ \"$1\" = --list ]; then echo one; echo two; echo three; exit; fi\n"                                 \
	"[ \"$1\" != two ] || kill -9 $$\n"

CASE("e2e: each case of a file is a test, and a crash in one loses no other")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/many.sh", MANY, true);
	e2e_write(dir, "suite/after.sh", "#!/bin/sh\n# @DependsOn many.sh\n", true);
	o = E2E(dir, "run", "suite", "-o", "run");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "passed   many.sh::one");
	assert_contains(buf_text(&o.out), "crashed  many.sh::two");
	assert_contains(buf_text(&o.out), "passed   many.sh::three");
	assert_contains(buf_text(&o.out), "depends on many.sh::two, which ended as crashed");
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--only", "many.sh::three");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("e2e: a list that fails or hangs is a test that fails, and the others run")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/bad.sh", "#!/bin/sh\n# @List {file}\n# @Run {file} {case}\necho nope >&2; exit 3\n",
	          true);
	e2e_write(dir, "suite/empty.sh", "#!/bin/sh\n# @List {file}\n# @Run {file} {case}\n", true);
	e2e_write(dir, "suite/good.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "suite");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "failed  bad.sh::@List");
	assert_contains(buf_text(&o.out), "nope");
	assert_contains(buf_text(&o.out), "failed  empty.sh::@List");
	assert_contains(buf_text(&o.out), "passed  good.sh");
	outcome_deinit(&o);
}

CASE("e2e: a list without {case} in the command is refused")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/a.sh", "#!/bin/sh\n# @List {file}\n", true);
	o = E2E(dir, "run", "suite");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "a.sh: @List needs a @Run with {case} in it");
	outcome_deinit(&o);
}

CASE("e2e: a resumed run has the cases, the repetitions and the selection that it began with")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(
	        dir, "suite/many.sh",
	        "#!/bin/sh\n# @List {file} --list\n# @Run {file} {case}\n"
	        "if [ \"$1\" = --list ]; then [ ! -e listed ] || exit 9; touch listed; echo one; echo two; exit; fi\n"
	        "[ \"$1\" != two ] || [ -e again ] || { touch again; sleep 600; }\n",
	        true);
	e2e_write(dir, "suite/other.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "suite", "-o", "run", "--repeat", "2", "--only", "many*", "--suite-timeout", "700ms");
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "-o", "run");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "many.sh::two#2");
	assert_contains(buf_text(&o.out), "4 passed, 0 failed");
	outcome_deinit(&o);
}

CASE("e2e: 35 heavy cases of one file pass five times in a row")
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/heavy.sh",
	          "#!/bin/sh\n# @List " SG_HEAVY " --list\n# @Run " SG_HEAVY
	          " {case}\n# @Sentinel on\n# @Timeout 10s\n",
	          true);
	for (int i = 0; i < 5; i++) {
		struct outcome o = E2E(dir, "run", "suite");

		if (o.exit_code != 0)
			fail_msg("round %d: exit %d: %s%s", i + 1, o.exit_code, buf_text(&o.out),
			         buf_text(&o.err));
		assert_contains(buf_text(&o.out), "35 passed, 0 failed, 0 skipped");
		assert_contains(buf_text(&o.err), "heavy.sh::stream-35");
		outcome_deinit(&o);
	}
}
