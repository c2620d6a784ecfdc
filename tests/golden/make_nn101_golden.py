#!/usr/bin/python3
"""Makes nn101_golden.safetensors: two training steps of five NAS-Bench-101 networks, by PyTorch.

usage: make_nn101_golden.py [OUT]        (Debian's python3-torch; float32 on the CPU, one thread)

The optimiser is RMSProp as TensorFlow 1 computes it, written out below: torch.optim has another one (epsilon outside of the root, mean
square starting at 0). Numbers that go in and come out are made and kept as in make_nn_golden.py; the networks' tensors are filled in the
order in which they are used, not in that of the state dict, since that is the order of ours.
"""
import os
import sys

import numpy
import torch
import torch.nn as nn

from make_nn_golden import save, thinned, uniform

CONV3, CONV1, POOL = "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"

NETWORKS = {  # edges, interior operations; channels, cells per stack, side, images, classes, seed
    "direct": ([(0, 1)], [], 6, 1, 8, 17, 10, 1),
    "inception": ([(0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)], [CONV1, CONV3, CONV3, CONV3, POOL], 10, 1, 16, 20,
                  10, 52),
    "truncated": ([(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (0, 4)], [CONV3, POOL, CONV1], 9, 2, 8, 33, 7, 57),
    "dense": ([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (0, 4), (3, 4), (2, 4)], [CONV3, CONV1, CONV3], 16, 1, 12, 16, 10, 4),
    "pools": ([(0, 1), (1, 2), (0, 2), (2, 3), (1, 3)], [POOL, POOL], 5, 1, 8, 18, 3, 5),
}
RATES = [0.2, 0.1]


def widths(edges, vertices, c_in, c_out):
    """Channels of every vertex: the output's are shared among those that feed it, the first get the rest; others are as wide as needed."""
    last = vertices - 1
    direct = [v for v in range(1, last) if (v, last) in edges]
    width = [0] * vertices
    width[0], width[last] = c_in, c_out
    for place, v in enumerate(direct):
        width[v] = c_out // len(direct) + (place < c_out % len(direct))
    for v in reversed(range(1, last)):
        if v not in direct:
            width[v] = max(width[to] for frm, to in edges if frm == v)
    return width


class Conv(nn.Module):
    """convolution, batch norm, ReLU"""

    def __init__(self, c_in, c_out, kernel):
        super().__init__()
        self.conv_bn_relu = nn.Sequential(
            nn.Conv2d(c_in, c_out, kernel, 1, kernel // 2, bias=False), nn.BatchNorm2d(c_out, eps=1e-5, momentum=1 - 0.997), nn.ReLU())

    def forward(self, x):
        return self.conv_bn_relu(x)


class Cell(nn.Module):
    def __init__(self, edges, operations, c_in, c_out):
        super().__init__()
        vertices = len(operations) + 2
        self.edges, self.last = edges, vertices - 1
        self.width = widths(edges, vertices, c_in, c_out)
        self.input_op, self.vertex_op = nn.ModuleDict(), nn.ModuleDict()
        for v in range(1, vertices):  # the order of use
            if (0, v) in edges:
                self.input_op[str(v)] = Conv(c_in, self.width[v], 1)
            if v < self.last:
                w, name = self.width[v], operations[v - 1]
                kinds = {CONV3: ("conv3x3", lambda: Conv(w, w, 3)), CONV1: ("conv1x1", lambda: Conv(w, w, 1)),
                         POOL: ("maxpool", lambda: nn.MaxPool2d(3, 1, 1))}
                self.vertex_op[str(v)] = nn.ModuleDict({kinds[name][0]: kinds[name][1]()})

    def modules_in_order(self):
        for v in range(1, self.last + 1):
            if str(v) in self.input_op:
                yield f"input_op.{v}", self.input_op[str(v)]
            if str(v) in self.vertex_op:
                yield f"vertex_op.{v}", self.vertex_op[str(v)]

    def forward(self, x):
        values = {0: x}
        for v in range(1, self.last):
            terms = [values[u][:, :self.width[v]] for u in range(1, v) if (u, v) in self.edges]
            if (0, v) in self.edges:
                terms.append(self.input_op[str(v)](x))
            (operation,) = self.vertex_op[str(v)].values()
            values[v] = operation(sum(terms))
        parts = [values[v] for v in range(1, self.last) if (v, self.last) in self.edges]
        out = torch.cat(parts, 1) if parts else 0
        return out + self.input_op[str(self.last)](x) if (0, self.last) in self.edges else out


class Network(nn.Module):
    def __init__(self, edges, operations, channels, cells, classes):
        super().__init__()
        layers, c_in = [Conv(3, channels, 3)], channels
        for stack in range(3):
            if stack > 0:
                layers.append(nn.MaxPool2d(2, 2))
                channels *= 2
            for _ in range(cells):
                layers.append(Cell(edges, operations, c_in, channels))
                c_in = channels
        self.layers = nn.ModuleList(layers)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.classifier(x.mean((2, 3)))

    def parameters_in_order(self):
        """name, tensor"""
        for number, layer in enumerate(self.layers):
            parts = layer.modules_in_order() if isinstance(layer, Cell) else [("", layer)]
            for part, module in parts:
                for name, tensor in module.named_parameters():
                    yield ".".join(p for p in (f"layers.{number}", part, name) if p), tensor
        yield from ((f"classifier.{name}", tensor) for name, tensor in self.classifier.named_parameters())


class TensorFlowRMSProp:
    def __init__(self, parameters, rho=0.9, momentum=0.9, eps=1.0, decay=1e-4):
        self.parameters, self.rho, self.momentum, self.eps, self.decay = list(parameters), rho, momentum, eps, decay
        self.square = [torch.ones_like(p) for p in self.parameters]
        self.velocity = [torch.zeros_like(p) for p in self.parameters]

    def step(self, rate):
        with torch.no_grad():
            for p, v, b in zip(self.parameters, self.square, self.velocity):
                g = p.grad + self.decay * p
                v.mul_(self.rho).add_((1 - self.rho) * g * g)
                b.mul_(self.momentum).add_(rate * g / torch.sqrt(v + self.eps))
                p.sub_(b)


def network_steps(out, name, edges, operations, channels, cells, side, images, classes, seed):
    random = numpy.random.RandomState(seed)
    net = Network(edges, operations, channels, cells, classes).train()
    for key, tensor in net.parameters_in_order():
        value = uniform(random, tuple(tensor.shape))
        tensor.data = value / numpy.float32(numpy.sqrt(tensor[0].numel())) if tensor.dim() > 1 else value * 0.25
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data += 1
    x = uniform(random, (images, 3, side, side)) * 2
    labels = torch.tensor((random.random_sample(images) * classes).astype(numpy.int64))
    optimiser = TensorFlowRMSProp(net.parameters())
    for step, rate in enumerate(RATES):
        net.zero_grad()
        logits = net(x)
        loss = nn.CrossEntropyLoss()(logits, labels)
        loss.backward()
        out[f"{name}/loss/{step}"] = numpy.array([loss.item()], numpy.float32)
        out[f"{name}/logits/{step}"] = logits.detach().numpy()
        for key, tensor in net.parameters_in_order() if step == 0 else []:
            out[f"{name}/gradient/{key}"] = thinned(tensor.grad).copy()
        optimiser.step(rate)
    for key, tensor in net.state_dict().items():
        if tensor.dtype == torch.float32:
            out[f"{name}/after/{key}"] = thinned(tensor)
    net.eval()
    out[f"{name}/evaluated"] = net(x).detach().numpy()


def main():
    torch.set_num_threads(1)
    out = {}
    for name, network in NETWORKS.items():
        network_steps(out, name, *network)
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn101_golden.safetensors")
    save(sys.argv[1] if len(sys.argv) > 1 else default, out)


if __name__ == "__main__":
    main()
