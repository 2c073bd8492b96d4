namespace Sss.Core

open System

/// "Did you mean …?": the nearest of the words that would have been right.
[<RequireQualifiedAccess>]
module Suggest =

    /// Words longer than this are never compared: nobody types them by mistake, and the cost of a
    /// comparison grows with the product of the lengths.
    let private longest = 40

    /// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours
    /// each count 1 (Damerau 1964; restricted form). Capitals do not count.
    let distance (a: string) (b: string) : int =
        let a, b = a.ToLowerInvariant(), b.ToLowerInvariant()
        let d = Array2D.zeroCreate (a.Length + 1) (b.Length + 1)

        for i in 0 .. a.Length do
            d[i, 0] <- i

        for j in 0 .. b.Length do
            d[0, j] <- j

        for i in 1 .. a.Length do
            for j in 1 .. b.Length do
                let change = if a[i - 1] = b[j - 1] then 0 else 1

                let plain = min (min (d[i - 1, j] + 1) (d[i, j - 1] + 1)) (d[i - 1, j - 1] + change)

                let swapped = i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1]
                d[i, j] <- if swapped then min plain (d[i - 2, j - 2] + 1) else plain

        d[a.Length, b.Length]

    /// The candidate nearest to a word, if one is near enough to be what was meant: at most one
    /// mistake in three letters. Of equally near ones the first.
    let nearest (candidates: string seq) (word: string) : string option =
        if word.Length > longest then
            None
        else
            let near =
                candidates
                |> Seq.filter (fun c -> abs (c.Length - word.Length) <= 3 && c.Length <= longest)
                |> Seq.map (fun c -> c, distance word c)
                |> Seq.filter (fun (c, d) ->
                    d <= max 1 (min 3 ((max c.Length word.Length) / 3)) && d < word.Length
                )
                |> List.ofSeq

            match near with
            | [] -> None
            | _ -> near |> List.minBy snd |> fst |> Some
