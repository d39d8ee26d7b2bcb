// Executables: ELF's interpreter, dynamic section and string table (System V ABI, "Dynamic Linking").
#include "program.h"

#include "command.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_DEPTH 4 // as deep as the kernel follows #! lines

static const char no_elf[] = "not an ELF program";
static const char is_static[] = "static program";
static const char has_malloc[] = "the program defines malloc itself";
static const char is_sanitised[] = "built with a sanitizer, which brings its own malloc";
static const char other_class[] = "built for another machine or word size";

#if __SIZEOF_POINTER__ == 8
#define OUR_CLASS ELFCLASS64
#else
#define OUR_CLASS ELFCLASS32
#endif

// A whole file in memory; everything read from it is checked against `size`.
struct image {
	const char *bytes;
	size_t size;
};

static bool within(const struct image *im, uint64_t offset, uint64_t len)
{
	return offset <= im->size && len <= im->size - offset;
}

static bool contains(const char *hay, size_t len, const char *needle)
{
	return memmem(hay, len, needle, strlen(needle)) != NULL;
}

// The file offset of a virtual address, by the load segments; SIZE_MAX when it is in none.
static uint64_t file_offset(const ElfW(Phdr) * segments, size_t count, uint64_t address)
{
	for (size_t i = 0; i < count; i++) {
		const ElfW(Phdr) *s = &segments[i];

		if (s->p_type == PT_LOAD && address >= s->p_vaddr && address - s->p_vaddr < s->p_filesz)
			return s->p_offset + (address - s->p_vaddr);
	}
	return SIZE_MAX;
}

// The dynamic string table holds the names of needed libraries and of exported symbols: gcc's sanitizers show
// in the first, clang's, which are linked in, in the second.
static bool dynamic_is_sanitised(const struct image *im, const ElfW(Phdr) * segments, size_t count,
                                 const ElfW(Phdr) * dynamic)
{
	static const char *const signs[] = { "libasan.so",  "libtsan.so",  "liblsan.so",
		                             "__asan_init", "__tsan_init", "__msan_init" };
	uint64_t strings = SIZE_MAX;
	uint64_t len = 0;

	if (!within(im, dynamic->p_offset, dynamic->p_filesz))
		return false;
	for (uint64_t at = 0; at + sizeof(ElfW(Dyn)) <= dynamic->p_filesz; at += sizeof(ElfW(Dyn))) {
		ElfW(Dyn) d;

		memcpy(&d, im->bytes + dynamic->p_offset + at, sizeof d);
		if (d.d_tag == DT_STRTAB)
			strings = file_offset(segments, count, d.d_un.d_ptr);
		else if (d.d_tag == DT_STRSZ)
			len = d.d_un.d_val;
	}
	if (strings == SIZE_MAX || !within(im, strings, len))
		return false;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (contains(im->bytes + strings, len, signs[i]))
			return true;
	return false;
}

// Whether one of the symbols that it exports is a malloc. A section beyond the file's end has none.
static bool symbols_have_malloc(const struct image *im, const ElfW(Shdr) * symbols, const ElfW(Shdr) * names)
{
	if (!within(im, symbols->sh_offset, symbols->sh_size) || !within(im, names->sh_offset, names->sh_size))
		return false;
	for (uint64_t at = 0; at + sizeof(ElfW(Sym)) <= symbols->sh_size; at += sizeof(ElfW(Sym))) {
		ElfW(Sym) sym;

		memcpy(&sym, im->bytes + symbols->sh_offset + at, sizeof sym);
		if (sym.st_shndx != SHN_UNDEF && sym.st_value != 0 &&
		    within(im, names->sh_offset + sym.st_name, 7) &&
		    memcmp(im->bytes + names->sh_offset + sym.st_name, "malloc", 7) == 0)
			return true;
	}
	return false;
}

static bool defines_malloc(const struct image *im)
{
	ElfW(Ehdr) head;
	bool found = false;

	memcpy(&head, im->bytes, sizeof head);
	if (head.e_shentsize != sizeof(ElfW(Shdr)) ||
	    !within(im, head.e_shoff, (uint64_t)head.e_shnum * sizeof(ElfW(Shdr))))
		return false;
	for (size_t i = 0; !found && i < head.e_shnum; i++) {
		ElfW(Shdr) symbols, names;

		memcpy(&symbols, im->bytes + head.e_shoff + i * sizeof symbols, sizeof symbols);
		if (symbols.sh_type != SHT_DYNSYM || symbols.sh_link >= head.e_shnum)
			continue;
		memcpy(&names, im->bytes + head.e_shoff + symbols.sh_link * sizeof names, sizeof names);
		found = symbols_have_malloc(im, &symbols, &names);
	}
	return found;
}

