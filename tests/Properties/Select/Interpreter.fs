/// Networks evaluated as their definition reads, on plain arrays at double precision: the oracle that
/// selection is held against. Nothing here is fast, and nothing is shared with the code under test but
/// the network's types.
module Sss.Tests.Select.Interpreter

open Sss.Core
open Sss.Tests.Select.Images
open Sss.Tests.Select.SlidingWindows

/// The error function: Maclaurin's series near 0; further out 1 less the tail's integral (Simpson).
let private erf x =
    let a = abs x

    if a < 3.5 then
        let mutable term = x
        let mutable sum = x

        for n in 1..80 do
            term <- -term * x * x / float n
            sum <- sum + term / float (2 * n + 1)

        2.0 / sqrt System.Math.PI * sum
    else
        let steps, width = 200, 3.0 / 200.0

        let f i =
            let t = a + float i * width
            exp -(t * t)

        let weight i =
            if i = 0 || i = steps then 1.0
            elif i % 2 = 1 then 4.0
            else 2.0

        let tail = Seq.sumBy (fun i -> weight i * f i) (seq { 0..steps }) * width / 3.0
        float (sign x) * (1.0 - 2.0 / sqrt System.Math.PI * tail)

let private activate a (x: float) =
    match a with
    | Relu -> if x > 0.0 then x else 0.0
    | Relu6 -> System.Math.Clamp(x, 0.0, 6.0)
    | LeakyRelu slope -> if x > 0.0 then x else slope * x
    | Silu -> x / (1.0 + exp -x)
    | HardSwish ->
        if x <= -3.0 then 0.0
        elif x >= 3.0 then x
        else x * (x + 3.0) / 6.0
    | HardSigmoid -> System.Math.Clamp((x + 3.0) / 6.0, 0.0, 1.0)
    // ln(1 + eˣ), by series where eˣ is lost beside 1.
    | Mish -> x * tanh (if x < -30.0 then exp x else log (1.0 + exp x))
    | Elu alpha -> if x > 0.0 then x else alpha * (exp x - 1.0)
    | Gelu -> x * (1.0 + erf (x / sqrt 2.0)) / 2.0
    | Tanh -> tanh x
    | Sigmoid -> 1.0 / (1.0 + exp -x)

/// The indices of each group of channels, at all positions.
let private groups n (x: Image) =
    Array.splitInto n [| 0 .. x.Data.Length - 1 |]

/// The indices of each position, in all channels.
let private positions (x: Image) =
    let area = x.Shape.Height * x.Shape.Width
    Array.init area (fun i -> Array.init x.Shape.Channels (fun c -> c * area + i))

/// Mean 0 and variance 1 over each set of indices, then a scale and a shift per channel.
let private normalise (sets: int[][]) eps (scale: float[]) (shift: float[]) (x: Image) =
    let area = x.Shape.Height * x.Shape.Width
    let data = Array.zeroCreate x.Data.Length

    for set in sets do
        let mean = set |> Array.averageBy (fun i -> x.Data[i])
        let var = set |> Array.averageBy (fun i -> (x.Data[i] - mean) ** 2.0)

        for i in set do
            let c = i / area
            data[i] <- (x.Data[i] - mean) / sqrt (var + eps) * scale[c] + shift[c]

    { x with Data = data }

/// What a layer over all channels gives at each position: by output channel and position.
let private project (weight: float[]) (bias: float[]) (x: Image) : float[][] =
    let area = x.Shape.Height * x.Shape.Width
    let ins = x.Shape.Channels

    Array.init
        bias.Length
        (fun o ->
            Array.init
                area
                (fun t ->
                    bias[o]
                    + Seq.sum (
                        seq {
                            for i in 0 .. ins - 1 -> weight[o * ins + i] * x.Data[i * area + t]
                        }
                    )
                )
        )

