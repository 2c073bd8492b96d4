"""Writes a network of torchvision as ONNX, with random weights and statistics.

NAME: a function of torchvision.models, or convnext_thin: ConvNeXt with a quarter of the channels and one or two blocks a stage.

usage: torchvision_export.py NAME OPSET keep|fold FILE [WEIGHTS]

keep: every layer as it is; fold: as PyTorch exports for inference, bn folded into convolutions.
WEIGHTS: the state_dict as safetensors.
Prints the number of parameters.
"""

import sys
import warnings

import torch
import torchvision
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision_reference import write

warnings.filterwarnings("ignore")
name, opset, layers, path = sys.argv[1:5]
torch.manual_seed(1)
torch.set_num_threads(1)

if name == "convnext_thin":
    widths = [(24, 48, 1), (48, 96, 1), (96, 192, 2), (192, None, 1)]
    model = ConvNeXt([CNBlockConfig(*stage) for stage in widths])
else:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    model = getattr(torchvision.models, name)(weights=None, **options)

for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.running_mean.normal_(0, 0.2)
        module.running_var.uniform_(0.5, 1.5)
        module.weight.data.uniform_(0.5, 1.5)
        module.bias.data.normal_(0, 0.2)

if name.startswith("vit"):
    # torchvision starts the last layer at 0, so that every score would be.
    torch.nn.init.normal_(model.heads.head.weight, 0, 0.02)

model.eval()
size = 299 if name == "inception_v3" else 224
keep = layers == "keep"
mode = torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL

torch.onnx.export(
    model,
    torch.randn(1, 3, size, size),
    path,
    opset_version=int(opset),
    training=mode,
    do_constant_folding=not keep,
    input_names=["input"],
    output_names=["output"],
    dynamic_axes={"input": {0: "batch"}},
)

if len(sys.argv) > 5:
    write(sys.argv[5], model.state_dict())

print(sum(p.numel() for p in model.parameters()))
