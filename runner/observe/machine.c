// The machine's facts.
#include "machine.h"

#include "buf.h"
#include "io.h"

#include <glob.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(o, key,
		                    json_string(text)); // jansson refuses what is not UTF-8: then it is left out
}

// The rest of the first line that begins with `key`, behind the blanks, colons, equal signs and quotes.
static void set_from_file(json_t *o, const char *name, const char *path, const char *key)
{
	struct buf text = { 0 };
	const char *at;

	if (io_read_file(path, 4U << 20, &text, NULL) == 0 && (at = strstr(buf_text(&text), key)) != NULL) {
		char value[256];
		size_t len;

		at += strlen(key);
		at += strspn(at, " \t:=\"");
		len = strcspn(at, "\n\"");
		snprintf(value, sizeof value, "%.*s", (int)(len < sizeof value ? len : sizeof value - 1), at);
		set_text(o, name, value);
	}
	buf_deinit(&text);
}

// Debian names the file with the soname alone; the package list knows more, the link's target is what is free.
static void set_jemalloc(json_t *o)
{
	static const char *const patterns[] = { "/usr/lib/*/libjemalloc.so.*", "/usr/lib/libjemalloc.so.*",
		                                "/usr/lib64/libjemalloc.so.*", "/usr/local/lib/libjemalloc.so.*" };
	struct buf text = { 0 };

	if (io_read_file("/var/lib/dpkg/status", 64U << 20, &text, NULL) == 0) {
		const char *package = strstr(buf_text(&text), "\nPackage: libjemalloc2\n");
		const char *version = package != NULL ? strstr(package, "\nVersion: ") : NULL;

		if (version != NULL) {
			char value[64];

			snprintf(value, sizeof value, "%.*s", (int)strcspn(version + 10, "\n"), version + 10);
			set_text(o, "jemalloc", value);
			buf_deinit(&text);
			return;
		}
	}
	buf_deinit(&text);
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		glob_t found;

		if (glob(patterns[i], 0, NULL, &found) == 0) {
			set_text(o, "jemalloc", found.gl_pathv[0]);
			globfree(&found);
			return;
		}
	}
}

json_t *machine_facts(void)
{
	json_t *o = json_object();
	const long pages = sysconf(_SC_PHYS_PAGES);
	const long page = sysconf(_SC_PAGESIZE);
	struct utsname u;
	char host[256];

	if (o == NULL)
		return NULL;
	set_from_file(o, "cpu", "/proc/cpuinfo", "model name");
	json_object_set_new(o, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	if (pages > 0 && page > 0)
		json_object_set_new(o, "memory_bytes", json_integer((json_int_t)pages * page));
	if (uname(&u) == 0) {
		set_text(o, "kernel", u.release);
		set_text(o, "arch", u.machine);
	}
	set_from_file(o, "distro", "/etc/os-release", "PRETTY_NAME");
	snprintf(host, sizeof host, "glibc %s", gnu_get_libc_version());
	set_text(o, "libc", host);
	set_jemalloc(o);
	if (gethostname(host, sizeof host) == 0)
		set_text(o, "hostname", host);
	return o;
}
