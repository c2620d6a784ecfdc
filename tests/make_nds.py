#!/usr/bin/env python3
"""Writes files like those of NDS (data.zip): names, members, spaces and curves as published, numbers invented.

The published files are hundreds of megabytes; these have as many runs as asked for. The same arguments give the same bytes.

    tests/make_nds.py FOLDER [--models 20] [--seed 0] [--zip FILE] [--iterations 0]
"""
import argparse
import json
import math
import os
import random
import zipfile

NAMES = """Amoeba Amoeba_in DARTS DARTS_fix-w-d DARTS_in DARTS_lr-wd DARTS_lr-wd_in ENAS ENAS_fix-w-d ENAS_in NASNet NASNet_in PNAS
PNAS_fix-w-d PNAS_in ResNeXt-A ResNeXt-A_in ResNeXt-B ResNeXt-B_in ResNet-B ResNet ResNet_lr-wd ResNet_lr-wd_in ResNet_reruns ResNet_rng1
ResNet_rng2 ResNet_rng3 Vanilla Vanilla_lr-wd Vanilla_lr-wd_in Vanilla_reruns Vanilla_rng1 Vanilla_rng2 Vanilla_rng3""".split()

OPERATORS = {
    "NASNet": """skip_connect conv_3x1_1x3 conv_7x1_1x7 dil_conv_3x3 avg_pool_3x3 max_pool_3x3 max_pool_5x5 max_pool_7x7 conv_1x1 conv_3x3
        sep_conv_3x3 sep_conv_5x5 sep_conv_7x7""".split(),
    "Amoeba": """skip_connect sep_conv_3x3 sep_conv_5x5 sep_conv_7x7 avg_pool_3x3 max_pool_3x3 dil_sep_conv_3x3 conv_7x1_1x7""".split(),
    "PNAS": "sep_conv_3x3 sep_conv_5x5 sep_conv_7x7 conv_7x1_1x7 skip_connect avg_pool_3x3 max_pool_3x3 dil_conv_3x3".split(),
    "ENAS": "skip_connect sep_conv_3x3 sep_conv_5x5 avg_pool_3x3 max_pool_3x3".split(),
    "DARTS": "none max_pool_3x3 avg_pool_3x3 skip_connect sep_conv_3x3 sep_conv_5x5 dil_conv_3x3 dil_conv_5x5".split(),
}

DEPTHS = {"Vanilla": [1, 2, 3, 4, 6, 9, 12, 16, 24], "ResNet": [1, 2, 3, 4, 6, 9, 12, 16, 24]}
WIDTHS = {"ResNeXt-B": [64, 128, 256, 512, 1024], "ResNeXt-A": [16, 32, 64, 128, 256]}


def cell(random_, space, nodes):
    edges = []
    for node in range(nodes):
        for _ in range(2):
            edges.append([random_.choice(OPERATORS[space]), random_.randrange(node + 2)])
    used = {source for _, source in edges}
    loose = [node + 2 for node in range(nodes) if node + 2 not in used]
    return edges, (loose if space in ("NASNet", "Amoeba", "ENAS") else list(range(2, nodes + 2)))


def network(random_, space, fixed):
    if space in OPERATORS:
        nodes = 4 if space == "DARTS" else 5
        normal, normal_concat = cell(random_, space, nodes)
        reduce, reduce_concat = cell(random_, space, nodes)
        return {
            "genotype": {"normal": normal, "normal_concat": normal_concat, "reduce": reduce, "reduce_concat": reduce_concat},
            "depth": 20 if fixed else random_.choice([4, 6, 8, 10, 12, 16, 20]),
            "width": 16 if fixed else random_.choice([16, 24, 32]),
            "aux": False,
            "drop_prob": 0.0,
        }
    bottleneck = space in ("ResNeXt-A", "ResNeXt-B", "ResNet-B")
    depths, widths = DEPTHS.get(space, [1, 2, 4, 8, 16]), WIDTHS.get(space, [16, 24, 32, 48, 64, 96, 128, 192, 256])
    groups = [1] if space == "ResNet-B" else [1, 2, 4, 8, 16] if space == "ResNeXt-B" else [1, 2, 4]
    net = {
        "block_type": "res_bottleneck_block" if bottleneck else "double_plain_block" if space == "Vanilla" else "res_basic_block",
        "ds": [1] + [random_.choice(depths) for _ in range(3)],
        "ws": [16] + [random_.choice(widths) for _ in range(3)],
        "ss": [1, 1, 2, 2],
        "bot_muls": [],
        "num_gs": [],
    }
    if bottleneck:
        net["bot_muls"] = [0.0] + [random_.choice([1.0, 0.5, 0.25]) for _ in range(3)]
        net["num_gs"] = [1] + [random_.choice(groups) for _ in range(3)]
    return net


