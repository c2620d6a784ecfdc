/* What every test includes first: cmocka with what it needs, and the shared helpers of the tests. */
#ifndef NB_TESTS_SUPPORT_H
#define NB_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The folder ../shared of a checkout that has it (real records, CIFAR-10, golden vectors), or NULL. Tests that want it call
 * skip_without_shared() first; the environment variable NASBENCH_SHARED names another place, or hides it when empty. */
const char *shared_folder(void);

/* Joins shared_folder() and `path` into a static buffer. Only after shared_folder() gave a folder. */
const char *shared_path(const char *path);

/* Says on stderr why and skips the running test when ../shared is not there. */
void skip_without_shared(void);

/* A fresh folder of this test run, removed when the process ends. */
const char *scratch_folder(void);

/* Joins scratch_folder() and `name`; the caller frees. */
char *scratch_path(const char *name);

/* Writes or reads a whole file; fails the running test when that does not work. The caller frees what read_file returns. */
void write_file(const char *path, const void *data, size_t size);
uint8_t *read_file(const char *path, size_t *size);

#endif
