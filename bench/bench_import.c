/* Importing NAS-Bench-201's own files at full size: stand-ins of the published layout, made on the spot, beside torch.load of the same
 * file. Needs Debian's python3-numpy and 9 GB of disk for a while; the peer needs python3-torch and memory of seven times the file. */
#include "bench.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nasbench/import.h"

#define PEER_MEMORY_FACTOR 7

/* ---------------------------------------------------------------- the process that imports */

static int import_once(const char *source, const char *target)
{
    nb_error err;
    nb_import_summary summary;
    if (nb_import(&source, 1, target, NULL, &summary, NULL, &err) != NB_OK) {
        fprintf(stderr, "bench_import: %s\n", err.message);
        return 1;
    }
    printf("%u architectures, %llu trials\n", summary.architectures, (unsigned long long)summary.trials);
    return 0;
}

/* ---------------------------------------------------------------- files */

static char folder[256];

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static double file_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

/* Bytes that programs may still take. */
static double available_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[256];
    double kilobytes = 0;
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "MemAvailable: %lf", &kilobytes);
    if (file)
        fclose(file);
    return 1024 * kilobytes;
}

static bool make_file(const char *version, const char *format, const char *archs, const char *path)
{
    const char *shared = getenv("NASBENCH_SHARED");
    char maker[4096];
    snprintf(maker, sizeof maker, "%s/tools/make_nb201_pth.py", shared ? shared : NB_SOURCE_DIR "/../shared");
    const char *argv[] = {"/usr/bin/python3",
                          maker,
                          "--quiet",
                          "--with-curves",
                          "--format",
                          format,
                          "--version",
                          version,
                          "--archs",
                          archs,
                          "--out",
                          path,
                          NULL};
    return access(maker, R_OK) == 0 && bench_run(argv, NULL, 0).finished;
}

/* ---------------------------------------------------------------- measuring */

static void measure(const char *self, const char *title, const char *version, const char *format, const char *archs, bool with_peer)
{
    char path[300], target[300], line[128] = "";
    snprintf(path, sizeof path, "%s/source.pth", folder);
    snprintf(target, sizeof target, "%s/out.nbt", folder);
    if (!make_file(version, format, archs, path)) {
        bench_note("%s: the maker of files (../shared/tools) or python3-numpy is not there; nothing measured.", title);
        return;
    }
    double size = file_size(path);
    const char *ours_argv[] = {self, "--import", path, target, NULL};
    bench_run(ours_argv, NULL, 0); /* the file is in the page cache from now on, for both */
    bench_cost ours = bench_run(ours_argv, line, sizeof line);
    bench_title("%s: a stand-in of %.2f GB, %s", title, size / 1e9, line);
    bench_command("build/bench/bench_import");
    const char *peer_arguments[] = {path, NULL};
    bool fits = available_memory() > PEER_MEMORY_FACTOR * size;
    bench_cost peer = {0};
    if (with_peer && fits)
        peer = bench_peer("torch_load.py", peer_arguments, line, sizeof line);
    double none = (double)NAN;
    if (ours.finished) {
        bench_row("import it, processor", ours.cpu, peer.finished ? peer.cpu : none, "s", BENCH_LESS_IS_BETTER);
        bench_row("import it, wall, synced to the disk", ours.wall, peer.finished ? peer.wall : none, "s", BENCH_LESS_IS_BETTER);
        bench_row("import it, most memory", (double)ours.peak / 1e6, peer.finished ? (double)peer.peak / 1e6 : none, "MB",
                  BENCH_LESS_IS_BETTER);
        bench_row("source per processor second", size / 1e6 / ours.cpu, peer.finished ? size / 1e6 / peer.cpu : none, "MB/s",
                  BENCH_MORE_IS_BETTER);
        bench_row("table", file_size(target) / 1e6, none, "MB", BENCH_LESS_IS_BETTER);
    }
    if (!ours.finished)
        bench_note("The import failed.");
    if (with_peer && !fits)
        bench_note("torch.load would need about %.0f GB of memory for this file; this machine has %.0f GB left.",
                   PEER_MEMORY_FACTOR * size / 1e9, available_memory() / 1e9);
    unlink(path);
    unlink(target);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--import") == 0)
        return import_once(argv[2], argv[3]);
    const char *place = getenv("TMPDIR");
    const char *archs = argc == 3 && strcmp(argv[1], "--archs") == 0 ? argv[2] : "15625";
    snprintf(folder, sizeof folder, "%s/nasbench-bench-XXXXXX", place ? place : "/tmp");
    if (!mkdtemp(folder)) {
        fprintf(stderr, "bench_import: cannot make %s\n", folder);
        return 1;
    }
    atexit(remove_folder);
    measure(argv[0], "NAS-Bench-201 v1.0, legacy container", "1_0", "legacy", archs, true);
    measure(argv[0], "NAS-Bench-201 v1.0, zip container", "1_0", "zip", archs, false);
    measure(argv[0], "NAS-Bench-201 v1.1, legacy container", "1_1", "legacy", archs, true);
    bench_note(
        "The peer, torch.load, is only the first step of the original APIs, which then build their own objects of what was loaded. Ours "
        "reads each file twice, finds every number its place and writes a table that opens in microseconds ever after. What is left is "
        "mostly the kernel copying pages: the source twice in, the spill file out and in, the table out.");
    return 0;
}
