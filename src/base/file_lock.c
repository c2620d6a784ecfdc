#include "base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

nb_lock nb_file_lock(int fd)
{
    struct flock lock = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return NB_LOCK_OURS;
    return errno == EAGAIN || errno == EACCES ? NB_LOCK_HELD : NB_LOCK_UNSUPPORTED;
}

bool nb_file_is_unlocked(int fd)
{
    struct flock lock = whole_file();
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

bool nb_file_is_named(int fd, const char *path)
{
    struct stat ours, named;
    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}
