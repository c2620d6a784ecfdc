"""What Python itself reads out of result files, as plain text for the tests of the importer.

usage: import_oracle.py MAKER FOLDER        makes files of every format with MAKER in FOLDER, and FOLDER/NAME.txt beside each
       import_oracle.py --repack RAW FOLDER puts real NATS-Bench records into a NAS-Bench-201 file, FOLDER/repacked.pth

Lines: v ROW SCHEDULE DATASET SEED SPLIT METRIC EPOCH BITS     one number, its double as 16 hexadecimal digits
       c ROW SCHEDULE DATASET SEED FLOPS PARAMS LATENCY...     costs, likewise
       a ROW STRING                                            an architecture
       w ROW SCHEDULE DATASET SEED NAME DTYPE SHAPE BYTES      a weight: shape as 4x3 or -, bytes in hexadecimal
"""
import bz2
import collections
import glob
import os
import pickle
import struct
import subprocess
import sys


def bits(value):
    return struct.pack(">d", value).hex()


def results(state, schedule, out):
    row = state["arch_index"]
    out.write("a %d %s\n" % (row, state["arch_str"]))
    for (dataset, seed), trial in state["all_results"].items():
        where = "%d %s %s %d" % (row, schedule, dataset, seed)
        for field, metric in (("losses", "loss"), ("acc1es", "accuracy"), ("acc5es", "accuracy5"), ("times", "time")):
            for epoch, value in (trial["train_" + field] or {}).items():
                out.write("v %s train %s %d %s\n" % (where, metric, epoch, bits(value)))
            for key, value in (trial.get("eval_" + field) or {}).items():
                split, epoch = key.split("@")
                out.write("v %s %s %s %s %s\n" % (where, split, metric, epoch, bits(value)))
        costs = [trial["flop"], trial["params"]] + list(trial["latency"] or [])
        out.write("c %s %s\n" % (where, " ".join(bits(c) for c in costs)))
        for name, tensor in (trial["net_state_dict"] or {}).items():
            shape = "x".join(str(n) for n in tensor.shape) or "-"
            data = tensor.numpy().tobytes().hex()
            out.write("w %s %s %s %s %s\n" % (where, name, str(tensor.dtype)[6:], shape, data))


def arch(value, out):
    for name, state in value.items():
        results(state, {"full": "200", "less": "12"}.get(name, name), out)


def load(path):
    if path.endswith(".pbz2"):
        with bz2.open(path) as file:
            return pickle.load(file)
    import torch
    return torch.load(path)


def describe(path):
    """writes path.txt"""
    with open(path + ".txt", "w") as out:
        if os.path.isdir(path):
            for name in sorted(glob.glob(path + "/[0-9]*")):
                arch(load(name), out)
        else:
            for value in load(path)["arch2infos"].values():
                arch(value, out)


def make_all(maker, folder):
    formats = {
        "v1_0.pth": ["--format", "legacy", "--version", "1_0"],
        "v1_1.pth": ["--format", "legacy", "--version", "1_1", "--nan-rate", "0.3"],
        "zip.pth": ["--format", "zip", "--version", "1_1"],
        "last.pth": ["--format", "legacy", "--version", "1_0", "--archs", "40"],
        "nats-dir": ["--format", "nats-dir"],
        "nats.pickle.pbz2": ["--format", "nats-file"],
        "archive": ["--format", "arch-dir", "--start", "157", "--seeds", "777,888"],
        "archive-zip": ["--format", "arch-dir", "--start", "157", "--seeds", "777", "--serial", "zip"],
    }
    for name, options in formats.items():
        path = os.path.join(folder, name)
        curves = [] if "--archs" in options else ["--with-curves", "--archs", "2"]
        subprocess.run(["/usr/bin/python3", maker, "--quiet", "--out", path] + curves + options, check=True)
        describe(path)
    # a full NATS archive: plain pickles with tensors in them, each of which brings a torch file of its own
    full = os.path.join(folder, "nats-full")
    os.mkdir(full)
    for path in sorted(glob.glob(os.path.join(folder, "archive", "*.pth"))):
        value = load(path)
        nats = collections.OrderedDict([("12", value["less"]), ("200", value["full"])])
        with bz2.open(os.path.join(full, os.path.basename(path)[:6] + ".pickle.pbz2"), "wb") as file:
            pickle.dump(nats, file, protocol=4)
    describe(full)


def repack(raw, folder):
    import torch
    infos = {}
    for index in (0, 11):
        value = load(os.path.join(raw, "%06d.pickle.pbz2" % index))
        infos[index] = {"full": value["200"], "less": value["12"]}
    meta = load(os.path.join(raw, "meta.pickle.pbz2"))
    whole = {"meta_archs": meta["meta_archs"], "total_archs": meta["total_archs"], "arch2infos": infos, "evaluated_indexes": [0, 11]}
    torch.save(whole, os.path.join(folder, "repacked.pth"), _use_new_zipfile_serialization=False)


if sys.argv[1] == "--repack":
    repack(sys.argv[2], sys.argv[3])
else:
    make_all(sys.argv[1], sys.argv[2])
