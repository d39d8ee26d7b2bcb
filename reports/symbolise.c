// Names for backtraces, by libdw.
#include "symbolise.h"

#include "text.h"

#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_MODULES 64U // of one report; further ones are not resolved

struct module {
	char *path;
	Dwfl *dwfl; // NULL: cannot be read
	Dwfl_Module *module;
};

struct symboliser {
	struct module modules[MOST_MODULES];
	size_t count;
};

// Not dwfl_standard_find_debuginfo: that one asks debuginfod's servers where the environment names some.
static char *debug_path;
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

struct symboliser *symboliser_new(void)
{
	return calloc(1, sizeof(struct symboliser));
}

void symboliser_free(struct symboliser *s)
{
	for (size_t i = 0; s != NULL && i < s->count; i++) {
		dwfl_end(s->modules[i].dwfl);
		free(s->modules[i].path);
	}
	free(s);
}

// The path came from a test, so it may name anything, a FIFO too.
static void open_module(struct module *m)
{
	struct stat st;

	if (m->path[0] != '/' || stat(m->path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	m->dwfl = dwfl_begin(&callbacks);
	if (m->dwfl == NULL)
		return;
	dwfl_report_begin(m->dwfl);
	m->module = dwfl_report_offline(m->dwfl, m->path, m->path, -1);
	dwfl_report_end(m->dwfl, NULL, NULL);
}

static struct module *find_module(struct symboliser *s, const char *path)
{
	struct module *m;

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->modules[i].path, path) == 0)
			return &s->modules[i];
	if (s->count == MOST_MODULES)
		return NULL;
	m = &s->modules[s->count];
	m->path = strdup(path);
	if (m->path == NULL)
		return NULL;
	s->count++;
	open_module(m);
	return m;
}

// Where libdw has put the byte at `offset` of the module's file. False when no segment holds it.
static bool address_of(Dwfl_Module *module, uint64_t offset, GElf_Addr *address)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	size_t count;

	if (elf == NULL || elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, (int)i, &p) == NULL || p.p_type != PT_LOAD)
			continue;
		if (offset >= p.p_offset && offset - p.p_offset < p.p_filesz) {
			*address = offset - p.p_offset + p.p_vaddr + bias;
			return true;
		}
	}
	return false;
}

// The source line, by the units' own ranges where there is no index of addresses: clang writes none.
static Dwarf_Line *line_by_units(Dwfl_Module *module, GElf_Addr address)
{
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	while ((unit = dwfl_module_nextcu(module, unit, &bias)) != NULL)
		if (dwarf_haspc(unit, address - bias) > 0)
			return dwarf_getsrc_die(unit, address - bias);
	return NULL;
}

// The file (NULL: unknown) and line of the code at `address`.
static const char *find_line(Dwfl_Module *module, GElf_Addr address, int *number)
{
	Dwfl_Line *indexed = dwfl_module_getsrc(module, address);
	Dwarf_Line *line;

	if (indexed != NULL)
		return dwfl_lineinfo(indexed, NULL, number, NULL, NULL, NULL);
	line = line_by_units(module, address);
	return line != NULL && dwarf_lineno(line, number) == 0 ? dwarf_linesrc(line, NULL, NULL) : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

// "function (file.c:12)", "function (module)", or NULL.
static const char *describe(const struct module *m, struct arena *a, uint64_t offset, bool is_return)
{
	const char *function, *file;
	GElf_Addr address;
	int number = 0;

	if (m->module == NULL || !address_of(m->module, offset, &address))
		return NULL;
	if (is_return && address > 0)
		address--;
	function = dwfl_module_addrname(m->module, address);
	if (function == NULL)
		return NULL;
	file = find_line(m->module, address, &number);
	if (file != NULL && number > 0)
		return text_make(a, "%s (%s:%d)", function, base_name(file), number);
	return text_make(a, "%s (%s)", function, base_name(m->path));
}

const char *symbolise(struct symboliser *s, struct arena *a, const char *frame, bool is_return)
{
	const char *plus = strrchr(frame, '+');
	const char *words = NULL;
	struct module *m;
	uint64_t offset;
	char *end;

	if (s != NULL && frame[0] == '/' && plus != NULL && strncmp(plus, "+0x", 3) == 0) {
		offset = strtoull(plus + 1, &end, 16);
		m = *end == '\0' ? find_module(s, text_make(a, "%.*s", (int)(plus - frame), frame)) : NULL;
		words = m != NULL ? describe(m, a, offset, is_return) : NULL;
	}
	return text_line(a, words != NULL ? words : frame);
}