/// Each position's mean of the values, weighted by how well its query fits their keys.
let private attend heads (query: float[][]) (key: float[][]) (value: float[][]) : float[][] =
    let width = query.Length / heads

    Array.init
        query.Length
        (fun o ->
            let head = seq { o / width * width .. o / width * width + width - 1 }

            Array.init
                query[o].Length
                (fun t ->
                    let fit =
                        Array.init
                            query[o].Length
                            (fun s ->
                                Seq.sum (seq { for c in head -> query[c][t] * key[c][s] })
                                / sqrt (float width)
                            )

                    let share = fit |> Array.map (fun f -> exp (f - Array.max fit))
                    Array.sum (Array.map2 (*) share value[o]) / Array.sum share
                )
        )

let private scaled (weights: Weights<float>) owner (scale: Scale option) (x: Image) =
    match scale with
    | None -> x
    | Some s ->
        let owner = Option.defaultValue owner s.Owner
        let factors = weights[ArrayKey.make ArrayPart.Factor owner].Data

        if factors.Length <> s.Count then
            invalidOp $"{owner} has {factors.Length} factors for {s.Count}"

        let each = x.Shape.Channels / s.Count
        build x.Shape (fun c h w -> factors[c / each] * get x c h w)

let private layer (weights: Weights<float>) (l: Layer) (x: Image) : Image =
    if x.Shape <> l.Input then
        invalidOp $"{l.Name} is given {x.Shape} for {l.Input}"

    let array part = weights[ArrayKey.make part l.Name].Data

    let bias has =
        if has then
            (fun o -> (array ArrayPart.Bias)[o])
        else
            (fun _ -> 0.0)

    let result =
        match l.Op with
        | Op.Conv c ->
            convolve
                c.Groups
                c.Kernel
                c.Stride
                c.Pad
                c.Dilation
                l.Output
                (array ArrayPart.Weight)
                (bias c.Bias)
                x
        | Op.DepthwiseConv c ->
            convolve
                x.Shape.Channels
                c.Kernel
                c.Stride
                c.Pad
                c.Dilation
                l.Output
                (array ArrayPart.Weight)
                (bias c.Bias)
                x
        | Op.Deconv d -> deconvolve d l.Output (array ArrayPart.Weight) (bias d.Bias) x
        | Op.Upsample u -> upsample u l.Output x
        | Op.LocalResponse r ->
            build
                x.Shape
                (fun c h w ->
                    let near =
                        seq {
                            for j in c - r.Size / 2 .. c + (r.Size - 1) / 2 do
                                if j >= 0 && j < x.Shape.Channels then
                                    get x j h w ** 2.0
                        }

                    get x c h w / (r.K + r.Alpha * Seq.sum near / float r.Size) ** r.Beta
                )
        | Op.Dense d ->
            let weight = array ArrayPart.Weight
            let n = x.Data.Length

            build
                l.Output
                (fun o _ _ ->
                    bias d.Bias o
                    + Seq.sum (seq { for i in 0 .. n - 1 -> weight[o * n + i] * x.Data[i] })
                )
        | Op.BatchNorm b ->
            let scale, shift, mean, var =
                array ArrayPart.Weight,
                array ArrayPart.Bias,
                array ArrayPart.Mean,
                array ArrayPart.Variance

            build
                x.Shape
                (fun c h w -> scale[c] * (get x c h w - mean[c]) / sqrt (var[c] + b.Eps) + shift[c])
        | Op.GroupNorm g ->
            normalise (groups g.Groups x) g.Eps (array ArrayPart.Weight) (array ArrayPart.Bias) x
        | Op.LayerNorm n ->
            normalise (positions x) n.Eps (array ArrayPart.Weight) (array ArrayPart.Bias) x
        | Op.Activation a -> map (activate a) x
        | Op.PRelu ->
            let slope = array ArrayPart.Weight

            build
                x.Shape
                (fun c h w ->
                    let value = get x c h w
                    if value > 0.0 then value else slope[c] * value
                )
        | Op.LayerScale _ ->
            let scale = array ArrayPart.Weight
            build x.Shape (fun c h w -> scale[c] * get x c h w)
        | Op.Pool p -> pool p l.Output x
        | Op.GlobalPool kind ->
            let area = x.Shape.Height * x.Shape.Width

            build
                l.Output
                (fun c _ _ ->
                    let seen = Array.sub x.Data (c * area) area
                    if kind = Max then Array.max seen else Array.average seen
                )
        | Op.Dropout _ -> x
        | Op.Flatten -> {
            x with
                Shape = Shape.vector x.Data.Length
          }
        // G groups as the rows of a table that is read column by column.
        | Op.Reorder(Reorder.Shuffle g) ->
            let each = x.Shape.Channels / g
            build x.Shape (fun c h w -> get x (c % g * each + c / g) h w)
        | Op.Attention a ->
            let of' weight bias = project (array weight) (array bias) x

            {
                Shape = l.Output
                Data =
                    attend
                        a.Heads
                        (of' ArrayPart.Query ArrayPart.QueryBias)
                        (of' ArrayPart.Key ArrayPart.KeyBias)
                        (of' ArrayPart.Weight ArrayPart.Bias)
                    |> Array.concat
            }
        | Op.Tokens t ->
            let area = x.Shape.Height * x.Shape.Width
            let count = l.Output.Height

            build
                l.Output
                (fun c n _ ->
                    let own =
                        match t.WithClass, n with
                        | true, 0 -> (array ArrayPart.Token)[c]
                        | true, n -> x.Data[c * area + n - 1]
                        | false, n -> x.Data[c * area + n]

                    own + (array ArrayPart.Position)[c * count + n]
                )
        | Op.Pick -> build l.Output (fun c _ _ -> get x c 0 0)
        | Op.Reorder(Reorder.Listed order) ->
            build x.Shape (fun c h w -> get x (List.item c order) h w)

    if result.Shape <> l.Output then
        invalidOp $"{l.Name} gives {result.Shape}, not {l.Output}"

    scaled weights l.Name l.Scale result

let rec private body weights x nodes = List.fold (node weights) x nodes

and private node weights (x: Image) (n: Node) : Image =
    match n with
    | Node.Layer l -> layer weights l x
    | Node.Residual r ->
        add (scaled weights r.Name r.Scale (body weights x r.Branch)) (body weights x r.Shortcut)
    | Node.Output _ -> x
    | Node.Gate g ->
        let gate = body weights x g.Body

        if gate.Shape <> x.Shape && gate.Shape <> Shape.vector x.Shape.Channels then
            invalidOp $"{g.Name} multiplies {x.Shape} by {gate.Shape}"

        build
            x.Shape
            (fun c h w -> get x c h w * get gate c (h % gate.Shape.Height) (w % gate.Shape.Width))
    | Node.Concat c ->
        let area = x.Shape.Height * x.Shape.Width
        let mutable first = 0

        let parts = [
            for b in c.Branches do
                match c.Reads with
                | Reads.All -> body weights x b.Body
                | Reads.Parts ->
                    let own = {
                        Shape = {
                            x.Shape with
                                Channels = b.Input.Channels
                        }
                        Data = Array.sub x.Data (first * area) (b.Input.Channels * area)
                    }

                    first <- first + b.Input.Channels
                    body weights own b.Body
        ]

        {
            Shape = c.Output
            Data = parts |> List.map _.Data |> Array.concat
        }

/// The outputs of a network in evaluation mode for one image, its scores first.
let run (network: Network) (weights: Weights<float>) (image: float[]) : float[] =
    let scores, further =
        (({ Shape = network.Input; Data = image }, []), network.Body)
        ||> List.fold (fun (x, further) n ->
            match n with
            | Node.Output o -> x, (body weights x o.Body).Data :: further
            | _ -> node weights x n, further
        )

    Array.concat (scores.Data :: List.rev further)
