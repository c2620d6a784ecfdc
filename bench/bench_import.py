#!/usr/bin/python3
"""Importing benchmark files of full size, beside torch.load of the same file.

The files are stand-ins of the published ones, of their structure and size, made by tools/make_nb201_pth.py of ../shared (NASBENCH_SHARED
names another place); without it there is nothing to measure. They are made once, in NASBENCH_BENCH_DIR (default: the system's folder for
temporary files), and take 8 GB there. Processor time is user and system time of the whole process; memory the most that was resident.
"""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("NASBENCH_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")
TOOL = os.path.join(SHARED, "tools", "make_nb201_pth.py")
PLACE = os.environ.get("NASBENCH_BENCH_DIR") or tempfile.gettempdir()
PYTHON = "/usr/bin/python3"
LOAD = "import sys, torch; data = torch.load(sys.argv[1], map_location='cpu'); assert len(data['meta_archs']) == 15625"


def make(version):
    path = os.path.join(PLACE, "nasbench-bench-%s.pth" % version)
    if not os.path.exists(path):
        command = [PYTHON, TOOL, "--format", "legacy", "--archs", "15625", "--version", version, "--with-curves", "--out", path + ".part"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        os.rename(path + ".part", path)
    return path


def measure(command):
    """processor seconds and peak MB of a whole process; None when it fails"""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        print("bench_import: %s: %s" % (command[0], problem.strip()[-300:]), file=sys.stderr)
        return None
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(what, ours, peer, unit):
    if peer is None:
        print("| %s | %.4g %s | | |" % (what, ours, unit))
    else:
        print("| %s | %.4g %s | %.4g %s | %.3g |" % (what, ours, unit, peer, unit, peer / ours))


def main():
    if not os.path.exists(TOOL):
        print("bench_import: nothing measured: %s, which makes the files, is not there" % os.path.basename(TOOL), file=sys.stderr)
        return
    print("### Importing benchmark files of full size; the peer is torch.load of the same file\n")
    print("`make bench BENCH=import`\n")
    print("| what | ours | peer | ratio |\n|---|---:|---:|---:|")
    table = os.path.join(PLACE, "nasbench-bench.safetensors")
    for version in ("1_0", "1_1"):
        source = make(version)
        ours = measure([os.path.join(ROOT, "build", "nasbench"), "import", source, "-o", table])
        # v1.1 as Python objects takes more memory than a machine of 24 GB has
        peer = measure([PYTHON, "-c", LOAD, source]) if version == "1_0" else None
        name = "v%s (%.2f GB)" % (version.replace("_", "."), os.path.getsize(source) / 1e9)
        if ours is None:
            continue
        row("import of %s, processor" % name, ours[0], peer and peer[0], "s")
        row("import of %s, most memory" % name, ours[1], peer and peer[1], "MB")
        row("table of %s" % name, os.path.getsize(table) / 1e6, None, "MB")
        os.unlink(table)


if __name__ == "__main__":
    main()
