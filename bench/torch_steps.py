"""The networks of the table in PyTorch, eager, as one writes them by hand.

A worker like the others: lines `train N`, `infer N`, `update N` and `memory` on standard input, one number each
as the answer (seconds, or MiB of the largest resident memory so far).
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CASES = {  # batch, channels, side, classes
    "resnet20-28": (128, 1, 28, 10),
    "resnet20-32": (128, 3, 32, 10),
    "vgg16-cifar": (64, 3, 32, 10),
    "resnet50": (8, 3, 224, 1000),
}


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(self, branch, inputs, outputs, stride):
        super().__init__()
        self.branch = nn.Sequential(*branch)
        same = inputs == outputs and stride == 1
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        )

    def forward(self, x):
        return F.relu(self.branch(x).add_(self.shortcut(x)), inplace=True)


def basic(inputs, outputs, stride):
    return Block(
        [
            conv(inputs, outputs, 3, stride),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            conv(outputs, outputs, 3),
            nn.BatchNorm2d(outputs),
        ],
        inputs,
        outputs,
        stride,
    )


def bottleneck(inputs, mid, stride):
    return Block(
        [
            conv(inputs, mid, 1),
            nn.BatchNorm2d(mid),
            nn.ReLU(inplace=True),
            conv(mid, mid, 3, stride),
            nn.BatchNorm2d(mid),
            nn.ReLU(inplace=True),
            conv(mid, 4 * mid, 1),
            nn.BatchNorm2d(4 * mid),
        ],
        inputs,
        4 * mid,
        stride,
    )


class Classifier(nn.Module):
    def __init__(self, features, width, classes):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.last = nn.Linear(width, classes)

    def forward(self, x):
        return self.last(self.features(x).mean((2, 3)))


def resnet20(channels, classes):
    parts = [conv(channels, 16, 3), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    inputs = 16
    for width in (16, 32, 64):
        for i in range(3):
            parts.append(basic(inputs, width, 2 if i == 0 and width > 16 else 1))
            inputs = width
    return Classifier(parts, 64, classes)


def resnet50(channels, classes):
    parts = [
        conv(channels, 64, 7, 2),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    inputs = 64
    for mid, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for i in range(count):
            parts.append(bottleneck(inputs, mid, 2 if i == 0 and mid > 64 else 1))
            inputs = 4 * mid
    return Classifier(parts, 2048, classes)


def vgg16(channels, classes):
    parts, inputs = [], channels
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            parts += [conv(inputs, width, 3), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            inputs = width
        parts.append(nn.MaxPool2d(2, stride=2))
    return Classifier(parts, 512, classes)


def peak():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float("nan")


def main(name, threads):
    batch, channels, side, classes = CASES[name]
    torch.set_num_threads(threads)
    make = {"vgg16-cifar": vgg16, "resnet50": resnet50}.get(name, resnet20)
    network = make(channels, classes)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True
    )
    data = []
    for seed in range(1, 5):
        torch.manual_seed(seed)
        images = torch.randn(batch, channels, side, side)
        data.append((images, torch.randint(classes, (batch,))))
    done = 0

    def train():
        nonlocal done
        network.train()
        images, labels = data[done % len(data)]
        done += 1
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    def infer():
        network.eval()
        with torch.no_grad():
            network(data[0][0]).numpy().copy()

    def update():
        optimizer.step()

    for line in sys.stdin:
        word, *count = line.split()
        if word == "memory":
            answer = peak()
        else:
            work = {"train": train, "infer": infer, "update": update}[word]
            start = time.perf_counter()
            for _ in range(int(count[0])):
                work()
            answer = time.perf_counter() - start
        print(answer, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
