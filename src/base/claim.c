#include "base/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_lock.h"

/* Opens and locks; *fd is -1 when another holds the lock. */
static nb_status open_locked(const char *path, int *fd, nb_error *err)
{
    for (;;) {
        int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (opened < 0)
            return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot make a claim", path);
        nb_lock lock = nb_file_lock(opened);
        if (lock != NB_LOCK_OURS) {
            int reason = errno;
            close(opened);
            *fd = -1;
            return lock == NB_LOCK_HELD ? NB_OK
                                        : nb_fail_errno(err, NB_ERR_UNSUPPORTED, reason, "%s: the file system does not lock files", path);
        }
        if (nb_file_is_named(opened, path)) {
            *fd = opened;
            return NB_OK;
        }
        close(opened);
    }
}

/* What a crashed owner wrote is replaced. */
static nb_status write_note(int fd, const char *path, const char *note, nb_error *err)
{
    size_t size = strlen(note);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, note, size, 0) != (ssize_t)size)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot write the claim", path);
    return NB_OK;
}

nb_status nb_claim_take(const char *path, const char *note, nb_claim *out, bool *taken, nb_error *err)
{
    nb_claim claim = {.fd = -1};
    *taken = false;
    NB_TRY(open_locked(path, &claim.fd, err));
    if (claim.fd < 0)
        return NB_OK;
    claim.path = strdup(path);
    if (!claim.path) {
        unlink(path);
        close(claim.fd);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a claim", path);
    }
    nb_status status = write_note(claim.fd, path, note, err);
    if (status != NB_OK) {
        nb_claim_drop(&claim);
        return status;
    }
    *out = claim;
    *taken = true;
    return NB_OK;
}

void nb_claim_drop(nb_claim *claim)
{
    unlink(claim->path); /* while it is still locked: whoever waits for it sees that it is gone */
    close(claim->fd);
    free(claim->path);
    *claim = (nb_claim){.fd = -1};
}

nb_claim_state nb_claim_look(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? NB_CLAIM_FREE : NB_CLAIM_HELD;
    bool unlocked = nb_file_is_unlocked(fd);
    close(fd);
    return unlocked ? NB_CLAIM_STALE : NB_CLAIM_HELD;
}
