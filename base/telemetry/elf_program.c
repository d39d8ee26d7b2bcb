// Executables' symbols and words.
#include "elf_program.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool elf_within(const struct elf_image *im, uint64_t offset, uint64_t len)
{
	return offset <= im->size && len <= im->size - offset;
}

bool elf_section(const struct elf_image *im, size_t i, ElfW(Shdr) * out)
{
	ElfW(Ehdr) head;

	if (im->size < sizeof head || memcmp(im->bytes, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&head, im->bytes, sizeof head);
	if (i >= head.e_shnum || head.e_shentsize != sizeof *out ||
	    !elf_within(im, head.e_shoff, (uint64_t)head.e_shnum * sizeof *out))
		return false;
	memcpy(out, im->bytes + head.e_shoff + i * sizeof *out, sizeof *out);
	return true;
}

// Within one table. A section beyond the file's end has none.
static uint64_t find_symbol(const struct elf_image *im, const ElfW(Shdr) * symbols, const ElfW(Shdr) * names,
                            const char *name)
{
	const size_t len = strlen(name) + 1;

	if (!elf_within(im, symbols->sh_offset, symbols->sh_size) ||
	    !elf_within(im, names->sh_offset, names->sh_size) ||
	    memmem(im->bytes + names->sh_offset, names->sh_size, name, len) == NULL)
		return 0;
	for (uint64_t at = 0; at + sizeof(ElfW(Sym)) <= symbols->sh_size; at += sizeof(ElfW(Sym))) {
		ElfW(Sym) sym;

		memcpy(&sym, im->bytes + symbols->sh_offset + at, sizeof sym);
		if (sym.st_shndx != SHN_UNDEF && sym.st_value != 0 &&
		    elf_within(im, names->sh_offset + sym.st_name, len) &&
		    memcmp(im->bytes + names->sh_offset + sym.st_name, name, len) == 0)
			return sym.st_value;
	}
	return 0;
}

uint64_t elf_symbol(const struct elf_image *im, uint32_t table, const char *name)
{
	ElfW(Shdr) symbols, names;
	uint64_t found = 0;

	for (size_t i = 0; found == 0 && elf_section(im, i, &symbols); i++)
		if (symbols.sh_type == table && elf_section(im, symbols.sh_link, &names))
			found = find_symbol(im, &symbols, &names, name);
	return found;
}

const char *elf_linked_malloc(const struct elf_image *im)
{
	static const struct {
		const char *name, *words;
	} signs[] = {
		{ "jemalloc", "<jemalloc>: " },
		{ "mimalloc", "mimalloc: " },
		{ "tcmalloc", "tcmalloc: " },
	};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (memmem(im->bytes, im->size, signs[i].words, strlen(signs[i].words)) != NULL)
			return signs[i].name;
	return NULL;
}

bool elf_map_self(struct elf_image *out)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	*out = (struct elf_image){ map, (size_t)st.st_size };
	return true;
}

void *elf_find_in_self(const struct elf_image *self, const char *name)
{
	const uint64_t value = elf_symbol(self, SHT_SYMTAB, name);
	ElfW(Ehdr) head;

	if (value == 0)
		return NULL;
	memcpy(&head, self->bytes, sizeof head);
	return (void *)(uintptr_t)(getauxval(AT_ENTRY) - head.e_entry + value);
}
