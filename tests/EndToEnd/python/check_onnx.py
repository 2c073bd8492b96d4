"""Asks onnx's own checker whether it accepts files that sss exported.

    python3 check_onnx.py FILE.onnx...

Prints one line a file; exits 1 when a file is refused. Needs Debian's python3-onnx.
"""

import sys

import onnx


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = model.graph
    names = [value.name for value in (*graph.input, *graph.output)]
    if names != ["images", "scores"]:
        raise ValueError(f"inputs and outputs are {names}")
    batch = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    if batch != "batch":
        raise ValueError("the batch is not open")
    opset = model.opset_import[0].version
    if (model.ir_version, opset) != (8, 17):
        raise ValueError(f"IR {model.ir_version}, opset {opset}")
    return len(graph.node)


def main(paths):
    refused = 0
    for path in paths:
        try:
            print(f"{path}: accepted, {check(path)} nodes")
        except Exception as error:  # whatever the checker raises is its verdict
            refused += 1
            print(f"{path}: refused: {error}")
    return 1 if refused or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
