#!/usr/bin/python3
"""What the reference's loader of NAS-Bench-101 does with a file (nasbench: nasbench/api.py), without TensorFlow: every record through json,
base64 and the wire format of its protobuf message, into the two dictionaries by hash. Checksums are not compared, hashes not recomputed.

usage: nasbench101_load.py FILE      prints cells and runs
"""
import base64
import json
import struct
import sys


def records(path):
    with open(path, "rb") as file:
        while head := file.read(12):
            size = struct.unpack_from("<Q", head)[0]
            yield file.read(size)
            file.read(4)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value = struct.unpack_from("<d", data, at)[0]
            at += 8
        else:
            size, at = varint(data, at)
            value = data[at:at + size]
            at += size
        yield tag >> 3, value


def load(path):
    fixed, computed = {}, {}
    for payload in records(path):
        module_hash, epochs, matrix, operations, metrics = json.loads(payload.decode("utf-8"))
        side = int(len(matrix) ** 0.5)
        rows = [[int(c) for c in matrix[i * side:(i + 1) * side]] for i in range(side)]
        evaluations, params = [], 0
        for field, value in fields(base64.b64decode(metrics)):
            if field == 1:
                evaluations.append(dict(fields(value)))
            elif field == 2:
                params = value
        if module_hash not in fixed:
            fixed[module_hash] = {"module_adjacency": rows, "module_operations": operations.split(","), "trainable_parameters": params}
            computed[module_hash] = {}
        run = {}
        for name, evaluation in (("halfway", evaluations[1]), ("final", evaluations[2])):
            run[name + "_training_time"] = evaluation[2]
            run[name + "_train_accuracy"] = evaluation[3]
            run[name + "_validation_accuracy"] = evaluation[4]
            run[name + "_test_accuracy"] = evaluation[5]
        computed[module_hash].setdefault(epochs, []).append(run)
    return fixed, computed


if __name__ == "__main__":
    table = load(sys.argv[1])
    print(len(table[0]), sum(len(runs) for cell in table[1].values() for runs in cell.values()))
