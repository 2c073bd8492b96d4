namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// A further output of a file.
type internal FurtherOutput = {
    /// Its name in the file.
    FileName: string
    /// Its name in the network.
    Name: string
}

/// What is known while a file is gone through, operation by operation.
type internal ImportState = {
    Model: OnnxModel
    /// How many operations read a value.
    Uses: Map<string, int>
    Values: Map<string, Value'>
    Entries: Map<int, Stage>
    Shapes: Map<int, Shape>
    Vertices: Map<int, Vertex>
    /// The number of the next vertex or entry.
    Next: int
    /// Whether the file ends in a softmax, which the network leaves out.
    EndsInSoftmax: bool
    Refusals: ImportRefusal list
}

/// Growing of it.
[<RequireQualifiedAccess>]
module internal ImportState =

    let addVertex (vertex: Vertex) (state: ImportState) : ImportState * int =
        let number = state.Next

        {
            state with
                Vertices = Map.add number vertex state.Vertices
                Next = number + 1
        },
        number

    let addEntry (shape: Shape) (entry: Stage) (state: ImportState) : ImportState * int =
        let number = state.Next

        {
            state with
                Entries = Map.add number entry state.Entries
                Shapes = Map.add number shape state.Shapes
                Next = number + 1
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
