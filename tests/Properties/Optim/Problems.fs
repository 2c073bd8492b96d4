namespace Sss.Tests.Optim

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Prox

/// min ½‖Ax − b‖² + γ‖x‖₁ with a known solution at which complementarity is strict.
type Lasso = {
    Rows: float[][]
    Target: float[]
    Gamma: float
    Solution: float[]
    Start: float[]
}

/// Least squares with a known answer, and small linear algebra.
module Problem =

    let dot = Laws.dot
    let times (rows: float[][]) x = Array.map (fun row -> dot row x) rows

    let transposed (rows: float[][]) =
        Array.init rows[0].Length (fun j -> Array.map (fun (row: float[]) -> row[j]) rows)

    let gram rows =
        let columns = transposed rows
        Array.map (fun c -> Array.map (dot c) columns) columns

    /// Solves a positive definite system by elimination (no pivoting needed).
    let solve (matrix: float[][]) (right: float[]) =
        let n = right.Length
        let m = Array.map2 (fun row r -> Array.append row [| r |]) matrix right

        for k in 0 .. n - 1 do
            for i in k + 1 .. n - 1 do
                let f = m[i][k] / m[k][k]

                for j in k..n do
                    m[i][j] <- m[i][j] - f * m[k][j]

        let x = Array.zeroCreate n

        for k in n - 1 .. -1 .. 0 do
            let known = Seq.sum (seq { for j in k + 1 .. n - 1 -> m[k][j] * x[j] })
            x[k] <- (m[k][n] - known) / m[k][k]

        x

    /// Gershgorin's bound on the largest eigenvalue of AᵀA: a Lipschitz constant of the gradient.
    let lipschitz p =
        gram p.Rows |> Array.map (Array.sumBy abs) |> Array.max

    let gradient p x =
        times (transposed p.Rows) (Laws.subtract (times p.Rows x) p.Target)

    let smooth p x =
        0.5 * Laws.distance2 (times p.Rows x) p.Target

    let objective p x =
        smooth p x + p.Gamma * Array.sumBy abs x

    let penalty p =
        match L1.create p.Gamma with
        | Ok penalty -> penalty
        | Error error -> invalidOp (PenaltyError.message error)

    let gap p x = objective p x - objective p p.Solution

/// Draws problems: A = [I; R] has AᵀA ≥ I; b is chosen so that Aᵀ(Ax* − b) = −γs with s ∈ ∂‖x*‖₁,
/// |sᵢ| ≤ 0.9 off the support.
type Problems =

    static member Lasso() : Arbitrary<Lasso> =
        let gen =
            gen {
                let! n = Gen.choose (1, 5)
                let! extra = Gen.choose (0, 4)
                let! more = Gen.arrayOfLength extra (Gen.vectorOf n)
                let! gamma = Gen.choose (1, 16) |> Gen.map (fun i -> float i / 8.0)
                let! signs = Gen.arrayOfLength n (Gen.choose (-1, 1))
                let! sizes = Gen.arrayOfLength n (Gen.choose (1, 16))
                let! slack = Gen.arrayOfLength n (Gen.choose (-9, 9))
                let! start = Gen.vectorOf n

                let rows =
                    Array.append
                        (Array.init n (fun i -> Array.init n (fun j -> if i = j then 1.0 else 0.0)))
                        more

                let solution = Array.map2 (fun s k -> float s * float k / 4.0) signs sizes

                let slopes =
                    Array.map2 (fun s k -> if s = 0 then float k / 10.0 else float s) signs slack

                let w = Problem.solve (Problem.gram rows) (Array.map (fun s -> gamma * s) slopes)

                return {
                    Rows = rows
                    Target = Array.map2 (+) (Problem.times rows solution) (Problem.times rows w)
                    Gamma = gamma
                    Solution = solution
                    Start = start
                }
            }

        Arb.fromGenShrink (
            gen,
            fun p ->
                seq {
                    for x in Gen.shrinkVector p.Start do
                        if x.Length = p.Start.Length then
                            { p with Start = x }
                }
        )
