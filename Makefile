# The short way in; CMake does the work. `make demo` and `make check` need nothing but a fresh Debian or Ubuntu.
#
#   make            the command build/nasbench and the libraries beside it
#   make demo       installs what is missing, builds, and shows the main job
#   make check      the same, then all tests, and all tests again under the address and undefined behaviour sanitizers
#   make ci         the rest: format, lint, both compilers, thread sanitizer, valgrind, Slurm, reports in a browser, fuzzers
#   make install    into DESTDIR and PREFIX (/usr/local)
#   make bench      measurements beside other tools (BENCH="subject ..." for some of them)
#   make fuzz       every fuzzer for FUZZ_SECONDS each, or SOAK=10000000 mutated inputs over all readers
#   make format     brings the sources into shape; make lint looks for suspicious code
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SOAK ?=
BENCH ?=

.PHONY: all demo check ci bench install fuzz format lint clean
all:
	@scripts/build release

demo:
	@scripts/install-packages build run
	@scripts/build release
	@scripts/demo build/nasbench

check:
	@scripts/install-packages build run check
	@scripts/check

ci:
	@scripts/install-packages build run check ci
	@scripts/ci

bench:
	@scripts/install-packages build bench
	@scripts/build release
	@bench/run.py $(BENCH)

install: all
	@cmake --install build --prefix $(PREFIX)

fuzz:
	@scripts/install-packages build check ci
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz $(SOAK)

format:
	@scripts/format

lint:
	@scripts/lint

clean:
	rm -rf build build-debug build-asan build-tsan build-fuzz build-clang build-gcc build-valgrind
