"""NNI's query for NAS-Bench-201 as a Python client with peewee makes it, on the same file: nni_client.py ask|iterate FILE COUNT

Prints questions per second of processor time, or the seconds that all trials take.
"""
import json
import random
import sys
import time

from peewee import FloatField, ForeignKeyField, IntegerField, Model, TextField, fn
from playhouse.shortcuts import model_to_dict
from playhouse.sqlite_ext import JSONField, SqliteExtDatabase

mode, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = SqliteExtDatabase(path)


class Config(Model):
    arch = JSONField(index=True, json_dumps=lambda value: json.dumps(value, sort_keys=True))
    num_epochs = IntegerField(index=True)
    num_channels = IntegerField()
    num_cells = IntegerField()
    dataset = TextField(index=True)

    class Meta:
        database = database
        table_name = "nb201trialconfig"


class Trial(Model):
    config = ForeignKeyField(Config)
    seed = IntegerField()
    train_acc = FloatField()
    valid_acc = FloatField()
    test_acc = FloatField()
    ori_test_acc = FloatField()
    train_loss = FloatField(null=True)
    valid_loss = FloatField(null=True)
    test_loss = FloatField(null=True)
    ori_test_loss = FloatField(null=True)
    parameters = FloatField()
    latency = FloatField()
    flops = FloatField()
    training_time = FloatField()
    valid_evaluation_time = FloatField()
    test_evaluation_time = FloatField()
    ori_test_evaluation_time = FloatField()

    class Meta:
        database = database
        table_name = "nb201trialstats"


def query(*conditions):
    found = Trial.select(Trial, Config).join(Config)
    if conditions:
        found = found.where(*conditions)
    for trial in found:
        yield model_to_dict(trial)


OPERATORS = ["none", "skip_connect", "conv_1x1", "conv_3x3", "avg_pool_3x3"]
EDGES = ["0_1", "0_2", "0_3", "1_2", "1_3", "2_3"]
DATASETS = ["cifar10-valid", "cifar10", "cifar100", "imagenet16-120"]
chance = random.Random(5)
start = time.process_time()
if mode == "iterate":
    items = sum(1 for _ in query())
    print(time.process_time() - start)
else:
    for _ in range(count):
        arch = {edge: chance.choice(OPERATORS) for edge in EDGES}
        text = fn.json(json.dumps(arch, sort_keys=True))
        if not list(query(Config.arch == text, Config.num_epochs == 12, Config.dataset == chance.choice(DATASETS))):
            sys.exit("nothing found")
    print(count / (time.process_time() - start))
