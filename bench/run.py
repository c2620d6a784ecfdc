#!/usr/bin/python3
"""Runs the measurements of bench/ and, on request, keeps their tables in bench/RESULTS.md.

usage: bench/run.py [--record] [SUBJECT...]     (all subjects without a name; needs a release build in build/)

A subject X is the program build/bench/bench_X (from bench_X.c) or the script bench/bench_X.py or bench/bench_X.sh. It prints Markdown.
With --record its text replaces the section between the lines "<!-- X -->" and "<!-- end X -->" of RESULTS.md.
"""
import datetime
import os
import platform
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(FOLDER), "build")
RESULTS = os.path.join(FOLDER, "RESULTS.md")


def subjects():
    """name -> command line of everything that can be measured, in alphabetical order"""
    found = {}
    for name in os.listdir(FOLDER):
        match = re.fullmatch(r"bench_(\w+)\.(c|py|sh)", name)
        if not match:
            continue
        subject, kind = match.groups()
        if kind == "c":
            found[subject] = [os.path.join(BUILD, "bench", "bench_" + subject)]
        else:
            found[subject] = [{"py": "/usr/bin/python3", "sh": "sh"}[kind], os.path.join(FOLDER, name)]
    return dict(sorted(found.items()))


def machine():
    """one line: processor, cores, memory, system, compiler"""
    model = "unknown processor"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = "Linux"
    with open("/etc/os-release") as release:
        for line in release:
            if line.startswith("PRETTY_NAME="):
                system = line.split("=", 1)[1].strip().strip('"')
    compiler = subprocess.run(["cc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB, {system}, {platform.machine()}, gcc {compiler}"


def record(subject, text):
    """puts the text of one subject into RESULTS.md, in its old place or at the end"""
    begin, end = f"<!-- {subject} -->", f"<!-- end {subject} -->"
    date = datetime.date.today().isoformat()
    section = f"{begin}\n## {subject}\n\nMeasured {date} on {machine()}.\n\n{text.strip()}\n{end}"
    with open(RESULTS) as file:
        whole = file.read()
    if begin in whole and end in whole:
        whole = whole[: whole.index(begin)] + section + whole[whole.index(end) + len(end) :]
    else:
        whole = whole.rstrip("\n") + "\n\n" + section + "\n"
    with open(RESULTS, "w") as file:
        file.write(whole)


def run(command):
    """shows the output while it comes, and returns it; None when the command failed"""
    text = ""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        print(line, end="", flush=True)
        text += line
    return text if process.wait() == 0 else None


def main():
    wanted = [word for word in sys.argv[1:] if not word.startswith("--")]
    keep = "--record" in sys.argv[1:]
    known = subjects()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"bench: no such subject: {', '.join(unknown)} (there are: {', '.join(known)})")
    failed = []
    for subject in wanted or known:
        print(f"\n## {subject}\n", flush=True)
        text = run(known[subject])
        if text is None:
            failed.append(subject)
        elif keep:
            record(subject, text)
    if failed:
        sys.exit(f"bench: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
