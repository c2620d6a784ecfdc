#!/usr/bin/python3
"""Writes search_golden.json: numbers of other people's code that the searches are tested against.

Needs Debian's python3-statsmodels, python3-scipy and python3-torch:  tests/golden/make_search_golden.py

densities   statsmodels' KDEMultivariate (var_type "u", bandwidth "normal_reference", clipped below as HpBandSter does it)
policies    torch's softmax, log-probabilities and Adam, led through fixed choices and rewards
"""
import json
import os
import warnings

import numpy as np
import statsmodels.api as sm
import torch

rng = np.random.RandomState(2026)


def plain(values):
    """Nested lists in which infinities are words, since JSON has none."""
    if isinstance(values, (list, tuple)) or np.ndim(values) > 0:
        return [plain(v) for v in values]
    value = float(values)
    return value if np.isfinite(value) else repr(value)


def density(rows, least_bandwidth, points):
    rows = np.asarray(rows)
    kde = sm.nonparametric.KDEMultivariate(data=rows, var_type="u" * rows.shape[1], bw="normal_reference")
    unclipped = kde.bw.copy()
    kde.bw = np.clip(kde.bw, least_bandwidth, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions by zero where a column has one value only
        values = [kde.pdf(np.asarray(point)) for point in points]
    return {
        "rows": rows.tolist(),
        "least_bandwidth": least_bandwidth,
        "unclipped": plain(unclipped),
        "bandwidth": plain(kde.bw),
        "points": np.asarray(points).tolist(),
        "density": plain(values),
    }


def densities():
    cases = []
    for rows, columns, choices, least in [(7, 6, 5, 0.3), (12, 6, 5, 0.3), (73, 6, 5, 0.3), (14, 5, 8, 0.3), (9, 3, 2, 0.001)]:
        data = rng.randint(0, choices, (rows, columns))
        cases.append(density(data, least, rng.randint(0, choices, (20, columns)).tolist() + data[:3].tolist()))
    narrow = rng.randint(0, 5, (8, 6))
    narrow[:, 2] = 3  # one value only: infinite elsewhere
    narrow[:, 4] = np.where(np.arange(8) < 4, 0, 4)  # bandwidth above 1: negative for equal values
    points = rng.randint(0, 5, (24, 6))
    points[:8, 2] = 3
    cases.append(density(narrow, 0.3, points))
    return cases


def policy(learning_rate, steps):
    """REINFORCE on a 6 x 5 table with a moving average as the baseline."""
    start = 1e-3 * rng.randn(6, 5)
    theta = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    adam = torch.optim.Adam([theta], lr=learning_rate, betas=(0.9, 0.999), eps=1e-8)
    numerator = denominator = 0.0
    picked, rewards, after = [], [], []
    for _ in range(steps):
        action = torch.tensor(rng.randint(0, 5, 6))
        reward = float(rng.uniform(10, 85))
        numerator, denominator = 0.9 * numerator + 0.1 * reward, 0.9 * denominator + 0.1
        chance = torch.distributions.Categorical(torch.softmax(theta, dim=-1))
        loss = (-chance.log_prob(action) * (reward - numerator / denominator)).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        picked.append(action.tolist())
        rewards.append(reward)
        after.append(theta.detach().flatten().tolist())
    return {"learning_rate": learning_rate, "start": start.flatten().tolist(), "picked": picked, "rewards": rewards, "after": after}


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "search_golden.json")
    golden = {"densities": densities(), "policies": [policy(0.5, 25), policy(0.01, 25)]}
    with open(path, "w") as file:
        json.dump(golden, file, indent=None, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
