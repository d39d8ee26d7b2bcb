// ELF files before they are started.
#include "program_elf.h"

#include <string.h>

#if __SIZEOF_POINTER__ == 8
#define OUR_CLASS ELFCLASS64
#define OUR_BITS "64"
#define OTHER_BITS "32"
#else
#define OUR_CLASS ELFCLASS32
#define OUR_BITS "32"
#define OTHER_BITS "64"
#endif

#if defined __x86_64__
#define OUR_MACHINE EM_X86_64
#elif defined __aarch64__
#define OUR_MACHINE EM_AARCH64
#else
#define OUR_MACHINE 0 // not told
#endif

static const char no_elf[] = "not an ELF program";
static const char is_static[] = "static program: nothing can be preloaded into it";
static const char other_bits[] = "a program of " OTHER_BITS " bits: our library has " OUR_BITS;
static const char other_machine[] = "built for another machine";

// Names in the dynamic string table, which holds those of needed libraries and of exported symbols: gcc's
// sanitizers show in the first, clang's, which are linked in, in the second.
static const struct {
	const char *sign, *reason;
} sanitizers[] = {
	{ "libasan.so", "built with AddressSanitizer (it needs libasan.so), which brings its own malloc" },
	{ "libhwasan.so", "built with HWAddressSanitizer (it needs libhwasan.so), which brings its own malloc" },
	{ "libtsan.so", "built with ThreadSanitizer (it needs libtsan.so), which brings its own malloc" },
	{ "liblsan.so", "built with LeakSanitizer (it needs liblsan.so), which brings its own malloc" },
	{ "__asan_init", "built with AddressSanitizer (linked in), which brings its own malloc" },
	{ "__hwasan_init", "built with HWAddressSanitizer (linked in), which brings its own malloc" },
	{ "__tsan_init", "built with ThreadSanitizer (linked in), which brings its own malloc" },
	{ "__msan_init", "built with MemorySanitizer (linked in), which brings its own malloc" },
	{ "__lsan_init", "built with LeakSanitizer (linked in), which brings its own malloc" },
};

struct segments {
	const ElfW(Phdr) * at;
	size_t count;
	const ElfW(Phdr) * interpreter, *dynamic; // NULL: none
};

// The file offset of a virtual address, by the load segments; SIZE_MAX when it is in none.
static uint64_t file_offset(const struct segments *s, uint64_t address)
{
	for (size_t i = 0; i < s->count; i++) {
		const ElfW(Phdr) *p = &s->at[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz)
			return p->p_offset + (address - p->p_vaddr);
	}
	return SIZE_MAX;
}

static bool contains(const char *hay, size_t len, const char *needle)
{
	return memmem(hay, len, needle, strlen(needle)) != NULL;
}

static const char *find_sanitizer(const struct elf_image *im, const struct segments *s)
{
	uint64_t strings = SIZE_MAX, len = 0;

	if (!elf_within(im, s->dynamic->p_offset, s->dynamic->p_filesz))
		return NULL;
	for (uint64_t at = 0; at + sizeof(ElfW(Dyn)) <= s->dynamic->p_filesz; at += sizeof(ElfW(Dyn))) {
		ElfW(Dyn) d;

		memcpy(&d, im->bytes + s->dynamic->p_offset + at, sizeof d);
		if (d.d_tag == DT_STRTAB)
			strings = file_offset(s, d.d_un.d_ptr);
		else if (d.d_tag == DT_STRSZ)
			len = d.d_un.d_val;
	}
	if (strings == SIZE_MAX || !elf_within(im, strings, len))
		return NULL;
	for (size_t i = 0; i < sizeof sanitizers / sizeof sanitizers[0]; i++)
		if (contains(im->bytes + strings, len, sanitizers[i].sign))
			return sanitizers[i].reason;
	return NULL;
}

static const char *find_segments(const struct elf_image *im, struct segments *s)
{
	ElfW(Ehdr) head;

	if (im->size < sizeof head || memcmp(im->bytes, ELFMAG, SELFMAG) != 0)
		return no_elf;
	memcpy(&head, im->bytes, sizeof head);
	if (head.e_ident[EI_CLASS] != OUR_CLASS)
		return other_bits;
	if (OUR_MACHINE != 0 && head.e_machine != OUR_MACHINE)
		return other_machine;
	if (head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phoff % _Alignof(ElfW(Phdr)) != 0 ||
	    !elf_within(im, head.e_phoff, (uint64_t)head.e_phnum * sizeof(ElfW(Phdr))))
		return no_elf;
	s->at = (const ElfW(Phdr) *)(const void *)(im->bytes + head.e_phoff);
	s->count = head.e_phnum;
	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i].p_type == PT_INTERP)
			s->interpreter = &s->at[i];
		else if (s->at[i].p_type == PT_DYNAMIC)
			s->dynamic = &s->at[i];
	}
	return NULL;
}

const char *program_elf_no_preload(const struct elf_image *im)
{
	struct segments s = { 0 };
	const char *reason = find_segments(im, &s);

	if (reason != NULL)
		return reason;
	if (s.interpreter == NULL || s.dynamic == NULL)
		return is_static;
	return find_sanitizer(im, &s);
}

// By its loader: musl's, /lib/ld-musl-x86_64.so.1, cannot load what was made for glibc.
static bool is_of_musl(const struct elf_image *im)
{
	static const char word[] = "/ld-musl-";
	struct segments s = { 0 };

	return find_segments(im, &s) == NULL && s.interpreter != NULL &&
	       elf_within(im, s.interpreter->p_offset, s.interpreter->p_filesz) &&
	       memmem(im->bytes + s.interpreter->p_offset, s.interpreter->p_filesz, word, strlen(word)) != NULL;
}

void program_elf_malloc(const struct elf_image *im, const char **own, const char **linked)
{
	static const struct {
		const char *name, *own;
	} known[] = {
		{ "jemalloc", "the program defines malloc itself: jemalloc is linked into it" },
		{ "mimalloc", "the program defines malloc itself: mimalloc is linked into it" },
		{ "tcmalloc", "the program defines malloc itself: tcmalloc is linked into it" },
	};
	const bool defines = elf_symbol(im, SHT_DYNSYM, "malloc") != 0;

	*own = defines          ? "the program defines malloc itself"
	       : is_of_musl(im) ? "the program is musl's, for which that library is not made"
	                        : NULL;
	*linked = elf_linked_malloc(im);
	for (size_t i = 0; defines && *linked != NULL && i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].name, *linked) == 0)
			*own = known[i].own;
}
