"""Gradients of torchvision's networks with random weights, under the names of ours.

    python3 torchvision_gradients.py MODEL FOLDER

FOLDER holds layers.json, as torchvision_reference.py has it. Into FOLDER go weights.safetensors (NAME.PART for every array,
float32), images.safetensors (`images`: four random images, float32) and gradients.safetensors (NAME.PART: what
backpropagation gives for the mean cross-entropy of these images, whose classes are 0, 1, 2 and 3, float64). The network is
in training mode but for what is random: no dropout, and no block is left out. Running statistics have no gradient; what
stands under their names is not to be read. Prints a line; exits 1 if the layers of the two networks do not match.

Needs Debian's python3-torchvision.
"""

import json
import os
import sys

import torch
from torch import nn
from torchvision import models
from torchvision.ops import StochasticDepth

import torchvision_reference as reference


def made(name, size):
    """A network of torchvision; a vision transformer has as many positions as its images have patches."""
    settings = dict(reference.SETTINGS.get(name, {}))
    if name.startswith("vit"):
        settings["image_size"] = size
    return getattr(models, name)(weights=None, **settings).eval()


def gradients(name, folder):
    with open(os.path.join(folder, "layers.json"), encoding="utf-8") as file:
        network = json.load(file)
    path = lambda part: os.path.join(folder, f"{part}.safetensors")
    torch.manual_seed(20261130)
    model = made(name, network["input"][1])
    with torch.no_grad():
        reference.randomize(model)
        reference.settle(model, torch.randn(2, *network["input"]))
        reference.write(path("weights"), reference.match(network["layers"], model))
    images = torch.randn(4, *network["input"])
    reference.write(path("images"), {"images": images})

    model = model.double().train()
    for module in model.modules():
        if isinstance(module, (nn.Dropout, StochasticDepth)):
            module.eval()
    loss = nn.functional.cross_entropy(model(images.double()), torch.arange(4))
    loss.backward()
    for parameter in model.parameters():
        parameter.data = parameter.grad
    reference.write(path("gradients"), reference.match(network["layers"], model))
    return f"{name}: loss {loss.item():.6g}"


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    try:
        print(gradients(*arguments))
    except ValueError as error:
        print(f"{arguments[0]}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
