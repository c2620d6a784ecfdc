/* Locks on whole files: open-file-description locks, which belong to one opening of a file and go when that is closed or its process ends,
 * however it ends. On a network file system the lock is the file system's own. */
#ifndef NB_BASE_FILE_LOCK_H
#define NB_BASE_FILE_LOCK_H

#include <stdbool.h>

typedef enum nb_lock {
    NB_LOCK_OURS,
    NB_LOCK_HELD,       /* by somebody else */
    NB_LOCK_UNSUPPORTED /* by this file system; errno says more */
} nb_lock;

/* Takes the lock of a file that is open for writing; does not wait. */
nb_lock nb_file_lock(int fd);

/* Whether nobody holds the lock. False also where that cannot be known. */
bool nb_file_is_unlocked(int fd);

/* Whether the open file is still the one that the path names: its last owner may have removed it between our opening and our lock. */
bool nb_file_is_named(int fd, const char *path);

#endif
