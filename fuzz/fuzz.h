/* What every fuzzer offers, and what the two drivers (libFuzzer with clang, soak.c with any compiler) offer to it.
 *
 * fuzz_X.c defines LLVMFuzzerTestOneInput(): it gives the bytes to the reader X and releases what it got. It keeps nothing between
 * inputs, prints nothing, and returns 0. Small valid files to start from are in fuzz/corpus/X/. */
#ifndef NB_FUZZ_FUZZ_H
#define NB_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For readers that open files by name: puts the bytes into a file in memory and returns a path to it, valid until the next call with
 * the same `slot` (0 to 7: a fuzzer may need several files at once). Ends the program when the system refuses. */
const char *fuzz_file(int slot, const void *data, size_t size);

#endif
