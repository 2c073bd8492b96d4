// Sparse regression with only the proximal library: which 8 of 200 columns produced the numbers?
//
//     min over x of  ‖Ax − b‖²/(2m) + γ‖x‖₁
//
// Run it at the root of the repository, after any ./sss command has built the libraries:
//   dotnet fsi examples/SparseRegression/sparse-regression.fsx

#r "../../build/out/sss/Sss.Core.dll"

open Sss.Core

let rows, columns, nonZero, noise = 100, 200, 8, 0.05

// Data from a fixed seed: 8 of the 200 true coefficients are 1 or −1, the others 0.
let struct (entries, afterA) = Rng.many Rng.normal (rows * columns) (Rng.create 1)
let struct (order, afterOrder) = Rng.permutation columns afterA
let struct (errors, _) = Rng.many Rng.normal rows afterOrder

let a = Array.chunkBySize columns entries
let aTransposed = Array.transpose a

let support = order |> Array.truncate nonZero |> Array.sort

let truth =
    Array.init
        columns
        (fun j ->
            if not (Array.contains j support) then 0.0
            elif j % 2 = 0 then 1.0
            else -1.0
        )

let times (matrix: float[][]) (x: float[]) =
    matrix
    |> Array.map (fun row -> Array.fold2 (fun sum m v -> sum + m * v) 0.0 row x)

let b = Array.map2 (fun clean error -> clean + noise * error) (times a truth) errors

/// The smooth part, ‖Ax − b‖²/(2m), and its gradient, Aᵀ(Ax − b)/m.
let smooth x =
    let residual = Array.map2 (-) (times a x) b
    Array.sumBy (fun r -> r * r) residual / (2.0 * float rows)

let gradient x =
    let residual = Array.map2 (-) (times a x) b
    times aTransposed residual |> Array.map (fun g -> g / float rows)

/// The largest eigenvalue of AᵀA/m, by power iteration: steps of 1/L or less converge.
let lipschitz =
    let rec go n (x: float[]) =
        let y = times aTransposed (times a x) |> Array.map (fun v -> v / float rows)
        let norm = sqrt (Array.sumBy (fun v -> v * v) y)

        if n = 0 then
            norm
        else
            go (n - 1) (Array.map (fun v -> v / norm) y)

    go 100 (Array.create columns (1.0 / sqrt (float columns)))

match L1.create 0.1 with
| Error error -> eprintfn "%s" (PenaltyError.message error)
| Ok penalty ->
    let objective x = smooth x + Penalty.value penalty x
    let start: float[] = Array.zeroCreate columns

    // A method's states are a lazy sequence; the caller decides when to stop.
    let solve name (method: Method<'state>) =
        let steps, (_, x) =
            Iteration.states method gradient start
            |> Seq.map method.Iterate
            |> Seq.pairwise
            |> Seq.indexed
            |> Seq.find (fun (n, (before, after)) ->
                n = 5000 || Array.forall2 (fun p q -> abs (p - q) < 1e-10) before after
            )

        printfn "%-14s %4d steps, objective %.6f" name steps (objective x)
        x

    let step = 1.0 / lipschitz
    solve "no momentum" (Apg.method step 0.0 penalty) |> ignore
    let x = solve "with restart" (Restart.method RestartScheme.Gradient step penalty)

    let found = [| 0 .. columns - 1 |] |> Array.filter (fun j -> x[j] <> 0.0)
    printfn "true support   %A" (List.ofArray support)
    printfn "found support  %A" (List.ofArray found)
    printfn "exact zeros    %d of %d" (columns - found.Length) columns
