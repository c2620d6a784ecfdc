#!/usr/bin/python3
"""What a benchmark costs to make: seconds per architecture, architectures per hour and core, and what the official scale would take.

usage: bench_generate.py [--channels 8] [--cells 1] [--resolution 16] [--batch 128] [--epochs 1] [--images 50000] [--sample 12]
                         [--peer-images 5120] [--full-images 1024] [--part small|official] [--no-peer]

Cells are drawn from those that --unique would train. Data are CIFAR-10 in the folder NASBENCH_CIFAR10 if that is set (binary files), else
Fashion-MNIST of Debian's package. Everything is processor time on one core. Ours at the small scale is the whole process, `nasbench generate
run`, for whole trainings: reading the data set, batches, evaluation and records are in it. The peer, PyTorch, trains the same cells on fewer
images, and only its training and evaluation are counted, multiplied up to as many images as ours; the better of two memory layouts counts.
At full size ours is the difference between two runs with different numbers of images, per image.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NASBENCH = os.path.join(ROOT, "build", "nasbench")
PYTHON = "/usr/bin/python3"
CIFAR10 = os.environ.get("NASBENCH_CIFAR10")
DATASET, FOLDER = ("cifar10", CIFAR10) if CIFAR10 else ("fashion-mnist", "/usr/share/datasets/fashion-mnist")
TEST_IMAGES = 10000
FULL = {"channels": 16, "cells": 5, "batch": 256}
FEW_IMAGES = 256  # of the shorter of two runs at full size
PEER_FULL_IMAGES = 512

# The training set-ups of the benchmark: side of the images, images trained on and evaluated on in each epoch.
SETUPS = {
    "cifar10-valid": (32, 25000, 35000),
    "cifar10": (32, 50000, 10000),
    "cifar100": (32, 50000, 20000),
    "ImageNet16-120": (16, 151700, 12000),
}
ALL, UNIQUE, SEEDS, EPOCHS = 15625, 6466, 3, 200


def run(command):
    """processor seconds of a whole process"""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("bench_generate: failed: %s" % " ".join(command))
    return usage.ru_utime + usage.ru_stime


def generate(scratch, name, sample, **settings):
    """plans and trains `sample` cells; processor seconds of the training process, and the plan's folder"""
    folder = os.path.join(scratch, name)
    options = ["%s=%s" % ("--" + key.replace("_", "-"), value) for key, value in settings.items()]
    plan = [NASBENCH, "generate", "plan", "--datasets", DATASET, "--seeds", "777", "--unique", "--sample", str(sample), "-o", folder]
    run(plan + options)
    return run([NASBENCH, "generate", "run", folder, "--data", FOLDER]), folder


def archs_of(folder):
    """strings of the plan's cells"""
    listing = subprocess.run([NASBENCH, "generate", "status", "--json", "--missing", folder], capture_output=True, check=True)
    missing = json.loads(listing.stdout)["not_done"]
    shown = [subprocess.run([NASBENCH, "arch", str(job["arch"]), "--json"], capture_output=True, check=True) for job in missing]
    return [json.loads(arch.stdout)["arch"] for arch in shown]


def sample_of(scratch, count):
    folder = os.path.join(scratch, "sample")
    run([NASBENCH, "generate", "plan", "--datasets", DATASET, "--seeds", "777", "--unique", "--sample", str(count), "-o", folder])
    return archs_of(folder)


def peer_rates(archs, channels, cells, side, batch, images):
    """processor seconds per image of training and evaluation, the mean over the cells, in the better layout; None without PyTorch"""
    best = None
    for layout in ("first", "last"):
        command = [PYTHON, os.path.join(ROOT, "bench", "peers", "torch_generate.py"), DATASET, FOLDER]
        command += [str(value) for value in (channels, cells, side, batch, images)] + [layout] + archs
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if process.returncode != 0:
            return None
        pairs = [tuple(map(float, line.split())) for line in process.stdout.splitlines()]
        rates = tuple(sum(column) / len(pairs) for column in zip(*pairs))
        if best is None or rates[0] < best[0]:
            best = rates
    return best


def our_rates(scratch, archs, side, many):
    """the same of ours at full size, from runs with different numbers of images: reading the data set falls out of the difference"""
    few = FEW_IMAGES
    cost = {}
    for images, evaluated in ((few, few), (many, few), (few, many)):
        name = "full-%d-%d-%d" % (side, images, evaluated)
        settings = dict(FULL, resolution=side, schedule=1, images=images, eval_images=evaluated)
        cost[images, evaluated] = generate(scratch, name, len(archs), **settings)[0]
    images = len(archs) * (many - few)
    return (cost[many, few] - cost[few, few]) / images, (cost[few, many] - cost[few, few]) / images


