"""Scores of torchvision's networks with random weights, and the same weights under the names of ours.

    python3 torchvision_reference.py MODEL FOLDER [MODEL FOLDER ...]

MODEL is a function of torchvision.models, such as resnet50. FOLDER holds layers.json, which the test writes from our
network: the shape of its input and, in the order of its text, every layer that has arrays:

    {"input": [3, 224, 224],
     "layers": [{"op": "conv", "name": "conv1", "arrays": [{"part": "weight", "shape": [64, 3, 7, 7]}, ...]}, ...]}

Into FOLDER go weights.safetensors (NAME.PART for all of these), images.safetensors (`images`: two random images) and
scores.safetensors (`scores`: what torchvision gives for them). Prints a line a folder; exits 1 if the layers of the two
networks do not match, one by one, in kind and in the shapes of their arrays.

The order is that in which torchvision registers its modules, except that
- a RegNet block comes before its projection, as a branch comes before its shortcut;
- the layer scale of a ConvNeXt block comes after the layers that it scales;
- class token and position embedding of a vision transformer come after the convolution that makes the patches.
A linear layer that is applied to each position is our `conv N 1x1`, whose weights have two more extents of 1.

Needs Debian's python3-torchvision.
"""

import json
import math
import os
import struct
import sys

import torch
from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlock
from torchvision.models.regnet import ResBottleneckBlock

SETTINGS = {
    "inception_v3": {"aux_logits": False, "transform_input": False, "init_weights": False},
}


def norm(module):
    return [module.weight, module.bias]


def tokens(model):
    """Both of them as channels x positions, as all that our networks compute with."""
    return [model.encoder.pos_embedding[0].t(), model.class_token[0].t()]


def heads(module):
    """Query, key and value, each its weights and its bias."""
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    return [array for pair in zip(weights, biases) for array in pair]


def pieces(module):
    """The layers with arrays in the order of our texts: what each may be called there, and its arrays."""
    if isinstance(module, nn.Conv2d):
        yield ("conv", "dwconv"), [x for x in (module.weight, module.bias) if x is not None]
    elif isinstance(module, nn.MultiheadAttention):
        yield ("attention",), heads(module)
        yield ("conv",), [module.out_proj.weight, module.out_proj.bias]
    elif isinstance(module, nn.Linear):
        yield ("dense", "conv"), [x for x in (module.weight, module.bias) if x is not None]
    elif isinstance(module, nn.BatchNorm2d):
        yield ("bn",), norm(module) + [module.running_mean, module.running_var]
    elif isinstance(module, nn.LayerNorm):
        yield ("layernorm",), norm(module)
    elif isinstance(module, ResBottleneckBlock):
        yield from pieces(module.f)
        if module.proj is not None:
            yield from pieces(module.proj)
    elif isinstance(module, CNBlock):
        yield from pieces(module.block)
        yield ("layerscale",), [module.layer_scale.flatten()]
    elif isinstance(module, models.VisionTransformer):
        yield from pieces(module.conv_proj)
        yield ("tokens",), tokens(module)
        for part in (module.encoder.layers, module.encoder.ln, module.heads):
            yield from pieces(part)
    else:
        if list(module.parameters(recurse=False)):
            raise ValueError(f"parameters of a {type(module).__name__} that this script does not know")
        for child in module.children():
            yield from pieces(child)


def without_ones(shape):
    """A shape without its last extents of 1."""
    shape = list(shape)
    while len(shape) > 1 and shape[-1] == 1:
        shape.pop()
    return shape


