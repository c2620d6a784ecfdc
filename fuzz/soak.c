/* Runs one fuzzer over mutated copies of its corpus, in this process, and stops at the first crash, leak or hang.
 *
 * Input number n depends on the corpus, the seed and n alone, so `soak_X --first n --inputs 1` shows a finding again. The input that
 * was running is written to soak_X-n.bin in the current folder. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "heap.h"
#include "mutate.h"

#ifdef NB_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

enum {
    MOST_SAMPLES = 4096,
    LARGEST_INPUT = 1 << 20,
    LEAK_CHECK_EVERY = 1 << 14 /* inputs; only where the sanitizer looks for leaks, which takes milliseconds */
};

typedef struct options {
    const char *corpus;
    uint64_t seed;
    unsigned long first;
    unsigned long inputs;
    int limit; /* seconds of processor time for one input */
} options;

/* What the signal handlers need to know: global because a handler gets no argument of ours. */
static struct {
    uint8_t *input;
    size_t size;
    volatile unsigned long number;
    volatile int seconds_spent;
    int limit;
} running;

/* Appends to a text of `used` bytes; no more than a signal handler may do. Returns the new length. */
static size_t append(char *text, size_t used, const char *more)
{
    while (*more)
        text[used++] = *more++;
    text[used] = '\0';
    return used;
}

static size_t append_number(char *text, size_t used, unsigned long number)
{
    char digits[24];
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(text, used, digits + first);
}

/* Says what happened to the running input and keeps it in a file. Called from signal handlers. */
static void report(const char *what)
{
    char name[96];
    char line[256];
    size_t used = append(name, 0, "soak_" NB_READER "-");
    used = append_number(name, used, running.number);
    append(name, used, ".bin");
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    bool saved = file >= 0 && write(file, running.input, running.size) == (ssize_t)running.size;
    if (file >= 0)
        close(file);
    used = append(line, 0, "soak_" NB_READER ": input ");
    used = append_number(line, used, running.number);
    used = append(line, append(line, used, ": "), what);
    used = append(line, append(line, used, saved ? "; it is in " : "; it could not be written to "), name);
    used = append(line, used, "\n");
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
}

#ifdef NB_ADDRESS_SANITIZER
static void on_finding(void)
{
    report("the sanitizer's finding above");
}
#else
static void on_crash(int signal_number)
{
    report(signal_number == SIGABRT ? "aborted" : "crashed");
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}
#endif

/* Comes once per second of processor time. */
static void on_tick(int signal_number)
{
    (void)signal_number;
    running.seconds_spent++;
    if (running.seconds_spent <= running.limit)
        return;
    report("takes too long");
    _exit(1);
}

static void watch(int limit)
{
    running.limit = limit;
    struct sigaction tick = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &tick, NULL);
    const struct itimerval each_second = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
    setitimer(ITIMER_PROF, &each_second, NULL);
#ifdef NB_ADDRESS_SANITIZER
    __sanitizer_set_death_callback(on_finding);
#else
    const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        signal(fatal[i], on_crash);
#endif
}

static void stop(const char *what)
{
    report(what);
    exit(1);
}

static sample load(const char *path)
{
    struct stat info;
    sample loaded = {0};
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        fprintf(stderr, "soak_%s: %s: cannot read a plain file\n", NB_READER, path);
        exit(2);
    }
    loaded.size = (size_t)info.st_size;
    loaded.data = malloc(loaded.size + 1);
    if (!loaded.data || fread(loaded.data, 1, loaded.size, file) != loaded.size) {
        fprintf(stderr, "soak_%s: %s: cannot read\n", NB_READER, path);
        exit(2);
    }
    fclose(file);
    return loaded;
}

static int is_sample(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The corpus in the order of its names; one empty sample when there is none. */
static size_t load_corpus(const char *folder, sample *samples)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, is_sample, alphasort);
    if (found < 0) {
        fprintf(stderr, "soak_%s: %s: %s; starting from nothing\n", NB_READER, folder, strerror(errno));
        found = 0;
        entries = NULL;
    }
    size_t count = 0;
    for (int i = 0; i < found; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (count < MOST_SAMPLES)
            samples[count++] = load(path);
        free(entries[i]);
    }
    free(entries);
    if (count == 0)
        samples[count++] = (sample){.data = calloc(1, 1), .size = 0};
    return count;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Gives one input to the fuzzer from a block of exactly its size, so that a read past the end is seen. Returns the seconds it took. */
