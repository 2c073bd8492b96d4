"""Sss against PyTorch on this machine: the same numbers, and how fast.

    python3 check.py --app DIR --torch TORCH/lib --device cuda --out DIR [--quick]

Every network of the zoo runs forward (evaluation and training) and backward in both on the same weights and images,
in float32 without TF32. Then ResNet-20 and ResNet-50 train in both, one process after the other. At the end one run on
digits. Prints a table, and writes it as check.json. Exit 1 when a number is out of its tolerance.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import torch
from torch.nn import functional as F

import torch_steps

# Largest |a - b| of an array over its largest |a|: sums in another order, deep networks, float32. A gradient passes
# through every layer twice, and the small ones are differences of large numbers.
SCORES, GRADIENTS = 1e-3, 2e-2

ZOO = (
    "resnet20-cifar resnext20-cifar vgg16-cifar resnet164-cifar resnext164-cifar"
    " resnet50 resnet50-preact resnext50 vgg16 peleenet"
).split()


def safetensors(path):
    """The arrays and the metadata of a .safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    kinds = {"F32": np.float32, "F64": np.float64}
    arrays = {}
    for key, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[start:end], kinds[entry["dtype"]])
        arrays[key] = values.reshape(entry["shape"]).copy()
    return arrays, metadata


def padded(x, pad):
    """The image, and the padding that is left for a layer that pads opposite sides alike."""
    top, left, bottom, right = pad
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom)), (0, 0)


def even(pad):
    """Padding of a pool, for which PyTorch has one number for opposite sides."""
    top, left, bottom, right = pad
    if top != bottom or left != right:
        raise ValueError(f"a pool with padding {pad}")
    return top, left


