namespace Sss.Core

open System

/// The indicator of {x : lᵢ ≤ xᵢ ≤ uᵢ}; bounds may be infinite. Projection: each coordinate is
/// clamped. f*(y) = Σ max(lᵢyᵢ, uᵢyᵢ). Parikh and Boyd, "Proximal Algorithms" (2014), §6.2.4.
[<RequireQualifiedAccess>]
module Box =

    let private checkBounds name i (lower: float) (upper: float) =
        if Double.IsNaN lower || Double.IsPositiveInfinity lower then
            Error(PenaltyError.NotFinite(name, $"lower[{i}]", lower))
        elif Double.IsNaN upper || Double.IsNegativeInfinity upper then
            Error(PenaltyError.NotFinite(name, $"upper[{i}]", upper))
        elif lower > upper then
            Error(PenaltyError.BoundsCross(name, i, lower, upper))
        else
            Ok()

    /// A box whose bounds are all 0 or infinite is a cone, and its indicator homogeneous.
    let private traits bounds : Traits = {
        Convex = true
        Separable = true
        Homogeneous = bounds |> Seq.forall (fun b -> b = 0.0 || Double.IsInfinity b)
        Set = true
    }

    let private inside lower upper x =
        Rounding.atMost lower x && Rounding.atMost x upper

    /// sup of y·v over lower ≤ v ≤ upper; where a bound is infinite, y = 0 (up to rounding) gives
    /// 0.
    let private support lower upper y =
        let bound = if y > 0.0 then upper else lower

        if Double.IsFinite bound then bound * y
        elif Rounding.atMost (abs y) 0.0 then 0.0
        else Double.PositiveInfinity

    /// The same bounds for all coordinates.
    let create (lower: float) (upper: float) : Result<Penalty, PenaltyError> =
        checkBounds "box" 0 lower upper
        |> Result.map (fun () -> {
            Name = $"box({lower}, {upper})"
            Traits = traits [ lower; upper ]
            Length = None
            Evaluate = Kernel.all (fun _ x -> inside lower upper x)
            Proximal =
                ProxKernel(fun _ x destination ->
                    Elementwise.clamp lower upper x destination
                    0.0
                )
            Conjugate = Some(Kernel.sum (support lower upper))
        })

    /// Bounds of its own for each coordinate.
    let each (lower: float[]) (upper: float[]) : Result<Penalty, PenaltyError> =
        let crossed () =
            Seq.zip lower upper
            |> Seq.indexed
            |> Seq.tryPick (fun (i, (l, u)) ->
                match checkBounds "box" i l u with
                | Ok() -> None
                | Error error -> Some error
            )

        if lower.Length <> upper.Length then
            Error(PenaltyError.LengthsDiffer("box", "upper", lower.Length, upper.Length))
        else
            match crossed () with
            | Some error -> Error error
            | None ->
                let lower = Array.copy lower
                let upper = Array.copy upper

                Ok {
                    Name = $"box({lower.Length} bounds)"
                    Traits = traits (Seq.append lower upper)
                    Length = Some lower.Length
                    Evaluate = Kernel.all (fun i x -> inside lower[i] upper[i] x)
                    Proximal =
                        ProxKernel(fun _ x destination ->
                            Elementwise.clampEach
                                (ReadOnlySpan lower)
                                (ReadOnlySpan upper)
                                x
                                destination

                            0.0
                        )
                    Conjugate = Some(Kernel.sumIndexed (fun i y -> support lower[i] upper[i] y))
                }

/// The indicator of the non-negative orthant {x : xᵢ ≥ 0}, a cone. Projection: max(xᵢ, 0). f*(y) =
/// ι(y ≤ 0).
[<RequireQualifiedAccess>]
module NonNegative =

    /// For vectors of any length.
    let penalty: Penalty = {
        Name = "nonNegative"
        Traits = {
            Convex = true
            Separable = true
            Homogeneous = true
            Set = true
        }
        Length = None
        Evaluate = Kernel.all (fun _ x -> Rounding.atMost 0.0 x)
        Proximal =
            ProxKernel(fun _ x destination ->
                Elementwise.shrinkToNonNegative 0.0 x destination |> ignore
                0.0
            )
        Conjugate = Some(Kernel.all (fun _ y -> Rounding.atMost y 0.0))
    }
