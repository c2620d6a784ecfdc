#!/usr/bin/python3
"""Makes nn_golden.safetensors: one training step of three NAS-Bench-201 networks, and some steps of each optimiser, by PyTorch.

usage: make_nn_golden.py [OUT]        (Debian's python3-torch; float32 on the CPU, one thread)

All numbers that go in come from numpy.random.RandomState(seed).random_sample(), which is the Mersenne Twister that
nb_mt19937_seed_word() and nb_mt19937_uniform() reproduce, so only what comes out is stored. Of a tensor with more than 24 numbers every
k-th is kept, k = ceil(n / 24).

The seeds are such that no input of a ReLU lies within 4e-6 of zero (the test looks): there the order of a float sum, which nobody
promises, would decide whether a gradient passes.
"""
import json
import os
import struct
import sys

import numpy
import torch
import torch.nn as nn

CELLS = {  # operation of the edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2: 0 none, 1 skip, 2 conv 1x1, 3 conv 3x3, 4 average pool
    "conv": [3, 3, 3, 3, 3, 3],
    "mixed": [3, 2, 4, 1, 3, 0],
    "light": [1, 2, 4, 0, 2, 4],
}
NETWORKS = [  # cell, channels, cells per stage, side, images, classes, seed
    ("conv", 4, 1, 16, 20, 10, 33),
    ("mixed", 16, 1, 8, 33, 10, 5),
    ("light", 4, 2, 12, 17, 7, 3),
]


class ReLUConvBN(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride):
        super().__init__()
        self.op = nn.Sequential(nn.ReLU(), nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        return self.op(x)


class Zero(nn.Module):
    def forward(self, x):
        return x.mul(0.0)


class Cell(nn.Module):
    def __init__(self, operations, channels):
        super().__init__()
        make = [
            lambda: Zero(),
            lambda: nn.Identity(),
            lambda: ReLUConvBN(channels, channels, 1, 1),
            lambda: ReLUConvBN(channels, channels, 3, 1),
            lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        ]
        self.layers = nn.ModuleList([make[o]() for o in operations])

    def forward(self, x):
        nodes, edge = [x], 0
        for to in range(1, 4):
            parts = [self.layers[edge + i](nodes[i]) for i in range(to)]
            edge += to
            nodes.append(sum(parts))
        return nodes[-1]


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv_a = ReLUConvBN(channels, 2 * channels, 3, 2)
        self.conv_b = ReLUConvBN(2 * channels, 2 * channels, 3, 1)
        self.downsample = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(channels, 2 * channels, 1, bias=False))

    def forward(self, x):
        return self.downsample(x) + self.conv_b(self.conv_a(x))


class Network(nn.Module):
    def __init__(self, operations, channels, cells, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.cells = nn.ModuleList()
        for stage in range(3):
            if stage > 0:
                self.cells.append(Residual(channels))
                channels *= 2
            self.cells.extend(Cell(operations, channels) for _ in range(cells))
        self.lastact = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.stem(x)
        for cell in self.cells:
            x = cell(x)
        return self.classifier(self.lastact(x).mean((2, 3)))


def uniform(random, shape):
    """in -1 .. 1, rounded to float32 once"""
    return torch.tensor((2 * random.random_sample(shape) - 1).astype(numpy.float32))


def thinned(tensor):
    flat = tensor.detach().reshape(-1)
    step = -(-flat.numel() // 24)
    return flat[::step].numpy()


def network_step(out, cell, channels, cells, side, images, classes, seed):
    """Two steps of SGD on one batch: what comes out of each, the first one's gradients, the state after the second."""
    random = numpy.random.RandomState(seed)
    net = Network(CELLS[cell], channels, cells, classes).train()
    for tensor in net.parameters():
        value = uniform(random, tuple(tensor.shape))
        tensor.data = value / numpy.float32(numpy.sqrt(tensor[0].numel())) if tensor.dim() > 1 else value * 0.25
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data += 1
    x = uniform(random, (images, 3, side, side)) * 2
    labels = torch.tensor((random.random_sample(images) * classes).astype(numpy.int64))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    for step in range(2):
        optimiser.zero_grad()
        logits = net(x)
        loss = nn.CrossEntropyLoss()(logits, labels)
        loss.backward()
        out[f"{cell}/loss/{step}"] = numpy.array([loss.item()], numpy.float32)
        out[f"{cell}/logits/{step}"] = logits.detach().numpy()
        for key, tensor in net.named_parameters() if step == 0 else []:
            out[f"{cell}/gradient/{key}"] = thinned(tensor.grad).copy()
        optimiser.step()
    for key, tensor in net.state_dict().items():
        if tensor.dtype == torch.float32 and not dead(cell, key):
            out[f"{cell}/after/{key}"] = thinned(tensor)


def dead(cell, key):
    """Running statistics of a convolution whose result only meets `none`: nothing depends on them, and we don't compute them."""
    operations = CELLS[cell]
    edge_target = [1, 2, 2, 3, 3, 3]
    parts = key.split(".")
    if "running" not in key or parts[0] != "cells" or parts[2] != "layers":
        return False
    used = {3}
    for edge in (5, 4, 3, 2, 1, 0):  # sources of the edges: 0, 0, 1, 0, 1, 2
        source = [0, 0, 1, 0, 1, 2][edge]
        if operations[edge] != 0 and edge_target[edge] in used:
            used.add(source)
    return edge_target[int(parts[3])] not in used


def optimiser_steps(out):
    make = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.999), eps=1e-8, weight_decay=0.01),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1),
    }
    for name, new in make.items():
        random = numpy.random.RandomState(7)
        w = nn.Parameter(uniform(random, (40,)))
        optimiser = new([w])
        for _ in range(5):
            w.grad = uniform(random, (40,))
            optimiser.step()
        out[f"optimiser/{name}"] = w.detach().numpy()
    random = numpy.random.RandomState(7)
    w = nn.Parameter(torch.zeros(40))
    w.grad = uniform(random, (40,))
    norm = nn.utils.clip_grad_norm_([w], 1.5)
    out["clip/norm"] = numpy.array([norm], numpy.float32)
    out["clip/gradient"] = w.grad.numpy()


def save(path, arrays):
    names = {"float32": "F32", "int64": "I64"}
    header, blobs, at = {}, [], 0
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        blob = numpy.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": names[str(array.dtype)], "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    torch.set_num_threads(1)
    out = {}
    for network in NETWORKS:
        network_step(out, *network)
    optimiser_steps(out)
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn_golden.safetensors")
    save(sys.argv[1] if len(sys.argv) > 1 else default, out)


if __name__ == "__main__":
    main()
