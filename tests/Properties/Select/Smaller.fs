/// Smaller sketches of a sketch.
module Sss.Tests.Select.Smaller

open Sss.Core
open Sss.Tests.Select.Drafts

/// Each list with one element left out, or with one made smaller.
let rec shrinkList shrink items =
    match items with
    | [] -> Seq.empty
    | head :: tail ->
        seq {
            tail
            yield! Seq.map (fun smaller -> smaller :: tail) (shrink head)
            yield! Seq.map (fun smaller -> head :: smaller) (shrinkList shrink tail)
        }

let rec private shrinkDraft draft : Draft seq =
    seq {
        match draft with
        | Conv(out, window, groups, bias, factor) ->
            if out > 1 then
                Conv(out - 1, window, groups, bias, factor)

            if groups > 1 then
                Conv(out, window, 1, bias, factor)

            if window <> plain then
                Conv(out, plain, groups, bias, factor)

            if bias then
                Conv(out, window, groups, false, factor)

            if factor then
                Conv(out, window, groups, bias, false)
        | Depthwise(window, bias, factor) ->
            if window <> plain then
                Depthwise(plain, bias, factor)

            if bias then
                Depthwise(window, false, factor)

            if factor then
                Depthwise(window, bias, false)
        | Deconv(out, window, outPad, groups, bias, factor) ->
            if out > 1 then
                Deconv(out - 1, window, outPad, groups, bias, factor)

            if groups > 1 then
                Deconv(out, window, outPad, 1, bias, factor)

            if window <> plain then
                Deconv(out, plain, outPad, groups, bias, factor)

            if bias then
                Deconv(out, window, outPad, groups, false, factor)

            if factor then
                Deconv(out, window, outPad, groups, bias, false)
        | Respond size when size > 1 -> Respond(size - 1)
        | Larger(n, UpsampleMode.Bilinear) -> Larger(n, UpsampleMode.Nearest)
        | Larger(n, UpsampleMode.Nearest) when n > 1 -> Larger(n - 1, UpsampleMode.Nearest)
        | Full(out, bias, factor) ->
            if out > 1 then
                Full(out - 1, bias, factor)

            if factor then
                Full(out, bias, false)
        | Norm true -> Norm false
        | Mixed(groups, factor) ->
            if factor then
                Mixed(groups, false)

            if groups > 1 then
                Mixed(1, factor)
        | Act a when a <> Relu -> Act Relu
        | Slopes -> Act Relu
        | Pool(kind, window, ceil, countPad) ->
            if ceil then
                Pool(kind, window, false, countPad)

            if not countPad then
                Pool(kind, window, ceil, true)

            if window.P <> plain.P then
                Pool(kind, { window with P = plain.P }, ceil, countPad)
        | Sum(branch, shortcut, factor) ->
            if factor then
                Sum(branch, shortcut, false)

            yield! Seq.map (fun b -> Sum(b, shortcut, factor)) (shrinkList shrinkDraft branch)
            yield! Seq.map (fun s -> Sum(branch, s, factor)) (shrinkList shrinkDraft shortcut)
        | Cat branches -> yield! Seq.map Cat (shrinkList (shrinkList shrinkDraft) branches)
        | Gated(inner, pooled) ->
            if pooled then
                Gated(inner, false)

            yield! Seq.map (fun smaller -> Gated(smaller, pooled)) (shrinkList shrinkDraft inner)
        | Exit inner -> yield! Seq.map Exit (shrinkList shrinkDraft inner)
        | Parted branches ->
            let shrinkPart (ratio, inner) =
                seq {
                    if ratio > 1 then
                        1, inner

                    yield! Seq.map (fun smaller -> ratio, smaller) (shrinkList shrinkDraft inner)
                }

            yield! Seq.map Parted (shrinkList shrinkPart branches)
        | Shuffled groups when groups > 1 -> Shuffled(groups - 1)
        | Attend(heads, factor) ->
            if heads > 1 then
                Attend(heads - 1, factor)

            if factor then
                Attend(heads, false)
        | Row true -> Row false
        | _ -> ()
    }

/// A block is also made smaller by what is in it.
let private unwrap draft =
    match draft with
    | Sum(branch, shortcut, _) -> [ branch; shortcut ]
    | Cat branches -> branches
    | Gated(inner, _)
    | Exit inner -> [ inner ]
    | Parted branches -> List.map snd branches
    | _ -> []

/// Smaller sketches, boldest first.
let shrinkSketch (sketch: Sketch) =
    seq {
        for i, draft in List.indexed sketch.Body do
            for inner in unwrap draft do
                {
                    sketch with
                        Body = List.take i sketch.Body @ inner @ List.skip (i + 1) sketch.Body
                }

        for body in shrinkList shrinkDraft sketch.Body do
            { sketch with Body = body }

        if sketch.Pooled then
            { sketch with Pooled = false }

        if sketch.Shared <> 0 then
            { sketch with Shared = 0 }

        if sketch.Input.Height > 1 then
            {
                sketch with
                    Sketch.Input.Height = sketch.Input.Height - 1
            }

        if sketch.Input.Width > 1 then
            {
                sketch with
                    Sketch.Input.Width = sketch.Input.Width - 1
            }

        if sketch.Input.Channels > 1 then
            {
                sketch with
                    Sketch.Input.Channels = sketch.Input.Channels - 1
            }

        if sketch.Classes > 1 then
            { sketch with Classes = 1 }
    }