static double run_one(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        stop("no memory for the input");
    memcpy(exact, data, size);
    running.size = size;
    running.seconds_spent = 0;
    long before = heap_blocks();
    double start = cpu_seconds();
    LLVMFuzzerTestOneInput(exact, size);
    double seconds = cpu_seconds() - start;
    long left = heap_blocks() - before;
    free(exact);
    if (left > 0)
        stop("leaks memory");
    return seconds;
}

static options parse(int argc, char **argv)
{
    options o = {.corpus = NB_CORPUS, .seed = 1, .inputs = 100000, .limit = 10};
    const struct option known[] = {{"corpus", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
                                   {"first", required_argument, NULL, 'f'},  {"inputs", required_argument, NULL, 'n'},
                                   {"limit", required_argument, NULL, 'l'},  {NULL, 0, NULL, 0}};
    for (int letter; (letter = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (letter) {
        case 'c':
            o.corpus = optarg;
            break;
        case 's':
            o.seed = strtoull(optarg, NULL, 0);
            break;
        case 'f':
            o.first = strtoul(optarg, NULL, 0);
            break;
        case 'n':
            o.inputs = strtoul(optarg, NULL, 0);
            break;
        case 'l':
            o.limit = (int)strtol(optarg, NULL, 0);
            break;
        default:
            fprintf(stderr, "usage: %s [--corpus FOLDER] [--seed N] [--first N] [--inputs N] [--limit SECONDS] [FILE...]\n", argv[0]);
            exit(2);
        }
    }
    return o;
}

static bool leaks_so_far(void)
{
#ifdef NB_ADDRESS_SANITIZER
    return __lsan_do_recoverable_leak_check() != 0;
#else
    return false;
#endif
}

/* The corpus as it is, then the mutated inputs. Returns the longest time of one input in seconds. */
static double run_all(const options *o, const sample *samples, size_t count)
{
    double slowest = 0;
    /* Twice: what a library allocates once and keeps does not come again. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            memcpy(running.input, samples[i].data, samples[i].size < LARGEST_INPUT ? samples[i].size : LARGEST_INPUT);
            running.size = samples[i].size;
            long before = heap_blocks();
            LLVMFuzzerTestOneInput(samples[i].data, samples[i].size);
            if (round == 1 && heap_blocks() > before)
                stop("leaks memory on a file of the corpus");
        }
    }
    heap_forget_peak();
    for (unsigned long n = o->first; n < o->first + o->inputs; n++) {
        dice d = {.state = o->seed};
        d.state = dice_roll(&d) + n * 0xD1B54A32D192ED03U;
        running.number = n;
        size_t size = mutate(&d, samples, count, running.input, LARGEST_INPUT);
        double seconds = run_one(running.input, size);
        if (seconds > slowest)
            slowest = seconds;
        if ((n + 1) % LEAK_CHECK_EVERY == 0 && leaks_so_far())
            stop("memory leaked by this or an earlier input");
    }
    return slowest;
}

int main(int argc, char **argv)
{
    options o = parse(argc, argv);
    static sample samples[MOST_SAMPLES];
    running.input = malloc(LARGEST_INPUT);
    if (!running.input)
        return 2;
    watch(o.limit);
    if (optind < argc) { /* files to show again */
        for (int i = optind; i < argc; i++) {
            sample one = load(argv[i]);
            run_one(one.data, one.size);
            free(one.data);
        }
        free(running.input);
        return 0;
    }
    size_t count = load_corpus(o.corpus, samples);
    size_t at_rest = heap_bytes();
    double slowest = run_all(&o, samples, count);
    if (leaks_so_far())
        stop("memory leaked by one of the inputs");
    printf("soak_%s: %lu inputs from %zu samples, seed %llu: no crash, no leak, no hang; slowest %.1f ms, ", NB_READER, o.inputs, count,
           (unsigned long long)o.seed, 1e3 * slowest);
    if (heap_is_watched())
        printf("peak heap %.1f MB, ", 1e-6 * (double)(heap_peak() - at_rest));
    printf("%.1f s of processor time\n", cpu_seconds());
    for (size_t i = 0; i < count; i++)
        free(samples[i].data);
    free(running.input);
    return 0;
}
