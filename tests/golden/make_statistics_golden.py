#!/usr/bin/python3
"""Writes statistics_golden.json: numbers of other people's code that <nasbench/statistics.h> is tested against.

Needs Debian's python3-scipy and python3-statsmodels:  tests/golden/make_statistics_golden.py

correlations   scipy.stats.kendalltau (tau-b), spearmanr, pearsonr, with ties and without
mann_whitney   scipy.stats.mannwhitneyu, two-sided: "exact" without ties up to 50, else "asymptotic" with continuity correction
signed_rank    scipy.stats.wilcoxon, two-sided, zero_method "wilcox", on whole numbers; likewise
quantiles      numpy.quantile
holm           statsmodels' multipletests(method="holm")
"""
import json
import os
import warnings

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = np.random.RandomState(2026)


def samples(count, kind, shift=0.0):
    """Numbers with many ties, with few, or with none."""
    if kind == "ties":
        return (rng.randint(0, 5, count) + round(shift)).tolist()
    if kind == "few":
        return np.round(rng.normal(shift, 1, count), 1).tolist()
    return np.round(rng.normal(shift, 1, count), 9).tolist()


def correlations():
    cases = []
    for count, kind in [(2, "none"), (3, "none"), (8, "ties"), (30, "few"), (30, "none"), (101, "ties"), (200, "few")]:
        x = np.array(samples(count, kind))
        y = np.round(0.6 * x + np.array(samples(count, kind)), 9)
        cases.append(
            {
                "x": x.tolist(),
                "y": y.tolist(),
                "kendall": stats.kendalltau(x, y)[0],
                "spearman": stats.spearmanr(x, y)[0],
                "pearson": stats.pearsonr(x, y)[0],
            }
        )
    return cases


def mann_whitney():
    cases = []
    for m, n, kind, shift in [
        (1, 1, "none", 0), (3, 4, "none", 1), (8, 8, "none", 0.5), (5, 20, "none", 0), (50, 50, "none", 0.4), (50, 7, "none", 3),
        (51, 50, "none", 0.4), (6, 9, "ties", 1), (40, 30, "ties", 0), (100, 120, "few", 0.3), (200, 200, "none", 0.1),
    ]:
        x, y = samples(m, kind, shift), samples(n, kind)
        exact = kind == "none" and max(m, n) <= 50
        u, p = stats.mannwhitneyu(x, y, alternative="two-sided", method="exact" if exact else "asymptotic")
        cases.append({"x": x, "y": y, "statistic": u, "p": p, "exact": bool(exact)})
    return cases


def signed_rank():
    cases = []
    for count, kind in [(1, "none"), (5, "none"), (12, "none"), (50, "none"), (51, "none"), (10, "ties"), (60, "ties"), (30, "zeros")]:
        if kind == "none":  # differences are distinct whole numbers other than 0
            difference = rng.permutation(np.arange(1, 4 * count))[:count] * np.where(rng.rand(count) < 0.35, -1, 1)
        elif kind == "ties":
            difference = rng.randint(1, 6, count) * np.where(rng.rand(count) < 0.35, -1, 1)
        else:
            difference = rng.randint(-3, 6, count)
        y = rng.randint(0, 1000, count)
        x = y + difference
        left = difference[difference != 0]
        exact = len(left) == count <= 50 and len(set(abs(left))) == count
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # small samples
            smaller, p = stats.wilcoxon(x, y, correction=not exact, mode="exact" if exact else "approx")
        positive = stats.rankdata(abs(left))[left > 0].sum()
        assert smaller == min(positive, len(left) * (len(left) + 1) / 2 - positive)
        cases.append({"x": x.tolist(), "y": y.tolist(), "statistic": positive, "p": p, "exact": bool(exact)})
    return cases


def quantiles():
    cases = []
    for count in [1, 2, 5, 24]:
        values = sorted(samples(count, "none"))
        at = [0, 0.1, 0.25, 0.5, 0.75, 0.99, 1]
        cases.append({"values": values, "at": at, "quantiles": [float(np.quantile(values, p)) for p in at]})
    return cases


def holm():
    cases = []
    for p in [[0.04], [0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.0001, 1.0, 0.5, 0.04], rng.rand(15).round(6).tolist()]:
        cases.append({"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()})
    return cases


def main():
    golden = {
        "correlations": correlations(),
        "mann_whitney": mann_whitney(),
        "signed_rank": signed_rank(),
        "quantiles": quantiles(),
        "holm": holm(),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "statistics_golden.json")
    with open(path, "w") as out:
        json.dump(golden, out, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    main()
