// All of C++'s operators new and delete, each once for a block of its own: `operators all`. Prints how many there were.
#include <cstddef>
#include <cstdio>
#include <new>
#include <unistd.h>

namespace
{

const std::align_val_t wide{ 64 };
int taken;

void *take(void *p)
{
	if (p == nullptr)
		_exit(1);
	taken++;
	return p;
}

void give_all_back()
{
	::operator delete(take(::operator new(24)));
	::operator delete(take(::operator new(24)), std::size_t{ 24 });
	::operator delete(take(::operator new(24, std::nothrow)), std::nothrow);
	::operator delete(take(::operator new(24, wide)), wide);
	::operator delete(take(::operator new(24, wide)), std::size_t{ 24 }, wide);
	::operator delete(take(::operator new(24, wide, std::nothrow)), wide, std::nothrow);
	::operator delete[](take(::operator new[](24)));
	::operator delete[](take(::operator new[](24)), std::size_t{ 24 });
	::operator delete[](take(::operator new[](24, std::nothrow)), std::nothrow);
	::operator delete[](take(::operator new[](24, wide)), wide);
	::operator delete[](take(::operator new[](24, wide)), std::size_t{ 24 }, wide);
	::operator delete[](take(::operator new[](24, wide, std::nothrow)), wide, std::nothrow);
	::operator delete(nullptr);
	::operator delete[](nullptr);
}

bool throws()
{
	try {
		::operator delete(::operator new(24));
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

} // namespace

int main(int argc, char **argv)
{
	char text[16];

	if (argc > 1 && argv[1][0] == 't') // throws: every request fails
		return throws() && ::operator new(24, std::nothrow) == nullptr ? 0 : 2;
	for (int i = 0; argc > 1 && i < 10; i++)
		give_all_back();
	int len = std::snprintf(text, sizeof text, "%d\n", taken);
	return write(1, text, static_cast<std::size_t>(len)) == len ? 0 : 1;
}
