// A library whose operators new and delete take from a pool of its own, never from malloc.
#include <cstddef>
#include <new>

namespace
{

constexpr std::size_t block_bytes = 64, blocks = 1024;
alignas(64) char pool[blocks][block_bytes];
void *next_free;
std::size_t used;

} // namespace

extern "C" bool pooled_owns(const void *p)
{
	return p >= pool && p < pool + blocks;
}

void *operator new(std::size_t bytes)
{
	void *p = next_free;

	if (bytes > block_bytes || (p == nullptr && used == blocks))
		throw std::bad_alloc();
	if (p == nullptr)
		return pool[used++];
	next_free = *static_cast<void **>(p);
	return p;
}

void operator delete(void *p) noexcept
{
	if (p == nullptr)
		return;
	*static_cast<void **>(p) = next_free;
	next_free = p;
}

void operator delete(void *p, std::size_t) noexcept
{
	::operator delete(p);
}
