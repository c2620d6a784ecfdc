#!/usr/bin/python3
"""Training and evaluating cells of NAS-Bench-201 on real images in PyTorch: the peer of bench_generate.

usage: torch_generate.py DATASET FOLDER CHANNELS CELLS SIDE BATCH IMAGES LAYOUT ARCH...

Trains each cell on the first IMAGES images for one epoch, one thread, and evaluates it on the first IMAGES test images (at most all). DATASET is
cifar10 (binary files) or fashion-mnist (IDX files, gzip); LAYOUT is first (NCHW) or last (NHWC). Images lie in memory as floats of the right
size before the clock starts; they are shuffled and mirrored, not cropped. Prints one line per cell: processor seconds per image of training and
of evaluation.
"""
import gzip
import os
import sys
import time

import numpy
import torch
import torch.nn as nn

from torch_train import network


def read_cifar10(folder, count):
    def read(names):
        data = numpy.concatenate([numpy.fromfile(os.path.join(folder, name), numpy.uint8).reshape(-1, 3073) for name in names])[:count]
        return data[:, 1:].reshape(-1, 3, 32, 32), data[:, 0]

    return read(["data_batch_%d.bin" % i for i in range(1, 6)]), read(["test_batch.bin"])


def read_fashion_mnist(folder, count):
    def read(name, header):
        with gzip.open(os.path.join(folder, name + "-ubyte.gz")) as file:
            return numpy.frombuffer(file.read(), numpy.uint8, offset=header)

    def pair(prefix):
        images = read(prefix + "-images-idx3", 16).reshape(-1, 1, 28, 28)[:count]
        return numpy.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2))), read(prefix + "-labels-idx1", 8)[:count]

    return pair("train"), pair("t10k")


def prepare(images, labels, side, form):
    """bytes [n][channels][32][32] -> floats [n][channels][side][side] around 0, labels"""
    factor = images.shape[2] // side
    small = images.reshape(len(images), images.shape[1], side, factor, side, factor).mean((3, 5), dtype=numpy.float32)
    floats = torch.from_numpy((small - small.mean()) / small.std()).to(memory_format=form)
    return floats, torch.from_numpy(labels.astype(numpy.int64))


def train(net, images, labels, batch, optimiser, loss_of):
    net.train()
    order = torch.randperm(len(images))
    for start in range(0, len(images), batch):
        chosen = order[start : start + batch]
        batch_images = images[chosen]
        mirrored = torch.rand(len(chosen)) < 0.5
        batch_images[mirrored] = batch_images[mirrored].flip(3)
        optimiser.zero_grad()
        loss_of(net(batch_images), labels[chosen]).backward()
        optimiser.step()


def evaluate(net, images, labels, batch):
    net.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(images), batch):
            right += int((net(images[start : start + batch]).argmax(1) == labels[start : start + batch]).sum())
    return right / len(images)


def main():
    dataset, folder, layout = sys.argv[1], sys.argv[2], sys.argv[8]
    channels, cells, side, batch, count = map(int, sys.argv[3:8])
    torch.set_num_threads(1)
    torch.manual_seed(777)
    form = torch.channels_last if layout == "last" else torch.contiguous_format
    training, test = (read_cifar10 if dataset == "cifar10" else read_fashion_mnist)(folder, count)
    images, labels = prepare(*training, side, form)
    test_images, test_labels = prepare(*test, side, form)
    for arch in sys.argv[9:]:
        net = network(arch, channels, cells, images.shape[1]).to(memory_format=form)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
        train(net, images[: batch // 2], labels[: batch // 2], batch // 4, optimiser, nn.CrossEntropyLoss())  # to warm up
        began = time.process_time()
        train(net, images, labels, batch, optimiser, nn.CrossEntropyLoss())
        trained = time.process_time()
        evaluate(net, test_images, test_labels, 256)
        done = time.process_time()
        print("%.6g %.6g" % ((trained - began) / len(images), (done - trained) / len(test_images)), flush=True)


if __name__ == "__main__":
    main()
