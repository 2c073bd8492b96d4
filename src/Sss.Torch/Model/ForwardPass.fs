namespace Sss.Torch

open System
open Sss.Core
open TorchSharp

/// A network as a function on tensors: each node compiled once, bodies run from first to last.
[<RequireQualifiedAccess>]
module internal ForwardPass =

    let private same (a: Tensor) (b: Tensor) = obj.ReferenceEquals(a, b)

    /// Frees a value that has been read for the last time, unless it is the body's input or the
    /// result itself (a part that had nothing to do, or wrote over its input).
    let private release (input: Tensor) (value: Tensor) (result: Tensor) =
        if not (same value input) && not (same value result) then
            value.Dispose()

    /// Runs parts one after the other; what autograd does not hold is freed at once.
    let private chain (parts: Part[]) mode (x: Tensor) =
        let mutable value = x

        for part in parts do
            let next = part.Run mode value
            release x value next
            value <- next

        value

    /// The sum of two sides, written over the one that may be written over. `one`: 1, made once.
    /// Where it is left out TorchSharp makes one at each call and leaves it to its finalizer; until
    /// that comes it is between the activations' memory and keeps that from being used again.
    let private sum (one: Scalar) (x: Tensor) (a: Tensor, aFresh) (b: Tensor, bFresh) =
        let result =
            if aFresh && not (same a x) then a.add_ (b, one)
            elif bFresh && not (same b x) then b.add_ (a, one)
            else a.add (b, one)

        release x a result
        release x b result
        result

    /// The factor of a scaled branch and whether its last layer takes it up.
    let private blockFactor (arrays: Arrays) (r: Residual) =
        match r.Scale with
        | None -> None
        | Some _ -> Some(arrays.Factor(ArrayKey.make ArrayPart.Factor r.Name))

    /// Leaves the branch out for an image with this probability, and multiplies it by what keeps the
    /// mean otherwise.
    let private stochasticDepth (probability: float) : (Tensor -> Tensor) option =
        if probability = 0.0 then
            None
        else
            let kept = 1.0 - probability
            let share = (float32 kept).ToScalar()

            Some(fun a ->
                let shape = Array.init (int a.Dimensions) (fun i -> if i = 0 then a.size 0 else 1L)
                use images = torch.empty (shape, dtype = a.dtype, device = a.device)
                use _ = images.bernoulli_ kept
                use _ = images.div_ share
                a.mul images
            )

    /// Compiles nodes; `fresh` says whether the first may write over its input, `block` is the
    /// factor that the last one takes up.
    let rec private body arrays (block: Tensor option) (nodes: Node list) : Part[] * bool =
        let last = List.length nodes - 1

        let parts, fresh =
            ((false, 0), nodes)
            ||> List.mapFold (fun (fresh, n) node ->
                let part = compile arrays (if n = last then block else None) fresh node
                part, (part.Fresh, n + 1)
            )
            |> fun (parts, (fresh, _)) -> parts, fresh

        Array.ofList parts, fresh

    and private compile arrays block fresh (node: Node) : Part =
        match node with
        | Node.Layer layer -> LayerParts.layer arrays block fresh layer
        | Node.Residual r -> residual arrays r
        | Node.Gate g -> gate arrays g
        | Node.Concat c -> concat arrays c
        // Only in the network's own body, where `stretches` takes them out.
        | Node.Output _ -> { Run = (fun _ x -> x); Fresh = false }

    and private residual arrays (r: Residual) : Part =
        let factor = blockFactor arrays r

        let within =
            if Network.lastLayer r.Branch |> Option.exists (fun last -> Op.takesFactor last.Op) then
                factor
            else
                None

        let branch, branchFresh = body arrays within r.Branch
        let shortcut, shortcutFresh = body arrays None r.Shortcut
        // A branch that ends in something else (no text can say so) has its output multiplied.
        let outside = if within.IsSome then None else factor
        let one = (1.0f).ToScalar()
        let depth = stochasticDepth r.Drop

        let run mode (x: Tensor) =
            let a = chain branch mode x

            let a, aFresh =
                match outside with
                | None -> a, branchFresh
                | Some f ->
                    let scaled = a.mul f

                    let scaled =
                        if arrays.IsLow then
                            use wide = scaled
                            Products.lowered wide
                        else
                            scaled

                    release x a scaled
                    scaled, true

            let a, aFresh =
                match depth with
                | Some depth when mode = Training ->
                    let kept = depth a
                    release x a kept
                    kept, true
                | Some _
                | None -> a, aFresh

            sum one x (a, aFresh) (chain shortcut mode x, shortcutFresh)

        { Run = run; Fresh = true }

    and private gate arrays (g: Gate) : Part =
        let parts, _ = body arrays None g.Body

        let run mode (x: Tensor) =
            let gate = chain parts mode x
            let product = x.mul gate
            release x gate product
            product

        { Run = run; Fresh = true }

    and private concat arrays (c: Concat) : Part =
        let first =
            match c.Reads with
            | Reads.All -> List.map (fun _ -> None) c.Branches
            | Reads.Parts ->
                c.Branches
                |> List.mapFold (fun first b -> Some first, first + int64 b.Input.Channels) 0L
                |> fst

        let branch (b: Branch) first : Mode -> Tensor -> Tensor =
            let parts, _ = body arrays None b.Body

            match first with
            | None -> chain parts
            | Some first ->
                fun mode x ->
                    let part = x.narrow (1L, first, int64 b.Input.Channels)
                    let result = chain parts mode part
                    release x part result
                    result

        let branches = List.map2 branch c.Branches first |> Array.ofList

        let run mode (x: Tensor) =
            let outputs = branches |> Array.map (fun branch -> branch mode x)
            let joined = torch.cat (outputs, 1L)

            for output in outputs do
                release x output joined

            joined

        { Run = run; Fresh = true }

    /// The images with their channels last in memory, copied where they are not in this order yet. oneDNN reads and writes this order as
    /// it is; for the other it reorders what goes into and comes out of every convolution. What
    /// follows the first convolution takes the order over from it.
    let private channelsLast isLow (x: Tensor) =
        let n, c, h, w = x.size 0, x.size 1, x.size 2, x.size 3
        let strides = [| c * h * w; 1L; w * c; c |]

        let dtype = if isLow then ScalarType.BFloat16 else x.dtype

        // Axis by axis: if all are requested at once, TorchSharp leaves a stub in native memory.
        let actual = Array.init strides.Length (fun axis -> x.stride axis)

        if actual = strides && x.dtype = dtype then
            x.alias ()
        else
            torch
                .empty_strided([| n; c; h; w |], strides, dtype = Nullable dtype, device = x.device)
                .copy_
                x

    /// A part of a network's own body, up to a further output or to its end.
    [<Struct>]
    type private Stretch = {
        Parts: Part[]
        Output: Part[] voption
    }

    /// A network's own body, cut after each further output. What reads a value that a further output has read never writes
    /// over it, since a stretch starts with a value that may not be written over.
    let private stretches arrays (nodes: Node list) : Stretch[] =
        let compiled nodes = fst (body arrays None (List.rev nodes))

        let last, found =
            (([], []), nodes)
            ||> List.fold (fun (before, found) node ->
                match node with
                | Node.Output o ->
                    [],
                    {
                        Parts = compiled before
                        Output = ValueSome(fst (body arrays None o.Body))
                    }
                    :: found
                | Node.Layer _
                | Node.Residual _
                | Node.Gate _
                | Node.Concat _ -> node :: before, found
            )

        let last = {
            Parts = compiled last
            Output = ValueNone
        }

        Array.ofList (List.rev (last :: found))

    /// Values of a batch as N rows of single precision.
    let private rows (arrays: Arrays) (images: Tensor) (isRead: bool) (value: Tensor) =
        let flat = value.flatten 1L

        if not isRead then
            release images value flat

        if arrays.IsLow then
            use low = flat
            low.``to`` ScalarType.Float32
        else
            flat

    /// The whole network: N×C×H×W images to N rows of values, the scores and then those of the further outputs.
    let compileNetwork (arrays: Arrays) (network: Network) : Mode -> Tensor -> Tensor =
        let stretches = stretches arrays network.Body

        fun mode x ->
            use images = channelsLast arrays.IsLow x
            let further = ResizeArray<Tensor>()
            let mutable value: Tensor = images

            for stretch in stretches do
                let next = chain stretch.Parts mode value
                release images value next
                value <- next

                match stretch.Output with
                | ValueSome parts ->
                    let given = chain parts mode value
                    further.Add(rows arrays images (same given value) given)
                | ValueNone -> ()

            let scores = rows arrays images false value

            if further.Count = 0 then
                scores
            else
                let all = torch.cat (Seq.append [ scores ] further |> Array.ofSeq, 1L)
                scores.Dispose()

                for given in further do
                    given.Dispose()

                all
