"""Rebuilds networks in PyTorch from safetensors files that sss wrote, and compares their scores.

    python3 load_safetensors.py FOLDER...

Each folder holds layers.json, network.safetensors, images.safetensors (one array, `images`) and
scores.safetensors (one array, `scores`: what sss got for the images).

layers.json lists the network's nodes in order (the test writes it from the network itself):
  {"op": "conv", "name": ..., "stride": [h, w], "pad": [h, w], "dilation": [h, w], "groups": n}
  {"op": "bn", "name": ..., "eps": e}   {"op": "dense", "name": ...}   {"op": "relu"}, other activations
  {"op": "maxpool" | "avgpool", "kernel": [h, w], "stride": [h, w], "pad": [h, w], "ceil": bool}
  {"op": "globalmax" | "globalavg"}   {"op": "flatten"}   {"op": "dropout"}
  {"op": "residual", "name": ..., "branch": [...], "shortcut": [...], "scaled": bool}
  {"op": "concat", "branches": [[...], ...]}   {"op": "split", "parts": [n, ...], "branches": [[...], ...]}
  {"op": "gate", "body": [...]}   {"op": "reorder", "order": [...]}   {"op": "attention", "name": ..., "heads": n}
  {"op": "tokens", "name": ..., "class": bool}   {"op": "pick"}
A layer with "scaled" true is multiplied by the array NAME.factor. Prints the largest
difference relative to the largest score a folder; exits 1 beyond 1e-4. Needs Debian's python3-torch.
The safetensors files are read by the published layout, without the library of that name.
"""

import json
import os
import struct
import sys

import numpy
import torch
import torch.nn.functional as F

TYPES = {"F32": numpy.dtype("<f4"), "F64": numpy.dtype("<f8"), "F16": numpy.dtype("<f2")}