class Network:
    """The nodes of a plan as operations of PyTorch."""

    def __init__(self, plan, arrays, device):
        self.plan = plan
        own = {key: value for key, value in arrays.items() if not key.startswith("@")}
        self.values = {key: torch.tensor(value, device=device) for key, value in own.items()}
        for key, value in self.values.items():
            value.requires_grad_(not key.endswith((".mean", ".var")))

    def factor(self, node, y):
        if not node.get("factors"):
            return y
        factor = self.values[node["name"] + ".factor"]
        return y * factor.repeat_interleave(y.shape[1] // len(factor)).reshape(1, -1, 1, 1)

    def layer(self, node, x, training):
        op, name = node["op"], node.get("name")
        get = lambda key: self.values[f"{name}.{key}"]
        bias = get("bias") if node.get("bias") else None
        if op == "conv":
            x, pad = padded(x, node["pad"])
            return F.conv2d(
                x, get("weight"), bias, node["stride"], pad, node["dilation"], node["groups"]
            )
        if op == "deconv":
            weight, groups = get("weight"), node["groups"]
            outs, ins = weight.shape[:2]
            weight = weight.reshape(groups, outs // groups, ins, *weight.shape[2:]).transpose(1, 2)
            weight = weight.reshape(groups * ins, outs // groups, *weight.shape[3:])
            return F.conv_transpose2d(x, weight, bias, node["stride"], node["pad"], node["outpad"], groups)
        if op == "lrn":
            return F.local_response_norm(x, node["size"], node["alpha"], node["beta"], node["k"])
        if op == "upsample" and node["bilinear"]:
            return F.interpolate(x, scale_factor=node["factor"], mode="bilinear")
        if op == "upsample":
            return x.repeat_interleave(node["factor"], 2).repeat_interleave(node["factor"], 3)
        if op == "dense":
            return F.linear(x.flatten(1), get("weight"), bias)[:, :, None, None]
        if op == "groupnorm":
            return F.group_norm(x, node["groups"], get("weight"), get("bias"), node["eps"])
        if op == "layernorm":
            last = x.permute(0, 2, 3, 1)
            y = F.layer_norm(last, last.shape[-1:], get("weight"), get("bias"), node["eps"])
            return y.permute(0, 3, 1, 2)
        if op == "bn":
            return F.batch_norm(
                x, get("mean").clone(), get("var").clone(), get("weight"), get("bias"),
                training, node["momentum"], node["eps"],
            )
        if op == "pool" and node["kind"] == "max":
            return F.max_pool2d(x, node["kernel"], node["stride"], even(node["pad"]), 1, node["ceil"])
        if op == "pool":
            pad = even(node["pad"])
            return F.avg_pool2d(x, node["kernel"], node["stride"], pad, node["ceil"], node["countpad"])
        if op == "global":
            return x.amax((2, 3), True) if node["kind"] == "max" else x.mean((2, 3), True)
        if op == "leaky":
            return F.leaky_relu(x, node["slope"])
        if op == "elu":
            return F.elu(x, node["alpha"])
        if op == "prelu":
            return F.prelu(x, get("weight"))
        if op == "layerscale":
            return x * get("weight").reshape(1, -1, 1, 1)
        if op == "flatten":
            return x.flatten(1)[:, :, None, None]
        if op == "dropout":
            return x
        if op == "reorder":
            return x[:, node["order"]]
        if op == "pick":
            return x[:, :, :1, :1]
        if op == "tokens":
            rows = x.flatten(2)
            if node["class"]:
                rows = torch.cat([get("token").reshape(1, -1, 1).expand(len(x), -1, 1), rows], 2)
            return (rows + get("position")).unsqueeze(3)
        if op == "attention":
            rows = x.flatten(2).transpose(1, 2)
            parts = (("query", "query_bias"), ("key", "key_bias"), ("weight", "bias"))
            q, k, v = (
                F.linear(rows, get(w), get(b)).unflatten(2, (node["heads"], -1)).transpose(1, 2)
                for w, b in parts
            )
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2).transpose(1, 2)
            return mixed.unflatten(2, x.shape[2:])
        return {
            "relu": F.relu, "relu6": F.relu6, "silu": F.silu, "gelu": F.gelu, "hardswish": F.hardswish,
            "hardsigmoid": F.hardsigmoid, "mish": F.mish, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
        }[op](x)

    def body(self, nodes, x, training):
        for node in nodes:
            if node["op"] == "residual":
                branch = self.factor(node, self.body(node["branch"], x, training))
                x = branch + self.body(node["shortcut"], x, training)
            elif node["op"] == "gate":
                x = x * self.body(node["body"], x, training)
            elif node["op"] == "split":
                parts = zip(node["branches"], x.split(node["parts"], 1))
                x = torch.cat([self.body(b, part, training) for b, part in parts], 1)
            elif node["op"] == "concat":
                x = torch.cat([self.body(b, x, training) for b in node["branches"]], 1)
            else:
                x = self.factor(node, self.layer(node, x, training))
        return x

    def __call__(self, x, training):
        return self.body(self.plan, x, training).flatten(1)


def apart(expected, found):
    """max |a - b| / max |a|; not a number counts as far apart."""
    expected, found = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    size = np.abs(expected).max()
    difference = np.abs(expected - found).max()
    return float(difference / size) if size > 0 else float(difference)


class Sampler:
    """The most memory that the GPU had in use while something ran, less what it had before, in MiB."""

    def __init__(self, device):
        self.is_gpu = device.startswith("cuda")
        self.index = device.partition(":")[2] or "0"
        self.most = 0

    def used(self):
        said = subprocess.run(
            ["nvidia-smi", "-i", self.index, "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
            capture_output=True, text=True,
        ).stdout.split()
        return int(said[0]) if said and said[0].isdigit() else 0

    def __enter__(self):
        if self.is_gpu:
            self.before, self.ended = self.used(), threading.Event()
            self.thread = threading.Thread(target=self.watch)
            self.thread.start()
        return self

    def watch(self):
        while not self.ended.wait(0.1):
            self.most = max(self.most, self.used() - self.before)

    def __exit__(self, *_):
        if self.is_gpu:
            self.ended.set()
            self.thread.join()


class Product:
    """The programs of the pack."""

    def __init__(self, app, lib):
        self.app = app
        self.environment = dict(os.environ)
        if lib:
            self.environment["SSS_LIBTORCH"] = lib

    def run(self, program, *words):
        ended = subprocess.run(
            [os.path.join(self.app, program), *map(str, words)],
            capture_output=True, text=True, env=self.environment,
        )
        if ended.returncode != 0:
            sys.exit(f"{program} {' '.join(map(str, words))} ended with {ended.returncode}:\n{ended.stderr}")
        return ended.stdout


def compare(product, name, options):
    """One network of the zoo, forward and backward."""
    file = os.path.join(options.out, f"{name}.safetensors")
    batch = 2 if options.quick else 8
    path = os.path.join(options.examples, "zoo", f"{name}.sss")
    product.run("gpu-numbers", "numbers", path, batch, file, options.device, "float32", options.threads)
    arrays, metadata = safetensors(file)
    os.remove(file)
    network = Network(json.loads(metadata["plan"]), arrays, options.device)
    images = torch.tensor(arrays["@images"], device=options.device)
    labels = torch.tensor(arrays["@labels"], device=options.device).long()
    with torch.no_grad():
        evaluated = network(images, False)
    scores = network(images, True)
    loss = F.cross_entropy(scores, labels)
    loss.backward()
    gradients = [
        (apart(value.grad.cpu(), arrays["@grad/" + key]), key)
        for key, value in network.values.items()
        if value.grad is not None
    ]
    missing = [key for key, value in network.values.items() if value.requires_grad and value.grad is None]
    # All gradients together: an array whose gradient is only rounding says nothing alone.
    known = [key for key, value in network.values.items() if value.grad is not None]
    both = [
        np.concatenate([get(key).ravel().astype(np.float64) for key in known])
        for get in (lambda key: network.values[key].grad.cpu().numpy(), lambda key: arrays["@grad/" + key])
    ]
    together = float(np.linalg.norm(both[0] - both[1]) / np.linalg.norm(both[0]))
    row = {
        "network": name,
        "evaluation": apart(evaluated.cpu(), arrays["@evaluated"]),
        "training": apart(scores.detach().cpu(), arrays["@scores"]),
        "loss": apart([loss.item()], arrays["@loss"]),
        "gradient": together,
        "worst": max(gradients)[0],
        "worstKey": max(gradients)[1],
    }
    row["ok"] = (
        not missing
        and max(row["evaluation"], row["training"], row["loss"]) <= SCORES
        and row["gradient"] <= GRADIENTS
    )
    return row


def torch_speed(name, batch, warm, steps, device, precision, channels_last):
    """Training steps of PyTorch, eager, in a process of its own."""
    said = subprocess.run(
        [sys.executable, __file__, "--torch-speed", name, str(batch), str(warm), str(steps), device, precision,
         str(int(channels_last)), str(torch.get_num_threads())],
        capture_output=True, text=True,
    )
    if said.returncode != 0:
        sys.exit(said.stderr)
    return json.loads(said.stdout)


def torch_steps_timed(name, batch, warm, steps, device, precision, channels_last, threads):
    """The other end of `torch_speed`."""
    batch, warm, steps = int(batch), int(warm), int(steps)
    torch.set_num_threads(int(threads))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    is_gpu = device.startswith("cuda")
    side, classes = (224, 1000) if name == "resnet50" else (32, 10)
    network = getattr(torch_steps, "resnet50" if name == "resnet50" else "resnet20")(3, classes).to(device)
    form = torch.channels_last if int(channels_last) else torch.contiguous_format
    network = network.to(memory_format=form).train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True
    )
    data = []
    for seed in range(4):
        torch.manual_seed(seed)
        images, labels = torch.randn(batch, 3, side, side), torch.randint(classes, (batch,))
        data.append((images.pin_memory(), labels.pin_memory()) if is_gpu else (images, labels))

    def step(i):
        images, labels = (value.to(device, non_blocking=True) for value in data[i % len(data)])
        images = images.to(memory_format=form)
        optimizer.zero_grad()
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=precision == "bf16"):
            loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    for i in range(warm):
        step(i)
    start = time.perf_counter()
    for i in range(steps):
        step(warm + i)
    seconds = time.perf_counter() - start
    print(json.dumps({"imagesPerSecond": batch * steps / seconds, "peakMiB": torch_steps.peak()}))


def race(product, name, options):
    """Training of one network in both, in turn; the best of the rounds of each."""
    is_gpu = options.device.startswith("cuda")
    file = os.path.join(options.examples, "zoo", "resnet50.sss" if name == "resnet50" else "resnet20-cifar.sss")
    if is_gpu:
        batch, warm, steps = (64, 10, 40) if name == "resnet50" else (128, 30, 200)
    else:
        batch, warm, steps = (4, 1, 2) if name == "resnet50" else (64, 2, 10)
    if options.quick and name == "resnet50":
        batch, warm, steps = batch // 2, 1, 1
    rounds = 1 if options.quick else 3
    precisions = ["float32", "bf16"] if is_gpu else ["float32"]
    rows = []
    for precision in precisions:
        contenders = {
            "sss": lambda: json.loads(product.run(
                "gpu-numbers", "speed", file, batch, warm, steps, options.device, precision, options.threads)),
            "pytorch": lambda: torch_speed(name, batch, warm, steps, options.device, precision, False),
            "pytorch, channels last": lambda: torch_speed(
                name, batch, warm, steps, options.device, precision, True),
        }
        best = {}
        for _ in range(rounds):
            for who, work in contenders.items():
                with Sampler(options.device) as sampler:
                    said = work()
                memory = sampler.most if is_gpu else said["peakMiB"]
                speed, most = best.get(who, (0.0, 0))
                best[who] = max(speed, said["imagesPerSecond"]), max(most, memory)
        for who, (speed, memory) in best.items():
            rows.append({
                "network": name, "batch": batch, "precision": precision, "who": who,
                "imagesPerSecond": round(speed, 1), "memoryMiB": round(memory),
            })
    return rows


def digits(product, options):
    """The main job, whole."""
    out = os.path.join(options.out, "digits")
    words = ["train", os.path.join(options.examples, "digits.sss"), "--data", "digits", "--out", out]
    words += ["--device", options.device, "--restart", "--quiet", "--json", "--no-report"]
    words += ["--epochs", "3"] if options.quick else []
    words += ["--threads", options.threads]
    return json.loads(product.run("sss", *words))


def main():
    if sys.argv[1:2] == ["--torch-speed"]:
        return torch_steps_timed(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", required=True, help="the folder of the programs")
    parser.add_argument("--examples", required=True, help="the folder of the networks")
    parser.add_argument("--torch", help="the LibTorch for Sss: its lib folder; without it Sss looks itself")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:INDEX or cpu")
    parser.add_argument("--out", required=True, help="a folder for results")
    parser.add_argument("--threads", default=2, type=int, help="threads of both")
    parser.add_argument("--only", help="networks of the zoo, with commas between them")
    parser.add_argument("--no-race", action="store_true", help="without the timing")
    parser.add_argument("--quick", action="store_true", help="small batches, few steps: proves the script")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    product = Product(options.app, options.torch)
    result = {"device": options.device, "pytorch": torch.__version__, "zoo": [], "race": []}
    result["name"] = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "cpu"
    result["doctor"] = json.loads(product.run("sss", "doctor", "--json"))

    print(f"{result['name']}, PyTorch {torch.__version__}, Sss with LibTorch {result['doctor'].get('libtorch')}")
    print("\nforward and backward on the same weights, largest difference relative to the largest value")
    print(f"{'network':20}{'evaluation':>12}{'training':>12}{'loss':>12}{'gradient':>12}  ")
    for name in options.only.split(",") if options.only else ZOO:
        row = compare(product, name, options)
        result["zoo"].append(row)
        numbers = "".join(f"{row[key]:12.1e}" for key in ("evaluation", "training", "loss", "gradient"))
        print(f"{name:20}{numbers}  {'ok' if row['ok'] else 'OUT OF TOLERANCE'}", flush=True)

    if not options.no_race:
        print(f"\n{'training':20}{'batch':>6} {'precision':10}{'':24}{'images/s':>10}{'MiB':>8}")
        for name in ("resnet20", "resnet50"):
            for row in race(product, name, options):
                result["race"].append(row)
                print(
                    f"{row['network']:20}{row['batch']:6} {row['precision']:10}{row['who']:24}"
                    f"{row['imagesPerSecond']:10.1f}{row['memoryMiB']:8}", flush=True,
                )

    run = digits(product, options)
    result["digits"] = run
    verdict = run["exactness"]["verdict"]
    print(
        f"\ndigits: {100 * run['test']['accuracy']:.1f} % of the test images, {run['selected']['macs']:,} of"
        f" {run['dense']['macs']:,} macs, {verdict}, {run['seconds']['train']:.1f} s"
    )
    result["ok"] = all(row["ok"] for row in result["zoo"]) and verdict == "exact"
    with open(os.path.join(options.out, "check.json"), "w") as file:
        json.dump(result, file, indent=1)
    print(f"{'all is well' if result['ok'] else 'SOMETHING IS WRONG'}; {os.path.join(options.out, 'check.json')}")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
