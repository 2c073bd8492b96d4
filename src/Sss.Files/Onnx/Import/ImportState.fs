namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// How a value of the network comes about. Numbers are those of other vertices.
[<RequireQualifiedAccess>]
type internal Made =
    | Image
    | Layer of Op * input: int
    | Sum of int * int
    | Product of int * int
    /// The channels of all, in order.
    | Joined of int list
    /// Some channels, one after the other.
    | Part of input: int * first: int * count: int

/// A value of the network: what the language has a layer or a join for.
type internal Vertex = {
    /// Of the operation that gives it; empty where the file has none for it.
    Name: string
    Made: Made
    Shape: Shape
    Arrays: Map<ArrayPart, Tensor<float32>>
    /// A normalisation whose scale and shift may follow as operations of their own.
    IsOpen: bool
    /// Whether the value that a `layerscale` reads is read by nothing else.
    IsOnlyReader: bool
}

/// The last operation of a formula.
type internal LastStep =
    | OfOne
    /// The file's word, and the two values.
    | OfTwo of kind: string * int * int

/// What a value of the file is before it is known what it becomes.
[<RequireQualifiedAccess>]
type internal Stage =
    | Vertex of int
    /// Element by element.
    | Formula of Pointwise
    /// A step of something that is one layer in the end.
    | Piece of Piece

/// A value that is computed element by element.
and internal Pointwise = {
    Name: string
    /// The values that it is a function of, each alone, with that function; nearest first.
    Of: (int * Term) list
    Last: LastStep
    /// Whether nothing else reads what it is made of.
    IsOnlyReader: bool
}

/// Steps of layers that are written in several operations. Numbers are those of entries.
and [<RequireQualifiedAccess>] internal Piece =
    /// Mean over channels.
    | Mean of int
    | Centred of int
    | Squared of int
    | Variance of int
    | Stabilised of int * eps: float
    | Deviation of int * eps: float
    /// Zeros put around a value.
    | Padded of int * Sides
    /// A trained position in front of the rows of a value.
    | WithToken of int * float32[]
    /// Queries times keys; vertices.
    | Scores of query: int * key: int * heads: int * gain: float
    | Shares of query: int * key: int * heads: int * gain: float

/// A value of the file that depends on the image.
type internal Computed = {
    /// As the file has them; the batch is 1.
    Dims: int list
    /// In the numbers of the entry's own value.
    View: View
    Entry: int
    /// Whether nothing else reads the value behind the view.
    IsSole: bool
}

/// A value of the file.
[<RequireQualifiedAccess>]
type internal Value' =
    | Constant of Constant
    | Computed of Computed
    /// What an operation gives that was refused.
    | Unknown

/// What is known while a file is gone through, operation by operation.
type internal ImportState = {
    Model: OnnxModel
    /// How many operations read a value.
    Uses: Map<string, int>
    Values: Map<string, Value'>
    Entries: Map<int, Stage>
    Shapes: Map<int, Shape>
    Vertices: Map<int, Vertex>
    /// Whether the file ends in a softmax, which the network leaves out.
    EndsInSoftmax: bool
    Refusals: ImportRefusal list
}

