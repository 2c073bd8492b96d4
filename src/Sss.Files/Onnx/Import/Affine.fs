namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Channels multiplied by constants, and constants added to them.
[<RequireQualifiedAccess>]
module internal Affine =

    let private vector (data: float32[]) = ImportState.tensor [ data.Length ] data

    /// A layer that does nothing but multiply and add, in training too.
    let private affine name (gain: float32[]) (shift: float32[]) input state =
        let one = Size.square 1

        let op =
            Op.DepthwiseConv {
                Kernel = one
                Stride = one
                Pad = Padding.none
                Dilation = one
                Bias = true
            }

        let arrays = [
            ArrayPart.Weight, ImportState.tensor [ gain.Length; 1; 1; 1 ] gain
            ArrayPart.Bias, vector shift
        ]

        ImportState.addLayer name op arrays input state

    /// Whether an operation can take up what is added to its channels, and with that a gain.
    let private takesShift (vertex: Vertex) =
        match vertex.Made with
        | Made.Layer(op, _) ->
            Op.takesShift op && Option.isNone (Map.tryFind ArrayPart.Query vertex.Arrays)
        | Made.Image
        | Made.Sum _
        | Made.Product _
        | Made.Joined _
        | Made.Part _ -> false

    let private multiplied (gain: float32[]) (t: Tensor<float32>) =
        let each = t.Data.Length / gain.Length

        {
            t with
                Data = t.Data |> Array.mapi (fun i v -> v * gain[i / each])
        }

    /// The layer with its channels multiplied.
    let private gained (gain: float32[]) (vertex: Vertex) : Vertex = {
        vertex with
            Arrays =
                vertex.Arrays
                |> Map.map (fun part t ->
                    match part with
                    | ArrayPart.Weight
                    | ArrayPart.Bias -> multiplied gain t
                    | ArrayPart.Mean
                    | ArrayPart.Variance
                    | ArrayPart.Query
                    | ArrayPart.QueryBias
                    | ArrayPart.Key
                    | ArrayPart.KeyBias
                    | ArrayPart.Position
                    | ArrayPart.Token
                    | ArrayPart.Factor -> t
                )
    }

    /// The layer with something added to its channels.
    let private shifted (shift: float32[]) (vertex: Vertex) (state: ImportState) : Vertex =
        let bias =
            match Map.tryFind ArrayPart.Bias vertex.Arrays with
            | Some t -> Array.map2 (+) t.Data shift
            | None -> shift

        {
            vertex with
                Arrays = Map.add ArrayPart.Bias (vector bias) vertex.Arrays
                IsOpen = false
                Made =
                    match vertex.Made with
                    | Made.Layer(op, input) ->
                        Made.Layer(Op.withBias op state.Vertices[input].Shape vertex.Shape, input)
                    | Made.Image
                    | Made.Sum _
                    | Made.Product _
                    | Made.Joined _
                    | Made.Part _ -> vertex.Made
        }

    let private replace number vertex (state: ImportState) = {
        state with
            Vertices = Map.add number vertex state.Vertices
    }

    /// Channels multiplied by constants: in an open normalisation, else a `layerscale`.
    let multiply name (gain: float32[]) isSole input (state: ImportState) =
        let before = state.Vertices[input]

        if isSole && before.IsOpen then
            Ok(replace input (gained gain before) state, input)
        else
            // What it would start with: the number that all channels have, or the language's own start.
            let start =
                if Array.forall (fun g -> g = gain[0]) gain then
                    Constant.decimal gain[0]
                else
                    1e-6

            ImportState.addLayer
                name
                (Op.LayerScale { Init = start })
                [ ArrayPart.Weight, vector gain ]
                input
                state
            |> Result.map (fun (state, number) ->
                let vertex = {
                    state.Vertices[number] with
                        IsOnlyReader = isSole
                }

                replace number vertex state, number
            )

    /// What a `layerscale` reads.
    let private scaled (vertex: Vertex) : int option =
        match vertex.Made with
        | Made.Layer(op, input) when
            (Op.facts op).Affine.IsSome
            && (Op.facts op).Bias.IsNone
            && vertex.Arrays.Count = 1
            ->
            Some input
        | Made.Layer _
        | Made.Image
        | Made.Sum _
        | Made.Product _
        | Made.Joined _
        | Made.Part _ -> None

    /// Constants added to channels: in the layer before, with a multiplication that stands between, else
    /// as a `dwconv` of one position.
    let add name (shift: float32[]) isSole input (state: ImportState) =
        let before = state.Vertices[input]

        match scaled before with
        | Some inner when isSole ->
            let gain = before.Arrays[ArrayPart.Weight].Data
            let target = state.Vertices[inner]

            if before.IsOnlyReader && takesShift target then
                Ok(replace inner (shifted shift (gained gain target) state) state, inner)
            else
                affine name gain shift inner state
        | _ when isSole && takesShift before ->
            Ok(replace input (shifted shift before state) state, input)
        | _ -> affine name (Array.create shift.Length 1.0f) shift input state