def read(path):
    """Arrays by name and the metadata; every rule of the layout is checked."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<Q", data)
    if length % 8 != 0 or length > 100_000_000:
        raise ValueError(f"{path}: header of {length} bytes")
    header = json.loads(data[8 : 8 + length].decode("utf-8"))
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError(f"{path}: metadata are not strings")
    values = memoryview(data)[8 + length :]
    arrays, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, finish = entry["data_offsets"]
        kind = TYPES[entry["dtype"]]
        if start != end or start % kind.itemsize != 0:
            raise ValueError(f"{path}: {name} starts at {start}, not {end}, or is not aligned")
        arrays[name] = numpy.frombuffer(values[start:finish], kind).reshape(entry["shape"])
        end = finish
    if end != len(values):
        raise ValueError(f"{path}: {len(values) - end} bytes left over")
    return arrays, metadata


def per_channel(values, x):
    """Factors repeated over the channels that each stands for, shaped to multiply x."""
    each = x.shape[1] // len(values)
    return values.repeat_interleave(each).reshape([1, -1] + [1] * (x.dim() - 2))


def spatial(x):
    return x if x.dim() == 4 else x[:, :, None, None]


def turned(weight, groups):
    """out x in/groups as in x out/groups, the order of PyTorch's transposed convolution."""
    outs, ins = weight.shape[:2]
    apart = weight.reshape(groups, outs // groups, ins, *weight.shape[2:])
    return apart.transpose(1, 2).reshape(groups * ins, outs // groups, *weight.shape[2:])


def padded(x, pad, value):
    """The image, and the padding that is left for a layer that pads opposite sides alike."""
    top, left, bottom, right = pad
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def starts(size, kernel, stride, before, after, ceil):
    """Where windows start on one axis, from -before on."""
    room = size + before + after - kernel
    count = (room + stride - 1 if ceil else room) // stride + 1
    if ceil and (count - 1) * stride >= size + before:
        count -= 1
    return [i * stride - before for i in range(count)]


def pool(node, x):
    """Window by window, as PyTorch defines it, for padding that it has no words for."""
    (kh, kw), (sh, sw), (top, left, bottom, right) = node["kernel"], node["stride"], node["pad"]
    if top == bottom and left == right:
        sizes = node["kernel"], node["stride"], (top, left)
        if node["op"] == "maxpool":
            return F.max_pool2d(x, *sizes, ceil_mode=node["ceil"])
        return F.avg_pool2d(x, *sizes, ceil_mode=node["ceil"], count_include_pad=node["countpad"])
    height, width = x.shape[2:]
    rows = []
    for y in starts(height, kh, sh, top, bottom, node["ceil"]):
        row = []
        for z in starts(width, kw, sw, left, right, node["ceil"]):
            seen = x[:, :, max(y, 0) : y + kh, max(z, 0) : z + kw]
            if node["op"] == "maxpool":
                row.append(seen.amax((2, 3)))
            elif node["countpad"]:
                area = (min(y + kh, height + bottom) - y) * (min(z + kw, width + right) - z)
                row.append(seen.sum((2, 3)) / area)
            else:
                row.append(seen.mean((2, 3)))
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "gelu": F.gelu,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "mish": F.mish,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def layer(node, arrays, x):
    op, name = node["op"], node.get("name")
    get = lambda part: arrays.get(f"{name}.{part}")
    if op == "conv":
        x, pad = padded(spatial(x), node["pad"], 0.0)
        settings = node["stride"], pad, node["dilation"], node["groups"]
        return F.conv2d(x, get("weight"), get("bias"), *settings)
    if op == "deconv":
        return F.conv_transpose2d(
            spatial(x), turned(get("weight"), node["groups"]), get("bias"), node["stride"], node["pad"],
            node["outpad"], node["groups"],
        )
    if op == "lrn":
        return F.local_response_norm(spatial(x), node["size"], node["alpha"], node["beta"], node["k"])
    if op == "upsample":
        if node["bilinear"]:
            return F.interpolate(spatial(x), scale_factor=node["factor"], mode="bilinear")
        n = node["factor"]
        return spatial(x).repeat_interleave(n, 2).repeat_interleave(n, 3)
    if op == "dense":
        return F.linear(x.flatten(1), get("weight"), get("bias"))
    if op == "groupnorm":
        return F.group_norm(spatial(x), node["groups"], get("weight"), get("bias"), node["eps"])
    if op == "layernorm":
        last = spatial(x).permute(0, 2, 3, 1)
        y = F.layer_norm(last, last.shape[-1:], get("weight"), get("bias"), node["eps"])
        return y.permute(0, 3, 1, 2)
    if op == "bn":
        return F.batch_norm(x, get("mean"), get("var"), get("weight"), get("bias"), eps=node["eps"])
    if op in ACTIVATIONS:
        return ACTIVATIONS[op](x)
    if op == "leakyrelu":
        return F.leaky_relu(x, node["slope"])
    if op == "elu":
        return F.elu(x, node["alpha"])
    if op == "prelu":
        return F.prelu(x, get("weight"))
    if op == "layerscale":
        return x * per_channel(get("weight"), x)
    if op in ("maxpool", "avgpool"):
        return pool(node, spatial(x))
    if op == "globalmax":
        return spatial(x).amax((2, 3))
    if op == "globalavg":
        return spatial(x).mean((2, 3))
    if op == "flatten":
        return x.flatten(1)
    if op == "dropout":
        return x
    if op == "reorder":
        return x[:, node["order"]]
    if op == "pick":
        return spatial(x)[:, :, :1, :1]
    if op == "tokens":
        rows = spatial(x).flatten(2)
        if node["class"]:
            rows = torch.cat([get("token").reshape(1, -1, 1).expand(len(x), -1, 1), rows], 2)
        return (rows + get("position")).unsqueeze(3)
    if op == "attention":
        rows = spatial(x).flatten(2).transpose(1, 2)
        q, k, v = (
            F.linear(rows, get(weight), get(bias)).unflatten(2, (node["heads"], -1)).transpose(1, 2)
            for weight, bias in (("query", "query_bias"), ("key", "key_bias"), ("weight", "bias"))
        )
        shares = (q @ k.transpose(2, 3) / q.shape[-1] ** 0.5).softmax(-1)
        mixed = (shares @ v).transpose(1, 2).flatten(2).transpose(1, 2)
        return mixed.unflatten(2, spatial(x).shape[2:])
    raise ValueError(f"unknown layer {op}")


def run(nodes, arrays, x):
    for node in nodes:
        if node["op"] == "residual":
            branch = spatial(run(node["branch"], arrays, x))
            if node.get("scaled"):
                branch = branch * arrays[f"{node['name']}.factor"]
            x = branch + spatial(run(node["shortcut"], arrays, x))
        elif node["op"] == "gate":
            x = spatial(x) * spatial(run(node["body"], arrays, x))
        elif node["op"] == "split":
            parts = zip(node["branches"], x.split(node["parts"], 1))
            x = torch.cat([spatial(run(branch, arrays, part)) for branch, part in parts], 1)
        elif node["op"] == "concat":
            x = torch.cat([spatial(run(branch, arrays, x)) for branch in node["branches"]], 1)
        else:
            x = layer(node, arrays, x)
            if node.get("scaled"):
                x = x * per_channel(arrays[f"{node['name']}.factor"], x)
    return x


def compare(folder):
    arrays, metadata = read(os.path.join(folder, "network.safetensors"))
    if "sss.network" not in metadata:
        raise ValueError(f"{folder}: no network text in the metadata")
    with open(os.path.join(folder, "layers.json"), encoding="utf-8") as file:
        nodes = json.load(file)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    load = lambda name: torch.from_numpy(
        read(os.path.join(folder, f"{name}.safetensors"))[0][name].copy()
    )
    x, expected = load("images"), load("scores")
    with torch.no_grad():
        found = run(nodes, tensors, x).flatten(1)
    scale = max(expected.abs().max().item(), 1e-3)
    difference = (found - expected).abs().max().item() / scale
    print(f"{folder}: relative difference {difference:.3g} over {len(x)} images")
    return difference <= 1e-4


def main(folders):
    results = [compare(folder) for folder in folders]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
