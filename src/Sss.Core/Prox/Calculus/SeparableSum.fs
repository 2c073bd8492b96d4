namespace Sss.Core

open System

/// f(x₁, …, x_k) = Σ f_j(x_j) over consecutive blocks of the vector: the prox acts on each block
/// alone. f*(y₁, …, y_k) = Σ f_j*(y_j). Each trait holds where all parts have it. Parikh and Boyd,
/// §2.1.
[<RequireQualifiedAccess>]
module SeparableSum =

    let private checkPart k (penalty: Penalty, length: int) =
        if length < 1 then
            Error(PenaltyError.NotPositive("separableSum", $"parts[{k}].length", float length))
        else
            match penalty.Length with
            | Some own when own <> length ->
                Error(PenaltyError.LengthsDiffer("separableSum", $"parts[{k}].length", own, length))
            | _ -> Ok()

    let private sumOver (parts: (ValueKernel * int) list) =
        ValueKernel(fun x ->
            let mutable total = 0.0
            let mutable offset = 0

            for part, length in parts do
                total <- total + part.Invoke(x.Slice(offset, length))
                offset <- offset + length

            total
        )

    /// Penalties with the lengths of their blocks, in order; at least one.
    let create (parts: (Penalty * int) list) : Result<Penalty, PenaltyError> =
        let every trait' =
            parts |> List.forall (fun (p, _) -> trait' p.Traits)

        let conjugates =
            parts |> List.choose (fun (p, n) -> p.Conjugate |> Option.map (fun c -> c, n))

        Require.filled "separableSum" "parts" parts
        |> Result.bind (fun () ->
            parts
            |> List.indexed
            |> List.fold
                (fun state (k, part) -> state |> Result.bind (fun () -> checkPart k part))
                (Ok())
        )
        |> Result.map (fun () -> {
            Name = parts |> List.map (fun (p, n) -> $"{p.Name} on {n}") |> String.concat " + "
            Traits = {
                Convex = every _.Convex
                Separable = every _.Separable
                Homogeneous = every _.Homogeneous
                Set = every _.Set
            }
            Length = Some(List.sumBy snd parts)
            Evaluate = sumOver (parts |> List.map (fun (p, n) -> p.Evaluate, n))
            Proximal =
                ProxKernel(fun step x destination ->
                    let mutable total = 0.0
                    let mutable offset = 0

                    for penalty, length in parts do
                        let value =
                            penalty.Proximal.Invoke(
                                step,
                                x.Slice(offset, length),
                                destination.Slice(offset, length)
                            )

                        total <- total + value
                        offset <- offset + length

                    total
                )
            Conjugate =
                if conjugates.Length = parts.Length then
                    Some(sumOver conjugates)
                else
                    None
        })
