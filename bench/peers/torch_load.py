#!/usr/bin/python3
"""What the original APIs begin with: the whole file as Python objects. usage: torch_load.py FILE. Prints the number of architectures."""
import sys

import torch

print(len(torch.load(sys.argv[1])["arch2infos"]))
