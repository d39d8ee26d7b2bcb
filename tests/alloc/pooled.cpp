// Takes blocks by the operators of pooled_operators.cpp, each of which must come from its pool: `pooled all`.
#include <cstddef>
#include <new>

extern "C" bool pooled_owns(const void *p);

int main(int argc, char **)
{
	for (int i = 0; argc > 1 && i < 20000; i++) {
		void *p = ::operator new(24), *q = ::operator new(48);

		if (!pooled_owns(p) || !pooled_owns(q))
			return 1;
		::operator delete(p);
		::operator delete(q, std::size_t{ 48 });
	}
	return 0;
}
