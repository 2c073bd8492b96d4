"""What torchvision's RandAugment makes of images, change by change.

    python3 randaugment.py

Prints a JSON list of {"shape": [C, H, W], "image": [...], "op": name, "value": number, "result": [...]}, the pixels
from 0 to 255 in the order C x H x W: for each change of the set and some strengths, the value being the signed
magnitude that torchvision applies.

Needs Debian's python3-torchvision.
"""

import json

import torch
from torchvision.transforms import autoaugment
from torchvision.transforms.functional import InterpolationMode


def images():
    torch.manual_seed(20261130)
    yield torch.randint(0, 256, (3, 17, 24), dtype=torch.uint8)
    yield torch.randint(40, 180, (1, 12, 12), dtype=torch.uint8)
    ramp = torch.arange(20 * 16, dtype=torch.int64).reshape(1, 20, 16)
    yield torch.cat([ramp * 255 // 319, ramp % 97, 255 - ramp // 3]).to(torch.uint8)
    yield torch.full((3, 8, 8), 77, dtype=torch.uint8)


def main():
    found = []
    for image in images():
        space = autoaugment.RandAugment()._augmentation_space(31, tuple(image.shape[1:]))
        for name, (magnitudes, signed) in space.items():
            for strength in (3, 9, 23, 30):
                size = float(magnitudes[strength].item()) if magnitudes.ndim > 0 else 0.0
                for value in (size, -size) if signed else (size,):
                    result = autoaugment._apply_op(
                        image, name, value, interpolation=InterpolationMode.NEAREST, fill=None
                    )
                    found.append(
                        {
                            "shape": list(image.shape),
                            "image": image.flatten().tolist(),
                            "op": name,
                            "strength": strength,
                            "value": value,
                            "result": result.flatten().tolist(),
                        }
                    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