def row(what, ours, peer, unit, more_is_better=False):
    if peer is None:
        print("| %s | %.4g %s | | |" % (what, ours, unit), flush=True)
    else:
        print("| %s | %.4g %s | %.4g %s | %.3g |" % (what, ours, unit, peer, unit, ours / peer if more_is_better else peer / ours), flush=True)


def header(title):
    print("### %s\n\n`make bench BENCH=generate`\n\n| what | ours | peer | ratio |\n|---|---:|---:|---:|" % title, flush=True)


def small_scale(scratch, archs, options):
    header("Making a benchmark of small networks: C=%d, N=%d, %dx%d, %d epoch%s of %s images of %s, batch %d, the mean over %d cells" % (
        options.channels, options.cells, options.resolution, options.resolution, options.epochs, "" if options.epochs == 1 else "s",
        format(options.images, ","), DATASET, options.batch, len(archs)))
    settings = {"channels": options.channels, "cells": options.cells, "resolution": options.resolution, "batch": options.batch,
                "schedule": options.epochs, "images": options.images}
    ours = generate(scratch, "small", len(archs), **settings)[0] / len(archs)
    rates = None
    if options.peer:
        rates = peer_rates(archs, options.channels, options.cells, options.resolution, options.batch, options.peer_images)
    peer = rates and options.epochs * (options.images * rates[0] + TEST_IMAGES * rates[1])
    row("one architecture", ours, peer, "s")
    row("architectures per hour and core", 3600 / ours, peer and 3600 / peer, "", more_is_better=True)
    row("one seed of the %s classes on one core" % format(UNIQUE, ","), UNIQUE * ours / 3600, peer and UNIQUE * peer / 3600, "h")
    print("\nThe peer's figures are from %s images of each cell, multiplied up, without reading data and writing results.\n" % format(
        options.peer_images, ","))


def official_scale(scratch, archs, options):
    header("The official scale, projected: C=16, N=5, batch 256, the mean over %d cells" % len(archs))
    ours = {side: our_rates(scratch, archs, side, options.full_images) for side in (32, 16)}
    peer = None
    if options.peer:
        peer = {side: peer_rates(archs, FULL["channels"], FULL["cells"], side, FULL["batch"], PEER_FULL_IMAGES) for side in (32, 16)}
        peer = peer if all(peer.values()) else None
    for side in (32, 16):
        row("training, %dx%d" % (side, side), 1 / ours[side][0], peer and 1 / peer[side][0], "images/s", more_is_better=True)
        row("evaluation, %dx%d" % (side, side), 1 / ours[side][1], peer and 1 / peer[side][1], "images/s", more_is_better=True)

    def epoch(rates, setup, evaluate):
        side, images, evaluated = SETUPS[setup]
        return images * rates[side][0] + (evaluated * rates[side][1] if evaluate else 0)

    total = {}
    for name, rates in (("ours", ours), ("peer", peer)):
        total[name] = rates and sum(epoch(rates, setup, True) for setup in SETUPS)
    for setup in SETUPS:
        row("%s, %d epochs, each evaluated: one architecture" % (setup, EPOCHS), EPOCHS * epoch(ours, setup, True) / 3600,
            peer and EPOCHS * epoch(peer, setup, True) / 3600, "h")
    trained_only = sum(epoch(ours, setup, False) for setup in SETUPS) / total["ours"]
    for count, what in ((ALL, "all %s" % format(ALL, ",")), (UNIQUE, "--unique, %s" % format(UNIQUE, ","))):
        years = [value and count * SEEDS * EPOCHS * value / (3600 * 24 * 365.25) for value in (total["ours"], total["peer"])]
        row("%s architectures x %d seeds x 4 set-ups x %d epochs" % (what, SEEDS, EPOCHS), years[0], years[1], "core-years")
    print("\nRates are from the difference between runs on %d and %d images of %s; the peer's from %d images of each cell. With --evaluate last the "
          "whole costs %.0f %% of that.\n" % (FEW_IMAGES, options.full_images, DATASET, PEER_FULL_IMAGES, 100 * trained_only))


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("channels", 8), ("cells", 1), ("resolution", 16), ("batch", 128), ("epochs", 1), ("images", 50000), ("sample", 12),
                        ("peer-images", 5120), ("full-images", 1024)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    parser.add_argument("--part", choices=("small", "official"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nasbench-bench-") as scratch:
        archs = sample_of(scratch, options.sample)
        if options.part != "official":
            small_scale(scratch, archs, options)
        if options.part != "small":
            official_scale(scratch, archs, options)


if __name__ == "__main__":
    main()