def curve(random_, start, end, epochs, digits):
    """From near `start` to near `end`, fast at first, as under a cosine learning rate."""
    values = []
    for epoch in range(epochs):
        share = (epoch + 1) / epochs
        level = end + (start - end) * (0.5 * (1 + math.cos(math.pi * share))) ** 1.5
        values.append(round(max(level * (1 + 0.03 * (1 - share) * random_.gauss(0, 1)), 0.0), digits))
    return values


def run(random_, number, seed, space, name, net, iterations):
    imagenet, tuned = "_in" in name, "lr-wd" in name
    epochs = 50 if imagenet else 100
    params = int(math.exp(random_.uniform(math.log(2e4), math.log(8.5e5))))
    final = random_.uniform(27, 50) if imagenet else 5 + 12 * random_.random() ** 2 + 2 * (1 - params / 8.5e5)
    test = curve(random_, 58.0, final, epochs, 2)
    train = curve(random_, 69.5, final / 2, epochs, 3)
    loss = [round(error / 38, 3) for error in train]
    if tuned and random_.random() < 0.05:
        loss = [float("nan")] * epochs
        test = train = [90.0] * epochs
    return {
        "job_id": number,
        "rng_seed": seed,
        "net": net,
        "optim": {
            "base_lr": 10 ** random_.uniform(-3, 0) if tuned else 0.05 if imagenet else 0.1,
            "wd": 10 ** random_.uniform(-5, -2) if tuned else 5e-05 if imagenet else 0.0005,
            "max_ep": epochs,
        },
        "params": params,
        "flops": int(params * random_.uniform(150, 900)),
        "act_mem": random_.randrange(10**6, 10**8),
        "exp_mem": round(random_.uniform(0.5, 8), 3),
        "prec_time": {"train_fw_bw": round(random_.uniform(0.02, 0.4), 3)},
        "iter_time": round(random_.uniform(0.03, 0.4), 3),
        "min_test_top1": min(test),
        "train_ep_loss": loss,
        "train_ep_top1": train,
        "test_ep_top1": test,
        "train_it_loss": [round(random_.uniform(0, 2.3), 3) for _ in range(iterations)],
        "train_it_top1": [round(random_.uniform(0, 90), 3) for _ in range(iterations)],
    }


def runs_of(name, models, seed, iterations):
    space = name.split("_")[0]
    # The three files of reruns train the first models of the plain file with other seeds.
    nets = random.Random(f"{seed} {space if 'rng' in name or 'reruns' in name or name == space else name}")
    numbers = random.Random(f"{seed} {name}")
    train_seed = int(name[-1]) if "rng" in name else 1
    return [
        run(numbers, i, train_seed, space, name, network(nets, space, "fix-w-d" in name), iterations) for i in range(models)
    ]


def content_of(name, models, seed, iterations):
    runs = runs_of(name, models, seed, iterations)
    half = len(runs) // 2
    return json.dumps({"top": runs[:half], "mid": runs[half:]} if name.endswith("_reruns") else runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--models", type=int, default=20, help="runs in each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=0, help="entries of the curves by iteration")
    parser.add_argument("--zip", help="also write the folder as this file")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for name in NAMES:
        with open(os.path.join(arguments.folder, name + ".json"), "w") as out:
            out.write(content_of(name, arguments.models, arguments.seed, arguments.iterations))
    if arguments.zip:
        with zipfile.ZipFile(arguments.zip, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in NAMES:
                archive.write(os.path.join(arguments.folder, name + ".json"), f"nds_data/{name}.json")


if __name__ == "__main__":
    main()
