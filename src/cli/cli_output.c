#include "cli_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* mkstemp makes files that only their owner can read; a result has the permissions of any new file. */
static void open_to_umask(int descriptor)
{
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(descriptor, 0666 & ~mask); /* not supported by every file system, and no harm done then */
}

static FILE *open_temporary(cli_output *output)
{
    output->temporary = cli_format("%s.XXXXXX", output->path);
    int descriptor = mkstemp(output->temporary);
    if (descriptor < 0)
        return NULL;
    open_to_umask(descriptor);
    FILE *file = fdopen(descriptor, "w");
    if (!file) {
        close(descriptor);
        unlink(output->temporary);
    }
    return file;
}

int cli_output_open(cli_output *output, const char *path)
{
    *output = (cli_output){.file = stdout};
    if (!path || strcmp(path, "-") == 0)
        return CLI_OK;
    output->path = path;
    struct stat info;
    bool in_place = stat(path, &info) == 0 && !S_ISREG(info.st_mode); /* a device, a pipe, or a folder, which then fails */
    output->file = in_place ? fopen(path, "w") : open_temporary(output);
    if (output->file)
        return CLI_OK;
    int code = cli_fail("%s: %s", path, strerror(errno));
    free(output->temporary);
    return code;
}

int cli_output_close(cli_output *output, int code)
{
    if (!output->path)
        return code; /* main looks after standard output */
    bool failed = fflush(output->file) != 0 || ferror(output->file);
    if (!failed && output->temporary && fsync(fileno(output->file)) != 0)
        failed = true;
    if (fclose(output->file) != 0)
        failed = true;
    if (code == CLI_OK && !failed && output->temporary)
        failed = rename(output->temporary, output->path) != 0;
    if (code == CLI_OK && failed)
        code = cli_fail("%s: %s", output->path, strerror(errno));
    if (code != CLI_OK && output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    return code;
}
