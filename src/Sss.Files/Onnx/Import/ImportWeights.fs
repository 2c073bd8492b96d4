namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Products with matrices, and normalisations.
[<RequireQualifiedAccess>]
module internal ImportWeights =

    let private tensor = ImportState.tensor

    /// Rows times columns: the last axis, which is all channels or everything, is read by `weight`, out × in.
    let private linear
        (n: OnnxNode)
        out
        (weight: float32[])
        (bias: float32[] option)
        (c: Computed)
        (state: ImportState)
        =
        result {
            let! state, vertex = Commit.vertex c.Entry state
            let s = state.Vertices[vertex].Shape
            let last = List.last c.View
            let before = c.View |> List.take (c.View.Length - 1)
            let dims = List.take (c.Dims.Length - 1) c.Dims @ [ out ]
            let count = int (Shape.count s)

            let biases = [
                match bias with
                | Some b -> ArrayPart.Bias, tensor [ out ] b
                | None -> ()
            ]

            if
                last = View.whole s
                && List.forall List.isEmpty before
                && weight.Length = out * count
            then
                let op = Op.Dense { Out = out; Bias = bias.IsSome }
                let arrays = (ArrayPart.Weight, tensor [ out; count ] weight) :: biases
                let! state, number = ImportState.addLayer n.Name op arrays vertex state

                return
                    ImportState.giveVertex
                        n.Outputs.Head
                        dims
                        (before @ [ View.run 1 out ])
                        number
                        state
            elif last = View.channels s && weight.Length = out * s.Channels then
                let op =
                    Op.Conv {
                        Out = out
                        Kernel = Size.square 1
                        Stride = Size.square 1
                        Pad = Padding.none
                        Dilation = Size.square 1
                        Groups = 1
                        Bias = bias.IsSome
                    }

                let arrays = (ArrayPart.Weight, tensor [ out; s.Channels; 1; 1 ] weight) :: biases
                let! state, number = ImportState.addLayer n.Name op arrays vertex state
                let made = View.channels state.Vertices[number].Shape
                return ImportState.giveVertex n.Outputs.Head dims (before @ [ made ]) number state
            else
                return! Error "the last extent of what it reads is not all channels"
        }

    /// A matrix of two extents as out × in.
    let private matrix isTransposed (c: Constant) : Result<int * float32[], string> =
        match c.Dims with
        | [ a; b ] when a > 0 && b > 0 ->
            if isTransposed then
                Ok(a, Constant.floats c)
            else
                Ok(b, Constant.floats (Constant.transpose [ 1; 0 ] c))
        | _ -> Error "its matrix does not have two extents"

    let private gemm (n: OnnxNode) (inputs: Value' option list) (c: Computed) state =
        result {
            match List.tryItem 1 inputs |> Option.flatten with
            | Some(Value'.Constant weight) ->
                let! out, data = matrix (Setting.whole "transB" 0L n = 1L) weight
                let alpha, beta = Setting.real "alpha" 1.0 n, Setting.real "beta" 1.0 n

                let scaled factor values =
                    if factor = 1.0 then
                        values
                    else
                        Array.map (fun v -> float32 factor * v) values

                if Setting.whole "transA" 0L n <> 0L then
                    return! Error "it turns rows into columns"

                let! bias =
                    match List.tryItem 2 inputs |> Option.flatten with
                    | None -> Ok None
                    | Some(Value'.Constant b) when Constant.length b = out ->
                        Ok(Some(scaled beta (Constant.floats b)))
                    | Some(Value'.Constant b) when Constant.length b = 1 ->
                        Ok(Some(scaled beta (Array.create out (Constant.floats b |> Array.head))))
                    | Some _ -> Error "its biases are no constants of its channels"

                return! linear n out (scaled alpha data) bias c state
            | _ -> return! Error "its weights are not constant"
        }

    let private vectors (channels: int) (inputs: Value' option list) (indices: int list) =
        indices
        |> List.traverseResultM (fun i ->
            match List.tryItem i inputs |> Option.flatten with
            | Some(Value'.Constant v) when Constant.length v = channels -> Ok(Constant.floats v)
            | Some(Value'.Constant _) -> Error $"its constants are not for {channels} channels"
            | Some(Value'.Computed _)
            | Some Value'.Unknown
            | None -> Error "its constants depend on the image"
        )

    let private batchNorm (n: OnnxNode) inputs (c: Computed) state =
        result {
            if Setting.whole "training_mode" 0L n <> 0L then
                return! Error "it normalises by the batch; export the network for inference"

            let! state, c, vertex = Canonical.make c state
            let channels = state.Vertices[vertex].Shape.Channels
            let! arrays = vectors channels inputs [ 1; 2; 3; 4 ]
            let parts = [ ArrayPart.Weight; ArrayPart.Bias; ArrayPart.Mean; ArrayPart.Variance ]

            let momentum =
                1.0 - Setting.real "momentum" 0.9 n
                |> float32
                |> Constant.decimal
                |> (fun m -> System.Math.Round(m, 6))

            let op =
                Op.BatchNorm {
                    Eps = Setting.real "epsilon" 1e-5 n
                    Momentum = max 0.0 (min 1.0 momentum)
                }

            let arrays =
                List.map2 (fun part data -> part, tensor [ channels ] data) parts arrays

            let! state, number = ImportState.addLayer n.Name op arrays vertex state
            return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
        }

    let private norm name op gain shift isOpen vertex state =
        result {
            let channels = Array.length gain

            let! state, number =
                ImportState.addLayer
                    name
                    op
                    [
                        ArrayPart.Weight, tensor [ channels ] gain
                        ArrayPart.Bias, tensor [ channels ] shift
                    ]
                    vertex
                    state

            let made = {
                state.Vertices[number] with
                    IsOpen = isOpen
            }

            return
                {
                    state with
                        Vertices = Map.add number made state.Vertices
                },
                number
        }

    /// Over the channels of each group, as files write group normalisation: the groups are the channels
    /// of an instance normalisation.
    let private instanceNorm (n: OnnxNode) inputs (c: Computed) (state: ImportState) =
        result {
            let! state, vertex = Commit.vertex c.Entry state
            let s = state.Vertices[vertex].Shape
            let groups = List.tryItem 1 c.Dims |> Option.defaultValue 0
            let rest = c.View |> List.skip (min 2 c.View.Length) |> List.concat |> View.merged

            if groups < 1 || s.Channels % groups <> 0 then
                return! Error "its channels are not those of a layer or of groups"

            let each = s.Channels / groups
            let inner = View.run 1 (each * int (Shape.area s))

            if c.View[1] <> View.run (each * int (Shape.area s)) groups || rest <> inner then
                return! Error "its channels are not those of a layer or of groups"

            let! arrays = vectors groups inputs [ 1; 2 ]

            let spread (values: float32[]) =
                Array.init s.Channels (fun i -> values[i / each])

            let op =
                Op.GroupNorm {
                    Groups = groups
                    Eps = Setting.real "epsilon" 1e-5 n
                }

            let! state, number =
                norm n.Name op (spread arrays[0]) (spread arrays[1]) true vertex state

            return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
        }

    let private layerNorm
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        (state: ImportState)
        =
        result {
            let! state, vertex = Commit.vertex c.Entry state
            let s = state.Vertices[vertex].Shape
            let! axis = Extents.axis c.Dims.Length (Setting.whole "axis" -1L n)

            if axis <> c.Dims.Length - 1 || List.last c.View <> View.channels s then
                return! Error "it normalises over something other than all channels"

            let! gain = vectors s.Channels inputs [ 1 ]

            let! shift =
                match List.tryItem 2 inputs |> Option.flatten with
                | None -> Ok(Array.zeroCreate s.Channels)
                | Some _ -> vectors s.Channels inputs [ 2 ] |> Result.map List.head

            let op = Op.LayerNorm { Eps = Setting.real "epsilon" 1e-5 n }
            let! state, number = norm n.Name op gain.Head shift false vertex state
            return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
        }

    /// The end of a layer normalisation that is written in several operations.
    let layerNormOf name entry eps (state: ImportState) : Result<ImportState * int, string> =
        result {
            let! state, vertex = Commit.vertex entry state
            let channels = state.Vertices[vertex].Shape.Channels

            return!
                norm
                    name
                    (Op.LayerNorm { Eps = eps })
                    (Array.create channels 1.0f)
                    (Array.zeroCreate channels)
                    true
                    vertex
                    state
        }

    let private prelu (n: OnnxNode) (inputs: Value' option list) (c: Computed) state =
        result {
            let! state, c, vertex = Canonical.make c state
            let channels = state.Vertices[vertex].Shape.Channels

            match List.tryItem 1 inputs |> Option.flatten with
            | Some(Value'.Constant slope) when List.contains (Constant.length slope) [ 1; channels ] ->
                let slopes = Constant.floats slope
                let data = Array.init channels (fun i -> slopes[i % slopes.Length])

                let! state, number =
                    ImportState.addLayer
                        n.Name
                        Op.PRelu
                        [ ArrayPart.Weight, tensor [ channels ] data ]
                        vertex
                        state

                return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
            | _ -> return! Error "its slopes are not one for each channel"
        }

    /// Kinds of operations that are read here.
    let kinds = [
        "Gemm"
        "MatMul"
        "BatchNormalization"
        "InstanceNormalization"
        "LayerNormalization"
        "PRelu"
    ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        state
        : Result<ImportState, string> option =
        match n.Kind, List.tryItem 1 inputs with
        | "Gemm", _ -> Some(gemm n inputs c state)
        | "MatMul", Some(Some(Value'.Constant weight)) ->
            Some(
                matrix false weight
                |> Result.bind (fun (out, data) -> linear n out data None c state)
            )
        | "BatchNormalization", _ -> Some(batchNorm n inputs c state)
        | "InstanceNormalization", _ -> Some(instanceNorm n inputs c state)
        | "LayerNormalization", _ -> Some(layerNorm n inputs c state)
        | "PRelu", _ -> Some(prelu n inputs c state)
        | _ -> None
