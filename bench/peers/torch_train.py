#!/usr/bin/python3
"""Training steps of a NAS-Bench-201 network in PyTorch: the peer of bench_train.

usage: torch_train.py ARCH CHANNELS CELLS SIDE BATCH STEPS THREADS LAYOUT

LAYOUT is first (NCHW) or last (NHWC). Prints: images per second (median over the steps), peak resident MB.
"""
import os
import sys
import time

import torch
import torch.nn as nn


def relu_conv_bn(c_in, c_out, kernel, stride):
    return nn.Sequential(nn.ReLU(), nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out))


class Zero(nn.Module):
    def forward(self, x):
        return x * 0


def edge(operation, channels):
    if operation == "none":
        return Zero()
    if operation == "skip_connect":
        return nn.Identity()
    if operation == "avg_pool_3x3":
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return relu_conv_bn(channels, channels, 3 if operation == "nor_conv_3x3" else 1, 1)


class Cell(nn.Module):
    def __init__(self, arch, channels):
        super().__init__()
        self.nodes = []
        self.edges = nn.ModuleList()
        for node in arch.split("+"):
            sources = []
            for text in filter(None, node.split("|")):
                operation, source = text.split("~")
                sources.append((len(self.edges), int(source)))
                self.edges.append(edge(operation, channels))
            self.nodes.append(sources)

    def forward(self, x):
        states = [x]
        for sources in self.nodes:
            states.append(sum(self.edges[e](states[s]) for e, s in sources))
        return states[-1]


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = relu_conv_bn(channels, 2 * channels, 3, 2)
        self.b = relu_conv_bn(2 * channels, 2 * channels, 3, 1)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(channels, 2 * channels, 1, bias=False))

    def forward(self, x):
        return self.shortcut(x) + self.b(self.a(x))


def network(arch, channels, cells, inputs=3):
    layers = [nn.Conv2d(inputs, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)]
    for stage in range(3):
        if stage > 0:
            layers.append(Residual(channels))
            channels *= 2
        layers += [Cell(arch, channels) for _ in range(cells)]
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    return nn.Sequential(*layers)


def peak_megabytes():
    """the most that was resident of this program; getrusage would count the one that started it, too"""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def main():
    arch, layout = sys.argv[1], sys.argv[8]
    channels, cells, side, batch, steps, threads = map(int, sys.argv[2:8])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    form = torch.channels_last if layout == "last" else torch.contiguous_format
    net = network(arch, channels, cells).to(memory_format=form).train()
    images = torch.randn(batch, 3, side, side).to(memory_format=form)
    labels = torch.randint(0, 10, (batch,))
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss()
    seconds = []
    warm_up = 2 if steps > 2 else 1
    for step in range(steps + warm_up):
        began = time.perf_counter() if threads > 1 else time.process_time()
        optimiser.zero_grad()
        loss_of(net(images), labels).backward()
        optimiser.step()
        if step >= warm_up:
            seconds.append((time.perf_counter() if threads > 1 else time.process_time()) - began)
    seconds.sort()
    print("%.1f %.0f" % (batch / seconds[len(seconds) // 2], peak_megabytes()))


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
