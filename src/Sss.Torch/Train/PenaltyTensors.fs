namespace Sss.Torch

open System
open TorchSharp
open Sss.Core

/// The proximal operators of `FactorProx` as operations on tensors of float64, for factors on a device:
/// operation by operation those of `Penalty.prox`, without a branch. Only the sums of groups are made in
/// another order.
[<Sealed>]
type internal PenaltyTensors(pressed: PressedRule<float32>, onDevice: Array -> torch.Tensor) =
    let constant (value: float) = onDevice [| value |]
    let zero = constant 0.0
    let one = constant 1.0
    let two = constant 2.0
    let half = constant 0.5

    let parameter =
        FactorPenalty.parameter pressed.Rule.Penalty
        |> Option.map snd
        |> Option.defaultValue 0.0
        |> constant

    let gammas = onDevice (Array.map float pressed.Gammas)

    // Where no number is given, TorchSharp makes one at each call and leaves it to its finalizer.
    let once = (1.0).ToScalar()

    let plus (a: torch.Tensor) (b: torch.Tensor) = a.add (b, once)
    let minus (a: torch.Tensor) (b: torch.Tensor) = a.sub b
    let times (a: torch.Tensor) (b: torch.Tensor) = a.mul b
    let over (a: torch.Tensor) (b: torch.Tensor) = a.div b

    let choose (condition: torch.Tensor) (yes: torch.Tensor) (no: torch.Tensor) =
        torch.where (condition, yes, no)

    let soft (s: torch.Tensor) (z: torch.Tensor) =
        plus (torch.maximum (minus z s, zero)) (torch.minimum (plus z s, zero))

    /// `Mcp` at γ = 1 with steps s.
    let mcp (s: torch.Tensor) (z: torch.Tensor) =
        let theta = parameter
        let u = z.abs ()
        let hard = choose (u.gt (times s theta |> _.sqrt())) z zero
        let shrunk = times (z.sign ()) (over (minus u s) (minus one (over s theta)))
        let firm = choose (u.le s) zero (choose (u.le theta) shrunk z)
        choose (s.ge theta) hard firm

    /// `Scad` at γ = 1 with steps s.
    let scad (s: torch.Tensor) (z: torch.Tensor) =
        let a = parameter
        let less = minus a one
        let r = z.abs ()

        let between low high (u: torch.Tensor) =
            torch.minimum (torch.maximum (u, low), high)

        let value (u: torch.Tensor) =
            let bent =
                over (minus (minus (times (times two a) u) (times u u)) one) (times two less)

            choose (u.le one) u (choose (u.le a) bent (times half (plus a one)))

        let objective u =
            let apart = minus u r
            plus (value u) (over (times apart apart) (times two s))

        let stationary = over (minus (times less r) (times s a)) (minus less s)
        let first = between zero one (minus r s)
        let second = between one a (choose (s.lt less) stationary one)
        let third = torch.maximum (r, a)
        let o1, o2, o3 = objective first, objective second, objective third
        let best = choose (o2.lt o1) second first
        let best = choose (o3.lt (torch.minimum (o1, o2))) third best
        // As `Weighted` has it: no step at all.
        choose (s.eq zero) z (times (z.sign ()) best)

    /// `L0` at γ = 1 with steps s.
    let l0 (s: torch.Tensor) (z: torch.Tensor) =
        choose ((times z z).gt(times two s)) z zero

    let groups = FactorProx.groups pressed.Counts (Array.map float pressed.Gammas)

    let weights =
        onDevice [|
            for group in groups do
                group.Weight
        |]

    /// The group of each factor.
    let owners =
        onDevice [|
            for at, group in Seq.indexed groups do
                for _ in group.Coordinates do
                    int64 at
        |]

    let longest = pressed.Counts |> List.fold max 0

    /// The factors of each group, as a row filled up with the place after the last factor.
    let members =
        onDevice [|
            for group in groups do
                for k in 0 .. longest - 1 do
                    if k < group.Coordinates.Length then
                        int64 group.Coordinates[k]
                    else
                        int64 pressed.Gammas.Length
        |]

    let groupL2 (step: Scalar) (z: torch.Tensor) =
        let squares = torch.cat ([| times z z; zero |], 0L)

        let rows =
            squares.index_select(0L, members).view(int64 groups.Length, int64 longest)

        let norms = rows.sum(1L).sqrt()
        let thresholds = weights.mul step

        let factors =
            choose (norms.le thresholds) zero (over (minus norms thresholds) norms)

        times (factors.index_select (0L, owners)) z

    /// prox at z of the penalty, for a step of size η.
    member _.Prox(step: Scalar, z: torch.Tensor) : torch.Tensor =
        match pressed.Rule.Penalty with
        | FactorPenalty.NonNegative -> torch.maximum (minus z (gammas.mul step), zero)
        | FactorPenalty.L1 -> soft (gammas.mul step) z
        | FactorPenalty.Mcp _ -> mcp (gammas.mul step) z
        | FactorPenalty.Scad _ -> scad (gammas.mul step) z
        | FactorPenalty.L0 -> l0 (gammas.mul step) z
        | FactorPenalty.GroupL2 -> groupL2 step z

    interface IDisposable with
        member _.Dispose() =
            for tensor in [ zero; one; two; half; parameter; gammas; weights; owners; members ] do
                tensor.Dispose()

            once.Dispose()