static const char *judge_elf(const struct image *im)
{
	const ElfW(Phdr) *dynamic = NULL;
	const ElfW(Phdr) * segments;
	bool interpreter = false;
	ElfW(Ehdr) head;

	if (im->size < sizeof head || memcmp(im->bytes, ELFMAG, SELFMAG) != 0)
		return no_elf;
	memcpy(&head, im->bytes, sizeof head);
	if (head.e_ident[EI_CLASS] != OUR_CLASS)
		return other_class;
	if (head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phoff % _Alignof(ElfW(Phdr)) != 0 ||
	    !within(im, head.e_phoff, (uint64_t)head.e_phnum * sizeof(ElfW(Phdr))))
		return no_elf;
	segments = (const ElfW(Phdr) *)(const void *)(im->bytes + head.e_phoff);
	for (size_t i = 0; i < head.e_phnum; i++) {
		if (segments[i].p_type == PT_INTERP)
			interpreter = true;
		else if (segments[i].p_type == PT_DYNAMIC)
			dynamic = &segments[i];
	}
	if (!interpreter || dynamic == NULL)
		return is_static;
	return dynamic_is_sanitised(im, segments, head.e_phnum, dynamic) ? is_sanitised : NULL;
}

// The interpreter that a script's first line names, "env NAME" included. From malloc; NULL when there is none.
static char *script_interpreter(const struct image *im)
{
	const char *end = memchr(im->bytes, '\n', im->size < 256 ? im->size : 256);
	char line[256];
	char *word;
	char *rest;

	if (end == NULL || im->size < 2 || memcmp(im->bytes, "#!", 2) != 0)
		return NULL;
	memcpy(line, im->bytes + 2, (size_t)(end - im->bytes) - 2);
	line[end - im->bytes - 2] = '\0';
	word = strtok_r(line, " \t\r", &rest);
	if (word != NULL && strrchr(word, '/') != NULL && strcmp(strrchr(word, '/'), "/env") == 0) {
		do
			word = strtok_r(NULL, " \t\r", &rest);
		while (word != NULL && (word[0] == '-' || strchr(word, '=') != NULL));
	}
	return word != NULL ? command_find(word) : NULL;
}

static void judge_image(const struct image *im, struct program_answer *a, char **interpreter)
{
	*interpreter = script_interpreter(im);
	if (*interpreter != NULL)
		return;
	a->reason = judge_elf(im);
	if (a->reason == NULL && defines_malloc(im))
		a->own_malloc = has_malloc;
}

static void judge_file(const char *path, struct program_answer *a, char **interpreter)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image im = { .size = (size_t)a->size };
	void *map;

	*interpreter = NULL;
	if (fd < 0)
		return;
	map = mmap(NULL, im.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	im.bytes = map;
	judge_image(&im, a, interpreter);
	munmap(map, im.size);
}

static struct program_answer *cache_find(struct program_cache *cache, const struct stat *st, int64_t mtime_ns)
{
	for (unsigned i = 0; i < cache->count; i++) {
		struct program_answer *a = &cache->answers[i];

		if (a->dev == st->st_dev && a->ino == st->st_ino && a->mtime_ns == mtime_ns &&
		    a->size == st->st_size)
			return a;
	}
	return NULL;
}

static void cache_add(struct program_cache *cache, const struct program_answer *a)
{
	cache->answers[cache->next] = *a;
	cache->next = (cache->next + 1) % PROGRAM_CACHE;
	if (cache->count < PROGRAM_CACHE)
		cache->count++;
}

static struct program_answer look_up(struct program_cache *cache, const char *path)
{
	struct program_answer answer = { 0 };
	char *at = NULL;

	for (int depth = 0; depth < SCRIPT_DEPTH; depth++) {
		const char *file = at != NULL ? at : path;
		const struct program_answer *known;
		char *interpreter = NULL;
		struct stat st;
		int64_t mtime_ns;

		if (stat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			break;
		mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		known = cache_find(cache, &st, mtime_ns);
		if (known != NULL) {
			answer = *known;
			break;
		}
		answer = (struct program_answer){ st.st_dev, st.st_ino, mtime_ns, st.st_size, NULL, NULL };
		judge_file(file, &answer, &interpreter);
		if (interpreter == NULL) {
			cache_add(cache, &answer);
			break;
		}
		free(at);
		at = interpreter;
	}
	free(at);
	return answer;
}

const char *program_no_preload(struct program_cache *cache, const char *path)
{
	return look_up(cache, path).reason;
}

const char *program_own_malloc(struct program_cache *cache, const char *path)
{
	const struct program_answer answer = look_up(cache, path);

	return answer.reason != NULL ? answer.reason : answer.own_malloc;
}
