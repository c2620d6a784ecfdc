#!/usr/bin/env python3
"""Compares a database of NDS with what Python makes of the same files, row by row and bit by bit: nds_oracle.py FOLDER DATABASE

Written from the description of NNI's importer, with Python's own json and floats.
"""
import json
import math
import os
import sqlite3
import sys

from make_nds import NAMES


def text(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def specifications(net):
    if "genotype" in net:
        genotype = net["genotype"]
        nodes = len(genotype["normal"]) // 2
        model = {"num_nodes_normal": nodes, "num_nodes_reduce": len(genotype["reduce"]) // 2}
        model.update({key: net[key] for key in ("depth", "width", "aux", "drop_prob")})
        cell = {}
        for kind in ("normal", "reduce"):
            for node in range(nodes):
                for side, edge in zip("xy", genotype[kind][2 * node : 2 * node + 2]):
                    cell[f"{kind}_{node}_op_{side}"], cell[f"{kind}_{node}_input_{side}"] = edge
            cell[f"{kind}_concat"] = genotype[f"{kind}_concat"]
        return "nas_cell", model, cell
    families = {"res_bottleneck": "residual_bottleneck", "res_basic": "residual_basic", "double_plain": "vanilla"}
    family = [name for start, name in families.items() if net["block_type"].startswith(start)][0]
    return family, {key: value for key, value in net.items() if key != "block_type" and value}, {}


def null(value):
    return None if math.isnan(value) else value


def rows(folder):
    configs, trials, points = {}, [], []
    for name in NAMES:
        with open(os.path.join(folder, name + ".json")) as file:
            runs = json.load(file)
        if isinstance(runs, dict):
            runs = runs["top"] + runs["mid"]
        for run in runs:
            family, model, cell = specifications(run["net"])
            optim = run["optim"]
            generator = "fix_w_d" if "fix-w-d" in name else "tune_lr_wd" if "lr-wd" in name else "random"
            dataset = "imagenet" if "_in" in name else "cifar10"
            proposer = name.split("_")[0].lower()
            key = (family, text(model), text(cell), dataset, generator, proposer, optim["base_lr"], optim["wd"], optim["max_ep"])
            config = configs.setdefault(key, len(configs) + 1)
            loss, train, test = run["train_ep_loss"], run["train_ep_top1"], run["test_ep_top1"]
            known = [value for value in loss if not math.isnan(value)]
            trials.append(
                (config, run["rng_seed"], 100 - train[-1], null(loss[-1]), 100 - test[-1], 100 - min(train), min(known) if known else None)
                + (100 - min(test), run["params"] / 1e6, run["flops"] / 1e6, run["iter_time"])
            )
            for epoch in range(optim["max_ep"]):
                points.append((len(trials), epoch + 1, null(loss[epoch]), 100 - train[epoch], 100 - test[epoch]))
    return list(configs), trials, points


def main():
    folder, path = sys.argv[1:]
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for table, expected in zip(("ndstrialconfig", "ndstrialstats", "ndsintermediatestats"), rows(folder)):
        found = database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        if len(found) != len(expected):
            sys.exit(f"{table}: {len(found)} rows, not {len(expected)}")
        for number, (row, wanted) in enumerate(zip(found, expected), 1):
            if row != (number, *wanted):
                sys.exit(f"{table}: row {number}\n{row}\n{(number, *wanted)}")


if __name__ == "__main__":
    main()
