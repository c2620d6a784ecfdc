/* Measuring: time, memory, repeats, other programs beside ours, and one form of table for all results.
 *
 * A program bench/bench_X.c measures one subject and prints Markdown: bench_title(), bench_command(), then bench_row() per figure.
 * `make bench` runs all of them; `bench/run.py --record` puts what they print into bench/RESULTS.md. */
#ifndef NB_BENCH_BENCH_H
#define NB_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds. Processor time is that of all threads of this process; the machine may be shared, so rates are per second of it. */
double bench_wall(void);
double bench_cpu(void);

/* Bytes of memory of this process: resident now, and the most since the start or the last bench_forget_peak(). */
size_t bench_resident(void);
size_t bench_peak(void);
void bench_forget_peak(void);

/* What a piece of work cost. */
typedef struct bench_cost {
    double wall;   /* seconds */
    double cpu;    /* seconds, user and system */
    size_t peak;   /* bytes resident at most */
    bool finished; /* false: could not be run or failed */
} bench_cost;

/* Best and median processor seconds of `repeats` calls (at most 64), after one call to warm up. */
typedef struct bench_times {
    double best;
    double median;
} bench_times;

bench_times bench_repeat(void (*work)(void *user), void *user, int repeats);

/* Runs a program to its end and measures it; its first line of output goes to `line` (may be NULL), its errors to ours. */
bench_cost bench_run(const char *const argv[], char *line, size_t size);

/* Runs bench/peers/`script` with Debian's Python and up to eight arguments, the last NULL. Not finished where that Python, or a module
 * the script imports, is not there: such rows have no peer. */
bench_cost bench_peer(const char *script, const char *const arguments[], char *line, size_t size);

/* Keeps the optimiser from removing the computation of `value`. */
#define BENCH_KEEP(value) __asm__ volatile("" : : "g"(value) : "memory")

void bench_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What a reader types to see the following rows: shown above the table. */
void bench_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

typedef enum bench_better { BENCH_LESS_IS_BETTER, BENCH_MORE_IS_BETTER } bench_better;

/* One row: what | ours | peer | ratio (how many times better we are). A NaN `peer` leaves the last two empty. `unit` such as "s", "MB"
 * or "M/s" belongs to both figures. */
void bench_row(const char *what, double ours, double peer, const char *unit, bench_better better);

/* A paragraph below the table. */
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
