namespace Sss.Core

/// Coordinates that are penalised together.
type CoordinateGroup = {
    /// 0 or more.
    Weight: float
    /// Indices from 0; no index in two groups.
    Coordinates: int[]
}

/// Checks and norms of groups of coordinates.
[<RequireQualifiedAccess>]
module CoordinateGroup =

    /// `count` groups of `size` consecutive coordinates, each with the same weight.
    let blocks (weight: float) (size: int) (count: int) : CoordinateGroup list = [
        for k in 0 .. count - 1 do
            {
                Weight = weight
                Coordinates = Array.init size (fun i -> k * size + i)
            }
    ]

    let private checkOne penalty length k group =
        let outside = group.Coordinates |> Array.tryFind (fun i -> i < 0 || i >= length)

        Require.atLeastZero penalty $"groups[{k}].Weight" group.Weight
        |> Result.bind (fun () ->
            Require.filled penalty $"groups[{k}].Coordinates" group.Coordinates
        )
        |> Result.bind (fun () ->
            match outside with
            | Some i -> Error(PenaltyError.NoSuchCoordinate(penalty, k, i, length))
            | None -> Ok()
        )

    /// Weights ≥ 0, no empty group, indices inside vectors of the given length, no index twice.
    let internal check penalty length (groups: CoordinateGroup list) =
        let twice =
            groups
            |> Seq.collect _.Coordinates
            |> Seq.countBy id
            |> Seq.tryPick (fun (i, n) -> if n > 1 then Some i else None)

        groups
        |> List.indexed
        |> List.fold
            (fun state (k, group) ->
                state |> Result.bind (fun () -> checkOne penalty length k group)
            )
            (Require.filled penalty "groups" groups)
        |> Result.bind (fun () ->
            match twice with
            | Some i -> Error(PenaltyError.GroupsOverlap(penalty, i))
            | None -> Ok()
        )

    /// ‖x_g‖₂.
    let internal norm (x: float[]) group =
        group.Coordinates |> Array.map (fun i -> x[i]) |> Vec.norm

    /// x with each group's part scaled by (1 − η·w/‖x_g‖)₊, and Σ w‖·‖ there. The prox of the group
    /// lasso: Yuan and Lin (2006); Parikh and Boyd, §6.5.4. A group at 0 stays there: no 0/0.
    let internal shrink step (groups: CoordinateGroup list) (x: float[]) =
        let point = Array.copy x
        let mutable value = 0.0

        for group in groups do
            let size = norm x group
            let threshold = step * group.Weight

            if size <= threshold then
                for i in group.Coordinates do
                    point[i] <- 0.0
            else
                let factor = (size - threshold) / size
                value <- value + group.Weight * (size - threshold)

                for i in group.Coordinates do
                    point[i] <- factor * x[i]

        point, value
