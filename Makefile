# The short way in; CMake does the work. `make demo` and `make check` need nothing but a fresh Debian or Ubuntu.
.PHONY: all
all:
	@cmake -S . -B build -DCMAKE_BUILD_TYPE=Release >/dev/null && cmake --build build --parallel
