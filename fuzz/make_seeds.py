#!/usr/bin/python3
"""Writes the small valid files that the fuzzers of the importers start from: fuzz/corpus/{pickle,pth,nats,bzip2,csv}/.

usage: fuzz/make_seeds.py      (needs Debian's python3-torch and python3-numpy; the values are invented)
"""
import bz2
import collections
import io
import os
import pickle
import pickletools
import random
import sys
import types

import numpy as np
import torch

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
ARCHS = [
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|none~0|none~1|skip_connect~2|",
]
rng = random.Random(1)


def put(reader, name, data):
    os.makedirs(os.path.join(FOLDER, reader), exist_ok=True)
    with open(os.path.join(FOLDER, reader, name), "wb") as file:
        file.write(data)


def epochs(n, first=0):
    return {e: round(rng.uniform(0, 100), 3) for e in range(first, n)}


def evals(names, n):
    return {"%s@%d" % (name, e): round(rng.uniform(0, 100), 3) for name in names for e in range(n)}


def trial(arch, dataset, seed, n, timed, weights=None):
    names = {"cifar10-valid": ["x-valid", "ori-test"], "cifar100": ["ori-test", "x-test"]}[dataset]
    return {
        "name": dataset, "train_acc1es": epochs(n), "train_acc5es": None if n > 2 else epochs(n), "train_losses": epochs(n),
        "train_times": epochs(n) if timed else None,
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": arch, "class_num": 10},
        "params": np.float64(0.25), "flop": 15.5, "seed": "%04d" % seed, "epochs": n, "latency": [0.01, np.float64(0.02)] if timed else None,
        "eval_names": names, "eval_acc1es": evals(names, n), "eval_times": evals(names, n) if timed else {},
        "eval_losses": {k: float("nan") if k.endswith("0") else v for k, v in evals(names, n).items()}, "net_state_dict": weights,
    }


def results(index, keys, n, timed, weights=None):
    seeds = collections.OrderedDict()
    for dataset, seed in keys:
        seeds.setdefault(dataset, []).append(seed)
    return {
        "arch_index": index, "arch_str": ARCHS[index],
        "all_results": {(d, s): trial(ARCHS[index], d, s, n, timed, weights) for d, s in keys},
        "dataset_seed": {d: sorted(s) for d, s in seeds.items()}, "clear_net_done": weights is None,
    }


FULL = [("cifar10-valid", 777), ("cifar10-valid", 888), ("cifar100", 777)]
LESS = [("cifar10-valid", 777)]


def benchmark(infos):
    return {"meta_archs": ARCHS, "total_archs": len(ARCHS), "arch2infos": infos, "evaluated_indexes": sorted(infos)}


def v1(timed, weights=None):
    return {i: {"full": results(i, FULL, 4, timed, weights), "less": results(i, LESS, 2, True, weights)} for i in (0, 2)}


def nats(index):
    return collections.OrderedDict([("12", results(index, LESS, 2, True)), ("200", results(index, FULL, 3, True))])


def aa():
    infos = {}
    for index in (0, 1):
        state = results(index, [("cifar10-valid", 777), ("cifar100", 777)], 3, False)
        for t in state["all_results"].values():
            for key in ("train_acc5es", "train_times", "eval_times"):
                del t[key]
            t["train_accs"] = t.pop("train_acc1es")
            for old, new in (("eval_acc1es", "eval_accs"), ("eval_losses", "eval_losses")):
                flat = t.pop(old)
                nested = {}
                for key, value in flat.items():
                    nested.setdefault(key.split("@")[0], {})[int(key.split("@")[1])] = value
                t[new] = nested
        infos[index] = state
    return benchmark(infos)


def state_dict():
    base = torch.arange(24, dtype=torch.float32)
    weights = collections.OrderedDict()
    weights["stem.0.weight"] = base[:12].reshape(3, 4)
    weights["stem.0.transposed"] = base.reshape(4, 6).t()
    weights["stem.1.num_batches_tracked"] = torch.tensor(7)
    weights["classifier.bias"] = torch.tensor([0.5, -0.5], dtype=torch.float64)
    weights._metadata = collections.OrderedDict([("", {"version": 1})])
    return weights


def saved(value, zipped):
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()


def records():
    """the reference's classes, by name only"""
    module = types.ModuleType("nas_201_api.api_utils")
    for name in ("ArchResults", "ResultsCount"):
        setattr(module, name, type(name, (), {"__module__": module.__name__}))
    sys.modules["nas_201_api"] = types.ModuleType("nas_201_api")
    sys.modules[module.__name__] = module

    def of(name, state):
        value = getattr(module, name)()
        value.__dict__.update(state)
        return value
    infos = v1(True)
    for arch in infos.values():
        for schedule, state in arch.items():
            state["all_results"] = {k: of("ResultsCount", t) for k, t in state["all_results"].items()}
            arch[schedule] = of("ArchResults", state)
    whole = benchmark(infos)
    whole["evaluated_indexes"] = set(infos)
    return whole


