// Names for backtraces, by libdw.
#include "symbolise.h"

#include "demangle.h"
#include "text.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <limits.h>
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

// The unit with the code at `address`, by its own ranges where there is no index of addresses: clang writes none.
static Dwarf_Die *find_unit(Dwfl_Module *module, GElf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit != NULL)
		return unit;
	while ((unit = dwfl_module_nextcu(module, unit, bias)) != NULL)
		if (dwarf_haspc(unit, address - *bias) > 0)
			return unit;
	return NULL;
}

static bool read_number(Dwarf_Die *die, unsigned name, Dwarf_Word *out)
{
	Dwarf_Attribute attribute;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), out) == 0;
}

// Where code of another function was put into this one (DW_TAG_inlined_subroutine): the line of the call, which is
// a line of the function that is named. NULL where nothing was.
static const char *find_call(Dwarf_Die *unit, Dwarf_Addr pc, int *number)
{
	Dwarf_Die *scopes = NULL, *call = NULL;
	int count = dwarf_getscopes(unit, pc, &scopes);
	const char *file = NULL;
	Dwarf_Word line, index;
	Dwarf_Files *files;
	size_t most;

	for (int i = 0; i < count && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i++) // from the innermost
		if (dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
			call = &scopes[i];
	if (call != NULL && read_number(call, DW_AT_call_file, &index) &&
	    read_number(call, DW_AT_call_line, &line) && line <= INT_MAX &&
	    dwarf_getsrcfiles(unit, &files, &most) == 0 && index < most) {
		file = dwarf_filesrc(files, index, NULL, NULL);
		*number = (int)line;
	}
	free(scopes);
	return file;
}

// The file (NULL: unknown) and line of the code at `address`.
static const char *find_line(Dwfl_Module *module, GElf_Addr address, int *number)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = find_unit(module, address, &bias);
	const char *file = unit != NULL ? find_call(unit, address - bias, number) : NULL;
	Dwarf_Line *line;

	if (unit == NULL || file != NULL)
		return file;
	line = dwarf_getsrc_die(unit, address - bias);
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
	function = demangle(a, function);
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
