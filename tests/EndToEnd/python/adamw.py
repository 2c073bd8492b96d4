"""A hundred steps of PyTorch's AdamW on given gradients.

usage: adamw.py FILE
FILE is a JSON object with weights, decayed (how many of them decay), gradients (a list a step), rates, beta1, beta2, eps,
decay. Prints the weights after the last step, one a line. At double precision.
"""

import json
import sys

import torch

facts = json.load(open(sys.argv[1]))
start = torch.tensor(facts["weights"], dtype=torch.float64)
cut = facts["decayed"]
parts = [torch.nn.Parameter(start[:cut].clone()), torch.nn.Parameter(start[cut:].clone())]
optimizer = torch.optim.AdamW(
    [
        {"params": [parts[0]], "weight_decay": facts["decay"]},
        {"params": [parts[1]], "weight_decay": 0.0},
    ],
    betas=(facts["beta1"], facts["beta2"]),
    eps=facts["eps"],
)
for gradient, rate in zip(facts["gradients"], facts["rates"]):
    gradient = torch.tensor(gradient, dtype=torch.float64)
    parts[0].grad, parts[1].grad = gradient[:cut].clone(), gradient[cut:].clone()
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
for part in parts:
    for value in part.tolist():
        print(repr(value))