def run(timed):
    part = {"flop": 15.5, "param": 0.25, "channel": 16, "num_cells": 5, "config": {"class_num": 10}, "total_epoch": 3,
            "train_losses": epochs(3), "train_acc1es": epochs(3), "train_acc5es": epochs(3), "valid_losses": epochs(3),
            "valid_acc1es": epochs(3), "net_state_dict": None, "finish-train": True}
    if timed:
        part.update(train_times=epochs(3), valid_losses=evals(["x-valid"], 3), valid_acc1es=evals(["x-valid"], 3),
                    valid_times=evals(["x-valid"], 3))
    return {"info": "a machine\nof some kind", "cifar10-valid": part, "all_dataset_keys": ["cifar10-valid"]}


def main():
    mixed = {"a": [1, -1, 70000, 2**40, 2**70, 1.5, None, True, False], "b": ("x", b"\x00\xff", "caf\u00e9"), 3: {4: 5.0, 5: 6.0},
             "set": {1, 2}, "empty": ([], (), {}), ("k", 1): collections.OrderedDict(z=1)}
    mixed["again"] = mixed["a"]
    for protocol in range(5):
        if protocol < 2:
            mixed["a"][4] = 7  # a text form beyond 64 bits is not read
        put("pickle", "mixed-%d.pkl" % protocol, pickle.dumps(mixed, protocol))
        mixed["a"][4] = 2**70
    put("pickle", "array-2.pkl", pickle.dumps({"data": np.arange(12, dtype=np.uint8).reshape(3, 4), "labels": [1, 2, 3]}, 2))
    put("pickle", "array-4.pkl", pickle.dumps([np.float32(1.5), np.int16(-3), np.asfortranarray(np.ones((2, 3)))], 4))
    put("pickle", "cifar.pkl", b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x05batchq\x03U\x06labelsq\x04]q\x05(K\x06K\x09eU\x04dataq\x06"
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01K\x02K\x03\x86"
        b"cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06abcdeftbu.")
    put("pickle", "curves.pkl", pickle.dumps({"arch2infos": {5: {"t": epochs(12), "e": evals(["x-valid", "ori-test"], 12)}}}, 2))

    put("pth", "v1_0.pth", saved(benchmark(v1(False)), False))
    put("pth", "aa.pth", saved(aa(), False))
    put("pth", "records.pth", saved(records(), False))
    put("pth", "weights.pth", saved({"full": results(0, LESS, 2, True, state_dict())}, False))
    put("pth", "weights-zip.pth", saved({"full": results(0, LESS, 2, True, state_dict())}, True))
    put("pth", "run.pth", saved(run(True), False))

    put("nats", "arch.pkl", pickle.dumps(nats(0), 4))
    put("nats", "file.pkl", pickle.dumps(benchmark({i: nats(i) for i in (0, 1)}), 4))
    put("nats", "meta.pkl", pickle.dumps({"meta_archs": ARCHS, "total_archs": 3, "arch2infos": None, "evaluated_indexes": set()}, 4))
    put("nats", "v1_1.pkl", pickle.dumps(benchmark(v1(True)), 2))
    put("nats", "run.pkl", pickle.dumps(run(False), 2))
    put("nats", "full.pkl", pickle.dumps(collections.OrderedDict([("12", results(0, LESS, 2, True, state_dict()))]), 4))

    put("bzip2", "one.bz2", bz2.compress(pickle.dumps(mixed, 4)))
    put("bzip2", "two.bz2", bz2.compress(b"abc" * 50, 1) + bz2.compress(bytes(range(256)), 9))
    put("bzip2", "empty.bz2", bz2.compress(b""))

    put("csv", "own.csv", ("index,note,acc,time,cifar10/12/train/loss@0,cifar100/200/x-test/accuracy#777,cifar10/12/latency\n"
                           "3,good,91.25,7,2.5,,0.01\n0,\"x, \"\"y\"\"\",,nan,1e-3,70.125,\n").encode())
    put("csv", "arch.csv", ("arch,index,cifar10/200/ori-test/accuracy\r\n%s,0,85.5\r\n%s,1,90\r\n" % (ARCHS[0], ARCHS[1])).encode())
    put("csv", "size.csv", b"arch\tcifar10/90/ori-test/accuracy\n8:8:8:16:32\t50.5\n")
    for folder, _, names in os.walk(FOLDER):
        for name in names:
            if name.endswith(".pkl"):
                with open(os.path.join(folder, name), "rb") as file:
                    for _ in pickletools.genops(file):
                        pass


main()
