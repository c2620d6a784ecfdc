#!/usr/bin/python3
"""Importing NAS-Bench-101's file of full size, beside a Python loader that does what the reference's does.

The file is a stand-in of nasbench_only108.tfrecord with its structure and exact size, made by tools/make_nb101_tfrecord.py of ../shared
(NASBENCH_SHARED names another place); without it there is nothing to measure. It is made once, in NASBENCH_BENCH_DIR (default: the
system's folder for temporary files), in some minutes. The peer gets the first tenth of it. Processor time is user and system time of the
whole process; memory the most that was resident.
"""
import os
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("NASBENCH_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")
TOOL = os.path.join(SHARED, "tools", "make_nb101_tfrecord.py")
PLACE = os.environ.get("NASBENCH_BENCH_DIR") or tempfile.gettempdir()
PYTHON = "/usr/bin/python3"
CELLS, PART_CELLS, REPEATS = 423624, 42362, 3


def make():
    path = os.path.join(PLACE, "nasbench-bench-only108.tfrecord")
    if not os.path.exists(path):
        command = [PYTHON, TOOL, "--cells", str(CELLS), "--seed", "7", "-o", path + ".part"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.rename(path + ".part", path)
    return path


def first_part(path):
    """the first tenth of the cells, in a file of its own"""
    part = os.path.join(PLACE, "nasbench-bench-part.tfrecord")
    size = 0
    with open(path, "rb") as file:
        for _ in range(PART_CELLS * REPEATS):
            length = struct.unpack("<Q", file.read(8))[0]
            file.seek(length + 8, 1)
        size = file.tell()
        file.seek(0)
        with open(part, "wb") as out:
            out.write(file.read(size))
    return part


def measure(command):
    """processor seconds, wall seconds and peak MB of a whole process; the best of three"""
    best = None
    for _ in range(3):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        problem = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit("bench_nasbench101_import: %s: %s" % (command[0], problem.strip()[-300:]))
        cpu = usage.ru_utime + usage.ru_stime
        if best is None or cpu < best[0]:
            best = (cpu, wall, usage.ru_maxrss / 1024)
    return best


def row(what, ours, peer, unit):
    if peer is None:
        print("| %s | %.4g %s | | |" % (what, ours, unit))
    else:
        print("| %s | %.4g %s | %.4g %s | %.3g |" % (what, ours, unit, peer, unit, peer / ours))


def main():
    if not os.path.exists(TOOL):
        print("bench_nasbench101_import: nothing measured: %s, which makes the file, is not there" % os.path.basename(TOOL), file=sys.stderr)
        return
    source = make()
    part = first_part(source)
    table = os.path.join(PLACE, "nasbench-bench101.safetensors")
    command = os.path.join(ROOT, "build", "nasbench")
    print("### Importing NAS-Bench-101; the peer is a Python loader of the same file that does what the reference's does\n")
    print("`make bench BENCH=nasbench101_import`; %d processors, load %.1f\n" % (os.cpu_count(), os.getloadavg()[0]))
    print("| what | ours | peer | ratio |\n|---|---:|---:|---:|")
    ours = measure([command, "import", part, "-o", table])
    peer = measure([PYTHON, os.path.join(ROOT, "bench", "peers", "nasbench101_load.py"), part])
    name = "the first tenth (%.0f MB)" % (os.path.getsize(part) / 1e6)
    row("%s, processor" % name, ours[0], peer[0], "s")
    row("%s, most memory" % name, ours[2], peer[2], "MB")
    ours = measure([command, "import", source, "-o", table])
    size = os.path.getsize(source) / 1e6
    name = "the whole file (%.0f MB)" % size
    row("%s, processor" % name, ours[0], None, "s")
    row("%s, wall" % name, ours[1], None, "s")
    row("%s, megabytes a second of one processor's time" % name, size / ours[0], None, "MB/s")
    row("%s, most memory" % name, ours[2], None, "MB")
    row("its table", os.path.getsize(table) / 1e6, None, "MB")
    sys.stdout.flush()
    subprocess.run([os.path.join(ROOT, "build", "bench", "bench_nasbench101_api"), table], check=True)
    os.unlink(part)
    os.unlink(table)


if __name__ == "__main__":
    main()