def match(layers, model):
    """Our keys with torchvision's numbers, or the first place where the two networks differ."""
    ours, theirs = layers, list(pieces(model))
    arrays, taken = {}, 0
    for number, (layer, (words, found)) in enumerate(zip(ours, theirs), 1):
        where = f"layer {number} with arrays, {layer['name']}"
        if layer["op"] not in words:
            raise ValueError(f"{where}: `{layer['op']}`, torchvision has {' or '.join(words)}")
        expected = [array["shape"] for array in layer["arrays"]]
        shapes = [list(tensor.shape) for tensor in found]
        if list(map(without_ones, expected)) != list(map(without_ones, shapes)):
            raise ValueError(f"{where}: arrays {expected}, torchvision has {shapes}")
        for array, tensor in zip(layer["arrays"], found):
            arrays[f"{layer['name']}.{array['part']}"] = tensor.reshape(array["shape"])
            taken += tensor.numel()
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} layers with arrays, torchvision has {len(theirs)}")
    statistics = (b for b in model.buffers() if b.is_floating_point())
    if taken != sum(x.numel() for x in (*model.parameters(), *statistics)):
        raise ValueError("torchvision's network has more arrays than its layers")
    return arrays


def randomize(model):
    """Numbers with which every layer matters: no scale near 0, no token or bias that is 0."""
    for name, tensor in model.named_parameters():
        last = name.rsplit(".", 1)[-1]
        if last == "layer_scale":
            tensor.uniform_(0.3, 1.0)
        elif last in ("class_token", "pos_embedding"):
            tensor.normal_(0.0, 0.002)
        elif last == "in_proj_weight":
            # The differences of attention have to be large enough to be seen.
            tensor.normal_(0.0, 1.4 / math.sqrt(tensor.shape[1]))
        elif tensor.dim() > 1:
            tensor.normal_(0.0, math.sqrt(2.0 / tensor[0].numel()))
        elif last == "weight":
            tensor.uniform_(0.5, 1.5)
        else:
            tensor.normal_(0.0, 0.1)

    # Small numbers in front of the first layer normalisation, so that what it adds to the variance can be seen.
    if any(isinstance(m, nn.LayerNorm) for m in model.modules()):
        first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
        first.weight.mul_(0.003)
        first.bias.mul_(0.01)


def settle(model, images):
    """Running statistics near those of the images that reach each layer, so that no signal grows or fades, and not the
    same as theirs."""

    def near(module, inputs):
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        spread = variance.sqrt()
        module.running_mean.copy_(mean + spread * torch.empty_like(mean).uniform_(-0.2, 0.2))
        module.running_var.copy_(variance * torch.empty_like(mean).uniform_(0.7, 1.4) + 0.01)

    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    hooks = [module.register_forward_pre_hook(near) for module in norms]
    if norms:
        model(images)
    for hook in hooks:
        hook.remove()


def write(path, arrays):
    """A safetensors file of float32 or float64, by the published layout."""
    header, parts, position = {}, [], 0
    for name, tensor in arrays.items():
        kind, order = ("F64", "<f8") if tensor.dtype == torch.float64 else ("F32", "<f4")
        data = tensor.detach().contiguous().numpy().astype(order, copy=False).tobytes()
        header[name] = {
            "dtype": kind,
            "shape": list(tensor.shape),
            "data_offsets": [position, position + len(data)],
        }
        position += len(data)
        parts.append(data)
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(parts)


def reference(name, folder):
    with open(os.path.join(folder, "layers.json"), encoding="utf-8") as file:
        network = json.load(file)
    torch.manual_seed(20261129)
    model = getattr(models, name)(weights=None, **SETTINGS.get(name, {})).eval()
    randomize(model)
    settle(model, torch.randn(2, *network["input"]))
    arrays = match(network["layers"], model)
    images = torch.randn(2, *network["input"])
    scores = model(images)
    if not scores.isfinite().all():
        raise ValueError("scores that are not finite")
    path = lambda part: os.path.join(folder, f"{part}.safetensors")
    write(path("weights"), arrays)
    write(path("images"), {"images": images})
    write(path("scores"), {"scores": scores})
    count = sum(x.numel() for x in model.parameters())
    largest = scores.abs().max().item()
    return f"{name}: {count} parameters, {len(network['layers'])} layers with arrays, largest score {largest:.3g}"


def main(arguments):
    if not arguments or len(arguments) % 2 != 0:
        raise SystemExit(__doc__)
    wrong = 0
    with torch.no_grad():
        for name, folder in zip(arguments[::2], arguments[1::2]):
            try:
                print(reference(name, folder), flush=True)
            except ValueError as error:
                wrong += 1
                print(f"{name}: {error}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
