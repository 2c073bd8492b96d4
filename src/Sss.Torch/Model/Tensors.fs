namespace Sss.Torch

open TorchSharp

// TorchSharp nests its types in a static class whose static members (`int64`, `float32`, …) would
// hide F#'s own functions when opened.

type internal Tensor = torch.Tensor
type internal ScalarType = torch.ScalarType
type internal functional = torch.nn.functional
