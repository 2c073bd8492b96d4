namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Terms on tensors, element by element.
[<RequireQualifiedAccess>]
module internal TermTensor =

    /// A new tensor with the term's value at every element. What autograd does not hold of the
    /// values between is freed at once.
    let rec evaluate (term: Term) (x: Tensor) : Tensor =
        let one f a =
            use a = evaluate a x
            f a

        let two (f: Tensor -> Tensor -> Tensor) a b =
            use a = evaluate a x
            use b = evaluate b x
            f a b

        match term with
        | Term.X -> x.alias ()
        | Term.Number value -> torch.tensor (value, dtype = x.dtype, device = x.device)
        | Term.Add(a, b) -> two (fun a b -> a.add b) a b
        | Term.Subtract(a, b) -> two (fun a b -> a.sub b) a b
        | Term.Multiply(a, b) -> two (fun a b -> a.mul b) a b
        | Term.Divide(a, b) -> two (fun a b -> a.div b) a b
        | Term.Min(a, b) -> two (fun a b -> a.minimum b) a b
        | Term.Max(a, b) -> two (fun a b -> a.maximum b) a b
        | Term.Exp a -> one (fun a -> a.exp ()) a
        | Term.Log a -> one (fun a -> a.log ()) a
        | Term.Tanh a -> one (fun a -> a.tanh ()) a
        | Term.Erf a -> one (fun a -> a.erf ()) a

/// Element-wise functions on tensors.
[<RequireQualifiedAccess>]
module internal Activations =

    /// Whether a function may overwrite its input: its derivative can be computed from its output.
    let overwrites (activation: Activation) =
        match activation with
        | Relu
        | Relu6
        | Tanh
        | Sigmoid -> true
        // The sign of the input is the sign of the output only for positive slopes.
        | LeakyRelu slope -> slope > 0.0
        | Silu
        | Gelu
        | HardSwish
        | HardSigmoid
        | Mish
        | Elu _ -> false

    /// LibTorch's own kernel, with its constants made once; None: its term is computed step by step.
    let private kernel (activation: Activation) : (Tensor -> Tensor) option =
        match activation with
        | Relu -> Some(fun x -> x.relu ())
        | Relu6 -> Some(fun x -> x.relu6 ())
        | LeakyRelu slope ->
            let slope = slope.ToScalar()
            Some(fun x -> x.leaky_relu slope)
        | Silu -> Some(fun x -> x.silu ())
        | Gelu -> Some(fun x -> x.gelu ())
        | HardSwish -> Some(fun x -> torch.nn.functional.hardswish x)
        | HardSigmoid -> Some(fun x -> x.hardsigmoid ())
        | Mish -> Some(fun x -> functional.mish (x, false))
        | Elu alpha -> Some(fun x -> x.elu alpha)
        | Tanh -> Some(fun x -> x.tanh ())
        | Sigmoid -> Some(fun x -> x.sigmoid ())

    /// The function.
    let compile (activation: Activation) : Tensor -> Tensor =
        kernel activation
        |> Option.defaultValue (TermTensor.evaluate (Activation.term activation))

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
        | Gelu
        | HardSwish
        | HardSigmoid
        | Mish
        | Elu _ -> compile activation