/// Growing of it.
[<RequireQualifiedAccess>]
module internal ImportState =

    let addVertex (vertex: Vertex) (state: ImportState) : ImportState * int =
        let number = state.Vertices.Count

        {
            state with
                Vertices = Map.add number vertex state.Vertices
        },
        number

    let addEntry (shape: Shape) (entry: Stage) (state: ImportState) : ImportState * int =
        let number = state.Entries.Count

        {
            state with
                Entries = Map.add number entry state.Entries
                Shapes = Map.add number shape state.Shapes
        },
        number

    let usesOf name (state: ImportState) =
        Map.tryFind name state.Uses |> Option.defaultValue 0

    let private plain name made shape : Vertex = {
        Name = name
        Made = made
        Shape = shape
        Arrays = Map.empty
        IsOpen = false
        IsOnlyReader = false
    }

    /// A layer, if its settings fit its input.
    let addLayer name (op: Op) arrays (input: int) state : Result<ImportState * int, string> =
        match Op.output op state.Vertices[input].Shape with
        | Ok shape ->
            let vertex = {
                plain name (Made.Layer(op, input)) shape with
                    Arrays = Map.ofList arrays
            }

            Ok(addVertex vertex state)
        | Error _ ->
            Error
                $"`{Op.word op}` with these settings does not fit an input of {state.Vertices[input].Shape}"

    let addJoin name made shape state : ImportState * int = addVertex (plain name made shape) state

    let tensor shape data : Tensor<float32> = { Shape = shape; Data = data }

    let private vector (data: float32[]) = tensor [ data.Length ] data

    /// Normalisation that does nothing but multiply and add.
    let private affine name (gain: float32[]) (shift: float32[]) input state =
        let eps = 1e-5

        addLayer
            name
            (Op.BatchNorm { Eps = eps; Momentum = 0.1 })
            [
                ArrayPart.Weight, vector gain
                ArrayPart.Bias, vector shift
                ArrayPart.Mean, vector (Array.zeroCreate gain.Length)
                ArrayPart.Variance, vector (Array.create gain.Length (float32 (1.0 - eps)))
            ]
            input
            state

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

            addLayer
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
    /// as a `bn`.
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

    let private words (step: Piece) =
        match step with
        | Piece.Mean _ -> "a mean over channels"
        | Piece.Centred _
        | Piece.Squared _
        | Piece.Variance _
        | Piece.Stabilised _
        | Piece.Deviation _ -> "a step of a normalisation"
        | Piece.Padded _ -> "a padding that no convolution or pool follows"
        | Piece.WithToken _ -> "a position put in front"
        | Piece.Scores _
        | Piece.Shares _ -> "a step of an attention"

    /// The value as one of the network.
    let rec commit (entry: int) (state: ImportState) : Result<ImportState * int, string> =
        match state.Entries[entry] with
        | Stage.Vertex number -> Ok(state, number)
        | Stage.Piece step -> Error $"it reads {words step}, which is no layer"
        | Stage.Formula formula ->
            formulaVertex formula state
            |> Result.map (fun (state, number) ->
                {
                    state with
                        Entries = Map.add entry (Stage.Vertex number) state.Entries
                },
                number
            )

    and private formulaVertex (f: Pointwise) state =
        let activation =
            f.Of
            |> List.tryPick (fun (of', term) ->
                Formula.tryActivation term |> Option.map (fun a -> of', a)
            )

        let line =
            lazy
                (f.Of
                 |> List.tryPick (fun (of', term) ->
                     Formula.tryLine term |> Option.map (fun l -> of', l)
                 ))

        match activation, f.Last with
        | Some(of', activation), _ ->
            commit of' state
            |> Result.bind (fun (state, input) ->
                addLayer f.Name (Op.Activation activation) [] input state
            )
        | None, OfTwo(("Add" | "Mul") as kind, a, b) ->
            commit a state
            |> Result.bind (fun (state, a) ->
                commit b state
                |> Result.map (fun (state, b) ->
                    let made = if kind = "Add" then Made.Sum(a, b) else Made.Product(a, b)
                    addJoin f.Name made state.Vertices[a].Shape state
                )
            )
        | None, _ when line.Value.IsSome ->
            let of', (gain, shift) = line.Value.Value

            commit of' state
            |> Result.bind (fun (state, input) ->
                let channels = state.Vertices[input].Shape.Channels
                let constant (value: float) = Array.create channels (float32 value)

                match gain, shift with
                | 1.0, 0.0 -> Ok(state, input)
                | 1.0, _ -> add f.Name (constant shift) f.IsOnlyReader input state
                | _, 0.0 -> multiply f.Name (constant gain) f.IsOnlyReader input state
                | _ ->
                    multiply "" (constant gain) f.IsOnlyReader input state
                    |> Result.bind (fun (state, number) ->
                        add f.Name (constant shift) true number state
                    )
            )
        | None, OfTwo(kind, _, _) -> Error $"no layer computes what this `{kind}` ends"
        | None, OfOne -> Error "no layer computes this function"

    /// The operation's value, under the name of its output.
    let give (output: string) (value: Value') (state: ImportState) : ImportState = {
        state with
            Values = Map.add output value state.Values
    }

    /// A vertex as the value of an operation.
    let giveVertex output dims view vertex (state: ImportState) : ImportState =
        let state, entry = addEntry state.Vertices[vertex].Shape (Stage.Vertex vertex) state

        give
            output
            (Value'.Computed {
                Dims = dims
                View = view
                Entry = entry
                IsSole = usesOf output state <= 1
            })
            state

    /// The same value in another view.
    let giveView output dims view (c: Computed) (state: ImportState) : ImportState =
        give
            output
            (Value'.Computed {
                c with
                    Dims = dims
                    View = view
                    IsSole = c.IsSole && usesOf output state <= 1
            })
            state

    let shape (c: Computed) (state: ImportState) : Shape = state.Shapes[c.Entry]
