// --alloc: NAME[@VERSION][:OPTIONS] or PATH.so[:OPTIONS].
#include "allocators.h"

#include "allocator_parts.h"
#include "clock.h"
#include "tool.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

// ---- options --------------------------------------------------------------------------------------------------

static int add_variable(struct allocator_choice *c, struct buf *text, struct err *e)
{
	int rc = text->failed || strings_add(&c->variables, buf_text(text), text->len) < 0 ? no_memory(e) : 0;

	buf_clear(text);
	return rc;
}

// One "key=value" of OPTIONS, or the whole for jemalloc, which has a syntax of its own.
typedef int (*option_reader)(struct allocator_choice *c, const char *key, const char *value, struct err *e);

static int each_option(struct allocator_choice *c, option_reader read, struct err *e)
{
	char *copy = strdup(c->options), *rest = copy;
	int rc = copy == NULL ? no_memory(e) : 0;

	for (char *word; rc == 0 && (word = strsep(&rest, ",:")) != NULL;) {
		char *value = strchr(word, '=');

		if (value == NULL || value == word) {
			rc = err_set(e, EINVAL, "--alloc %s: '%s' is no NAME=VALUE", c->spec, word);
			break;
		}
		*value = '\0';
		rc = read(c, word, value + 1, e);
	}
	free(copy);
	return rc;
}

