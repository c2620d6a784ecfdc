#!/usr/bin/python3
"""Searches NAS-Bench-201 as its authors did and puts what is found beside what they report.

usage: bench/search_table.py SOURCE [--nasbench PROGRAM] [--runs N] [--seed SEED] [--noise POINTS] [--keep TABLE] [--write]

SOURCE is a table, or a CSV file with the columns c10_valid_12 (12-epoch validation accuracy on cifar10-valid) and c10_test_200,
c100_test_200, in16_test_200 (test accuracies after 200 epochs), from which a table is made. Random search, R-EA, REINFORCE and BOHB are
run 500 times with 12,000 simulated seconds each. --noise makes up two trials for every feedback of the CSV, whose mean it stays and which
differ from it by normal deviates of that many points; --keep keeps the table that was made of a CSV. --write puts the Markdown into docs/searches.md between its marks.
"""
import argparse
import csv
import json
import os
import random
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs", "searches.md")
BEGIN, END = "<!-- search-table -->", "<!-- end search-table -->"

COLUMNS = {
    "c10_valid_12": "cifar10-valid/12/x-valid/accuracy",
    "c10_test_200": "cifar10/200/ori-test/accuracy",
    "c100_test_200": "cifar100/200/x-test/accuracy",
    "in16_test_200": "ImageNet16-120/200/x-test/accuracy",
}
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "ImageNet16-120": "ImageNet16-120"}

# Test accuracy, mean and standard deviation of 500 runs: Dong and Yang, ICLR 2020, the main table.
PAPER = {
    "rea": ("R-EA", (93.92, 0.30), (71.84, 0.99), (45.54, 1.03)),
    "random": ("random", (93.70, 0.36), (71.04, 1.07), (44.57, 1.25)),
    "reinforce": ("REINFORCE", (93.85, 0.37), (71.71, 1.09), (45.24, 1.18)),
    "bohb": ("BOHB", (93.61, 0.52), (70.85, 1.28), (44.42, 1.49)),
}


def with_made_up_trials(source, noise, folder):
    """a CSV file with two feedbacks for each architecture, and its columns as nasbench import names them"""
    made = os.path.join(folder, "made-up.csv")
    feedback, rest = "c10_valid_12", [head for head in COLUMNS if head != "c10_valid_12"]
    rng = random.Random(1)
    with open(source, newline="") as file, open(made, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["index", *rest, "first", "second"])
        for row in csv.DictReader(file):
            deviate = rng.gauss(0, noise)
            pair_of_trials = [f"{float(row[feedback]) + sign * deviate:.4f}" for sign in (1, -1)]
            writer.writerow([row["index"], *(row[head] for head in rest), *pair_of_trials])
    columns = {head: COLUMNS[head] for head in rest}
    return made, {**columns, "first": COLUMNS[feedback] + "#777", "second": COLUMNS[feedback] + "#111"}


def make_table(options, folder):
    """the table itself, or one made of the CSV file"""
    source, columns = options.source, COLUMNS
    if not source.endswith(".csv"):
        return source
    table = options.keep or os.path.join(folder, "table.safetensors")
    if options.noise > 0:
        source, columns = with_made_up_trials(source, options.noise, folder)
    words = [word for head, target in columns.items() for word in ("--column", f"{head}={target}")]
    subprocess.run([options.nasbench, "import", source, "-o", table, *words], check=True, stdout=subprocess.DEVNULL)
    return table


def search(algorithm, table, options):
    """the summary of one experiment"""
    command = [options.nasbench, "search", algorithm, "--table", table, "--dataset", "cifar10", "--budget", "12000"]
    command += ["--runs", str(options.runs), "--seed", str(options.seed), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pair(mean, std):
    return f"{mean:.2f} ± {std:.2f}"


def row(algorithm, summary):
    title, *paper = PAPER[algorithm]
    cells = [title, f"{summary['evaluations']:.1f}"]
    for dataset, (mean, std) in zip(DATASETS, paper):
        found = summary["results"][dataset]["test"]
        cells += [pair(found["mean"], found["std"]), pair(mean, std)]
    return "| " + " | ".join(cells) + " |"


def markdown(table, options):
    heads = ["method", "evaluations"]
    for title in DATASETS.values():
        heads += [title, "paper"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    lines += [row(algorithm, search(algorithm, table, options)) for algorithm in PAPER]
    return "\n".join(lines)


def write(text):
    with open(DOCUMENT, encoding="utf-8") as file:
        whole = file.read()
    start, end = whole.index(BEGIN) + len(BEGIN), whole.index(END)
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(whole[:start] + "\n" + text + "\n" + whole[end:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--nasbench", default=os.path.join(ROOT, "build", "nasbench"))
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0)
    parser.add_argument("--keep")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = markdown(make_table(options, folder), options)
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
