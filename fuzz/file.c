/* fuzz_file(): bytes as a file that exists in memory only. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 8 };

typedef struct memory_file {
    int number; /* file descriptor + 1; 0: not made yet */
    char path[40];
} memory_file;

static memory_file files[SLOTS];

static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static void write_all(int number, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(number, data, size);
        if (written <= 0)
            give_up("fuzz_file: write");
        data += written;
        size -= (size_t)written;
    }
}

const char *fuzz_file(int slot, const void *data, size_t size)
{
    memory_file *file = &files[slot];
    if (file->number == 0) {
        int number = memfd_create("fuzz", MFD_CLOEXEC);
        if (number < 0)
            give_up("fuzz_file: memfd_create");
        file->number = number + 1;
        snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", number);
    }
    int number = file->number - 1;
    if (ftruncate(number, 0) != 0 || lseek(number, 0, SEEK_SET) != 0)
        give_up("fuzz_file: truncate");
    write_all(number, data, size);
    return file->path;
}
