namespace Sss.Core

open System

/// Kernels from plain functions, for penalties that are not on the hot path.
[<RequireQualifiedAccess>]
module internal Kernel =

    /// Σ f(xᵢ).
    let sum (f: float -> float) =
        ValueKernel(fun x ->
            let mutable total = 0.0

            for v in x do
                total <- total + f v

            total
        )

    /// Σ f(i, xᵢ).
    let sumIndexed (f: int -> float -> float) =
        ValueKernel(fun x ->
            let mutable total = 0.0

            for i in 0 .. x.Length - 1 do
                total <- total + f i x[i]

            total
        )

    /// A function of the whole vector.
    let whole (f: float[] -> float) = ValueKernel(fun x -> f (x.ToArray()))

    /// 0 where every coordinate satisfies the condition, else +∞.
    let all (condition: int -> float -> bool) =
        ValueKernel(fun x ->
            let mutable inside = true

            for i in 0 .. x.Length - 1 do
                inside <- inside && condition i x[i]

            Rounding.indicator inside
        )

    /// The prox of Σ f(xᵢ) from the prox of f: `prox step x`.
    let separable (f: float -> float) (prox: float -> float -> float) =
        ProxKernel(fun step x destination ->
            let mutable total = 0.0

            for i in 0 .. x.Length - 1 do
                let u = prox step x[i]
                destination[i] <- u
                total <- total + f u

            total
        )

    /// A prox on whole vectors, `prox step x`, that gives a fresh vector and the value there.
    let prox (prox: float -> float[] -> float[] * float) =
        ProxKernel(fun step x destination ->
            let point, value = prox step (x.ToArray())
            (Span point).CopyTo destination
            value
        )

/// Sums of vectors.
[<RequireQualifiedAccess>]
module internal Vec =

    /// ⟨x, y⟩.
    let dot (x: float[]) (y: float[]) =
        Array.fold2 (fun sum a b -> sum + a * b) 0.0 x y

    /// ‖x‖₂, without overflow: scaled by the largest magnitude.
    let norm (x: float[]) =
        let largest = x |> Array.fold (fun m v -> max m (abs v)) 0.0

        if largest = 0.0 || not (Double.IsFinite largest) then
            largest
        else
            largest * sqrt (x |> Array.sumBy (fun v -> (v / largest) * (v / largest)))
