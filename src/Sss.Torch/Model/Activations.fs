namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Element-wise functions on tensors.
[<RequireQualifiedAccess>]
module internal Activations =

    /// Whether a function may overwrite its input: its derivative can be had from its output.
    let overwrites (activation: Activation) =
        match activation with
        | Relu
        | Relu6
        | Tanh
        | Sigmoid -> true
        // The sign of the input is the sign of the output only for positive slopes.
        | LeakyRelu slope -> slope > 0.0
        | Silu
        | Gelu -> false

    /// The function, with its constants made once.
    let compile (activation: Activation) : Tensor -> Tensor =
        match activation with
        | Relu -> fun x -> x.relu ()
        | Relu6 -> fun x -> x.relu6 ()
        | LeakyRelu slope ->
            let slope = slope.ToScalar()
            fun x -> x.leaky_relu slope
        | Silu -> fun x -> x.silu ()
        | Gelu -> fun x -> x.gelu ()
        | Tanh -> fun x -> x.tanh ()
        | Sigmoid -> fun x -> x.sigmoid ()

    /// The same, writing over its input, for functions that may.
    let compileInPlace (activation: Activation) : Tensor -> Tensor =
        match activation with
        | Relu -> fun x -> x.relu_ ()
        | Relu6 -> fun x -> x.relu6_ ()
        | LeakyRelu slope when overwrites activation ->
            let slope = slope.ToScalar()
            fun x -> x.leaky_relu_ slope
        | Tanh -> fun x -> x.tanh_ ()
        | Sigmoid -> fun x -> x.sigmoid_ ()
        | LeakyRelu _
        | Silu
        | Gelu -> compile activation