// The dynamic linker lists what this glibc has; where it cannot, every name is taken as it is.
static void list_tunables(struct buf *out)
{
	unsigned long base = getauxval(AT_BASE);
	int status = 0;
	Dl_info info;

	if (base == 0 || dladdr((void *)base, &info) == 0 || info.dli_fname[0] != '/')
		return;
	char *argv[] = { strdup(info.dli_fname), strdup("--list-tunables"), NULL };
	if (argv[0] == NULL || argv[1] == NULL || tool_run_apart(argv, 5 * SG_NS_PER_S, out, &status) < 0 ||
	    !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		buf_clear(out);
	free(argv[0]);
	free(argv[1]);
}

// `words` is the linker's own: " 0x0 (min: 0x1, max: 0xffffffffffffffff)". What lies outside glibc drops without a
// word, and the run would not be what its name says.
static int check_value(const struct allocator_choice *c, const char *key, const char *value, const char *words,
                       struct err *e)
{
	unsigned long long lowest = 0, highest = ULLONG_MAX, n;
	const char *range = strstr(words, "(min: ");
	char *end;

	if (range != NULL && range < strchrnul(words, '\n')) {
		lowest = strtoull(range + strlen("(min: "), &end, 0);
		highest = strncmp(end, ", max: ", 7) == 0 ? strtoull(end + 7, NULL, 0) : ULLONG_MAX;
	}
	errno = 0;
	n = strtoull(value, &end, 0);
	if (isdigit((unsigned char)value[0]) && *end == '\0' && errno == 0 && n >= lowest && n <= highest)
		return 0;
	return err_set(e, EINVAL, "--alloc %s: %s is a number from %llu to %llu, not '%s'", c->spec, key, lowest,
	               highest, value);
}

static int read_tunable(struct allocator_choice *c, const char *key, const char *value, struct err *e)
{
	struct buf known = { 0 };
	const char *found;
	char line[80];
	int rc = 0;

	list_tunables(&known);
	snprintf(line, sizeof line, "glibc.malloc.%.60s:", key);
	found = strstr(buf_text(&known), line);
	if (known.len > 0 && found == NULL)
		rc = err_set(
		        e, EINVAL,
		        "--alloc %s: this glibc has no tunable glibc.malloc.%s; ld.so --list-tunables has them",
		        c->spec, key);
	else if (found != NULL)
		rc = check_value(c, key, value, found + strlen(line), e);
	buf_deinit(&known);
	return rc;
}

static int set_tunables(struct allocator_choice *c, struct err *e)
{
	struct buf text = { 0 };
	int rc = each_option(c, read_tunable, e);

	buf_adds(&text, "GLIBC_TUNABLES=");
	for (const char *p = c->options; rc == 0 && *p != '\0';) {
		size_t len = strcspn(p, ",:");

		buf_addf(&text, "%sglibc.malloc.%.*s", p > c->options ? ":" : "", (int)len, p);
		p += len + (p[len] != '\0');
	}
	rc = rc < 0 ? rc : add_variable(c, &text, e);
	buf_deinit(&text);
	return rc;
}

// mimalloc's and tcmalloc's are variables with their name in front, in capitals.
static int set_by_prefix(struct allocator_choice *c, const char *prefix, const char *key, const char *value,
                         struct err *e)
{
	struct buf text = { 0 };
	int rc;

	buf_adds(&text, prefix);
	for (; *key != '\0'; key++)
		buf_addc(&text, (char)(prefix[0] != '\0' ? toupper((unsigned char)*key) : *key));
	buf_addf(&text, "=%s", value);
	rc = add_variable(c, &text, e);
	buf_deinit(&text);
	return rc;
}

static int set_mimalloc(struct allocator_choice *c, const char *key, const char *value, struct err *e)
{
	return set_by_prefix(c, "MIMALLOC_", key, value, e);
}

static int set_tcmalloc(struct allocator_choice *c, const char *key, const char *value, struct err *e)
{
	return set_by_prefix(c, "TCMALLOC_", key, value, e);
}

static int set_plain(struct allocator_choice *c, const char *key, const char *value, struct err *e)
{
	return set_by_prefix(c, "", key, value, e);
}

static int set_options(struct allocator_choice *c, struct err *e)
{
	struct buf text = { 0 };
	int rc;

	if (c->options == NULL)
		return 0;
	if (strcmp(c->family, "glibc") == 0)
		return set_tunables(c, e);
	if (strcmp(c->family, "mimalloc") == 0)
		return each_option(c, set_mimalloc, e);
	if (strcmp(c->family, "tcmalloc") == 0)
		return each_option(c, set_tcmalloc, e);
	if (strcmp(c->family, "jemalloc") != 0)
		return each_option(c, set_plain, e);
	buf_addf(&text, "MALLOC_CONF=%s", c->options);
	rc = add_variable(c, &text, e);
	buf_deinit(&text);
	return rc;
}

// ---- which ----------------------------------------------------------------------------------------------------

static bool is_path(const char *spec)
{
	return spec[strcspn(spec, "/:")] == '/';
}

// Why the dynamic linker goes on without it: "... cannot be preloaded (invalid ELF header): ignored."
static int not_preloaded(const char *path, const char *complaint, struct err *e)
{
	const char *why = strstr(complaint, "cannot be preloaded (");
	size_t len;

	if (why == NULL)
		return err_set(e, EINVAL, "--alloc %s: with it preloaded, malloc is still glibc's", path);
	why += strlen("cannot be preloaded (");
	len = strcspn(why, ")");
	return err_set(e, EINVAL,
	               "--alloc %s: is no library that can be preloaded (%.*s): malloc is still glibc's", path,
	               (int)len, why);
}

static int try_library(const struct app *app, struct allocator_choice *c, struct err *e)
{
	struct allocator_answer answer;

	if (allocator_try(app, c->path, NULL, &answer) < 0)
		return err_set(e, EINVAL, "--alloc %s: no program starts with it preloaded: %s", c->path,
		               answer.complaint);
	if (strcmp(answer.family, "glibc") == 0)
		return not_preloaded(c->path, answer.complaint, e);
	c->family = strdup(answer.family);
	snprintf(c->version, sizeof c->version, "%s", answer.version);
	return c->family == NULL ? no_memory(e) : 0;
}

static int choose_path(const struct app *app, struct allocator_choice *c, const char *path, size_t len,
                       struct err *e)
{
	char *given = strndup(path, len);

	if (given == NULL)
		return no_memory(e);
	c->path = realpath(given, NULL);
	if (c->path == NULL) {
		int rc = err_set(e, ENODEV, "--alloc %s: %s", given, strerror(errno));
		free(given);
		return rc;
	}
	free(given);
	if (strpbrk(c->path, ": ") != NULL)
		return err_set(e, EINVAL, "--alloc %s: a path with a colon or a blank cannot be preloaded",
		               c->path);
	return try_library(app, c, e);
}

// "jemalloc" is the first of its kind, "jemalloc@5.3" one whose version begins so.
static const struct allocator *find(const struct allocators *a, const char *name, size_t len)
{
	size_t family = strcspn(name, "@:");

	for (size_t i = 0; i < a->count; i++) {
		const struct allocator *one = &a->items[i];

		if (strlen(one->family) != family || strncmp(one->family, name, family) != 0)
			continue;
		if (family == len || strncmp(one->version, name + family + 1, len - family - 1) == 0)
			return one;
	}
	return NULL;
}

static int choose_name(const struct app *app, struct allocator_choice *c, const char *name, size_t len,
                       struct err *e)
{
	struct allocators all = { 0 };
	const struct allocator *one;
	int rc;

	if (len > 0 && name[len - 1] == '@')
		return err_set(e, EINVAL,
		               "--alloc %.*s: there is no version behind the '@'; write '%.*s', or a version that "
		               "stressgen targets lists",
		               (int)len, name, (int)len - 1, name);
	rc = allocators_find(app, &all) < 0 ? no_memory(e) : 0;
	one = rc == 0 ? find(&all, name, len) : NULL;
	if (rc == 0 && one == NULL)
		rc = err_set(
		        e,
		        strchr(name, '@') != NULL && find(&all, name, strcspn(name, "@:")) != NULL ? ENODEV
		                                                                                   : EINVAL,
		        "--alloc: no allocator '%.*s'; stressgen targets lists those that are here, or give a path",
		        (int)len, name);
	else if (rc == 0 && !one->present)
		rc = err_set(e, ENODEV, "--alloc: %s is not on this machine%s%s", one->name,
		             one->package != NULL ? "; package " : "", one->package != NULL ? one->package : "");
	if (rc == 0) {
		c->family = strdup(one->family);
		c->path = one->path != NULL ? strdup(one->path) : NULL;
		snprintf(c->version, sizeof c->version, "%s", one->version);
		rc = c->family == NULL || (one->path != NULL && c->path == NULL) ? no_memory(e) : 0;
	}
	allocators_deinit(&all);
	return rc;
}

// jemalloc says on stderr what it does not know of its options.
static int try_options(const struct app *app, const struct allocator_choice *c, struct err *e)
{
	struct allocator_answer answer;
	int rc = c->variables.count > 0 ? allocator_try(app, c->path, &c->variables, &answer) : 0;

	if (c->variables.count > 0 && (rc < 0 || answer.complaint[0] != '\0'))
		return err_set(e, EINVAL, "--alloc %s: %s", c->spec,
		               answer.complaint[0] != '\0' ? answer.complaint
		                                           : "no program starts with these options");
	return 0;
}

// One that says neither its name nor its version is called by its file.
static int set_title(struct allocator_choice *c, struct err *e)
{
	const bool other = strcmp(c->family, "other") == 0 && c->path != NULL;
	const char *name = other ? strrchr(c->path, '/') + 1 : c->family;
	const char *version = other ? "" : c->version;
	int n = asprintf(&c->title, "%s%s%s%s%s", name, version[0] != '\0' ? " " : "", version,
	                 c->options != NULL ? ", " : "", c->options != NULL ? c->options : "");

	if (n < 0)
		c->title = NULL;
	return n < 0 ? no_memory(e) : 0;
}

int allocator_choose(const struct app *app, const char *spec, struct allocator_choice *out, struct err *e)
{
	const char *colon = strchr(spec, ':');
	size_t len = colon != NULL ? (size_t)(colon - spec) : strlen(spec);
	int rc;

	out->spec = strdup(spec);
	out->options = colon != NULL && colon[1] != '\0' ? strdup(colon + 1) : NULL;
	if (out->spec == NULL)
		return no_memory(e);
	rc = is_path(spec) ? choose_path(app, out, spec, len, e) : choose_name(app, out, spec, len, e);
	if (rc == 0)
		rc = set_options(out, e);
	if (rc == 0)
		rc = try_options(app, out, e);
	return rc == 0 ? set_title(out, e) : rc;
}

int allocator_set_environment(const struct allocator_choice *c)
{
	for (size_t i = 0; i < c->variables.count; i++) {
		const char *text = c->variables.items[i];
		char *name = strndup(text, strcspn(text, "="));
		int rc = name == NULL ? -1 : setenv(name, text + strlen(name) + 1, 1);

		free(name);
		if (rc < 0)
			return -ENOMEM;
	}
	return 0;
}

void allocator_tell(const struct app *app, const struct allocator_choice *c)
{
	say(app, "malloc is %s%s%s%s", c->title, c->path != NULL ? " (" : "", c->path != NULL ? c->path : "",
	    c->path != NULL ? ")" : "");
}

void allocator_choice_deinit(struct allocator_choice *c)
{
	free(c->spec);
	free(c->family);
	free(c->path);
	free(c->options);
	free(c->title);
	strings_deinit(&c->variables);
	*c = (struct allocator_choice){ 0 };
}
