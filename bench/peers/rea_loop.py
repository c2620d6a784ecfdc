"""Regularised evolution as the benchmark's script does it, in plain Python: genotypes as lists of lists of (operation, node), strings made
of them, a dict from string to index, a simulated clock.

usage: rea_loop.py RUNS EVALUATIONS. Prints microseconds of processor time of one run, the median.
"""
import collections
import copy
import random
import sys
import time

OPS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
NODES = 4
POPULATION, SAMPLE = 10, 3


class Model:
    def __init__(self):
        self.arch = None
        self.accuracy = None


class Table:
    """What the script asks: an accuracy of a random trial, and what it cost."""

    def __init__(self):
        rng = random.Random(1)
        self.index_of = {}
        self.trials = []
        for number in range(5**6):
            codes = [number // 5**place % 5 for place in range(6)]
            edges = iter(codes)
            cell = [[(OPS[next(edges)], source) for source in range(node)] for node in range(1, NODES)]
            self.index_of[to_string(cell)] = number
            self.trials.append([(40 + 45 * rng.random(), 70 + 80 * rng.random()) for _ in range(3)])

    def evaluate(self, arch):
        return random.choice(self.trials[self.index_of[to_string(arch)]])


def to_string(arch):
    return "+".join("|" + "|".join(f"{name}~{source}" for name, source in node) + "|" for node in arch)


def random_arch():
    return [[(random.choice(OPS), source) for source in range(node)] for node in range(1, NODES)]


def mutate(parent):
    child = copy.deepcopy(parent)
    node = random.randint(0, NODES - 2)
    edge = random.randint(0, len(child[node]) - 1)
    old, source = child[node][edge]
    new = random.choice(OPS)
    while new == old:
        new = random.choice(OPS)
    child[node][edge] = (new, source)
    return child


def search(table, evaluations):
    population = collections.deque()
    history = []
    clock = 0
    while len(population) < POPULATION:
        model = Model()
        model.arch = random_arch()
        model.accuracy, seconds = table.evaluate(model.arch)
        clock += seconds
        population.append(model)
        history.append((model.accuracy, model.arch))
    while len(history) < evaluations:
        started = time.time()
        sample = []
        while len(sample) < SAMPLE:
            sample.append(random.choice(list(population)))
        parent = max(sample, key=lambda model: model.accuracy)
        child = Model()
        child.arch = mutate(parent.arch)
        clock += time.time() - started
        child.accuracy, seconds = table.evaluate(child.arch)
        clock += seconds
        population.append(child)
        history.append((child.accuracy, child.arch))
        population.popleft()
    return max(history, key=lambda entry: entry[0]), clock


def main():
    runs, evaluations = int(sys.argv[1]), int(sys.argv[2])
    table = Table()
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        search(table, evaluations)
        seconds.append(time.process_time() - started)
    print(1e6 * sorted(seconds)[runs // 2])


main()
