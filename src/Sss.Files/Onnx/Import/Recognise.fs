namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Goes through a file, operation by operation, and says what each value is for the network.
[<RequireQualifiedAccess>]
module internal Recognise =

    /// Operations that are read in some form; others are refused even after a refused one.
    let private known =
        List.concat [
            ImportViews.kinds
            ImportWindows.kinds
            ImportImages.kinds
            ImportWeights.kinds
            ImportAttention.kinds
            ImportPointwise.kinds
            Fold.kinds
        ]
        |> set

    let private refuse (n: OnnxNode) reason (state: ImportState) : ImportState =
        let refusal = {
            Node = n.Name
            Operation = n.Kind
            Reads = n.Inputs |> List.filter (fun name -> name <> "")
            Reason = reason
        }

        ({
            state with
                Refusals = refusal :: state.Refusals
         },
         n.Outputs)
        ||> List.fold (fun state output -> ImportState.give output Value'.Unknown state)

    let private unknown (n: OnnxNode) state =
        (state, n.Outputs)
        ||> List.fold (fun state output -> ImportState.give output Value'.Unknown state)

    /// An operation on values that depend on the image.
    let private computed
        (n: OnnxNode)
        (inputs: Value' option list)
        state
        : Result<ImportState, string> =
        let first =
            inputs
            |> List.tryPick (
                function
                | Some(Value'.Computed c) -> Some c
                | Some(Value'.Constant _)
                | Some Value'.Unknown
                | None -> None
            )

        let isFirst =
            match inputs with
            | Some(Value'.Computed _) :: _ -> true
            | _ -> false

        let own handler =
            match first with
            | Some c when isFirst -> handler n inputs c state
            | Some _
            | None -> None

        own ImportViews.tryNode
        |> Option.orElseWith (fun () -> own ImportWindows.tryNode)
        |> Option.orElseWith (fun () -> own ImportImages.tryNode)
        |> Option.orElseWith (fun () -> own ImportWeights.tryNode)
        |> Option.orElseWith (fun () -> ImportAttention.tryNode n inputs state)
        |> Option.orElseWith (fun () -> ImportPointwise.tryNode n inputs state)
        |> Option.defaultValue (
            Error(
                if known.Contains n.Kind then
                    "it is not supported with these inputs"
                else
                    "it is not supported"
            )
        )

    let private step (state: ImportState) (n: OnnxNode) : ImportState =
        let look name : Result<Value' option, string> =
            if name = "" then
                Ok None
            else
                match Map.tryFind name state.Values with
                | Some value -> Ok(Some value)
                | None -> Error $"it reads {name}, which nothing before it gives"

        match List.traverseResultM look n.Inputs with
        | _ when n.Domain <> "" && n.Domain <> "ai.onnx" ->
            refuse n $"operations of {n.Domain} are not supported" state
        | _ when n.Outputs.IsEmpty -> state
        | Error reason -> refuse n reason state
        | Ok inputs ->
            let isUnknown = inputs |> List.exists (fun v -> v = Some Value'.Unknown)

            let isComputed =
                inputs
                |> List.exists (
                    function
                    | Some(Value'.Computed _) -> true
                    | Some(Value'.Constant _)
                    | Some Value'.Unknown
                    | None -> false
                )

            if isUnknown then
                if known.Contains n.Kind then
                    unknown n state
                else
                    refuse n "it is not supported" state
            elif isComputed then
                match computed n inputs state with
                | Ok next -> next
                | Error reason -> refuse n reason state
            else
                match Fold.tryNode (ImportViews.constants inputs) n with
                | Some(Ok c) -> ImportState.give n.Outputs.Head (Value'.Constant c) state
                | Some(Error reason) -> refuse n reason state
                | None -> refuse n "it is not supported on constants" state

    /// The size of the image: what the file says, or what is given where it leaves it open.
    let private imageOf
        (given: Shape option)
        (model: OnnxModel)
        : Result<string * Shape, ImportError> =
        let fail reason =
            Error(ImportError.Graph(model.Path, reason))

        match model.Inputs with
        | [ input ] ->
            let fits (found: int64 option) (wanted: int) =
                match found with
                | None -> true
                | Some d -> d = int64 wanted

            match input.Dims, given with
            | [ _; c; h; w ], Some s when fits c s.Channels && fits h s.Height && fits w s.Width ->
                Ok(input.Name, s)
            | [ _; Some c; Some h; Some w ], None when
                [ c; h; w ] |> List.forall (fun d -> d > 0L && d <= 1000000L)
                ->
                Ok(input.Name, Shape.create (int c) (int h) (int w))
            | [ _; _; _; _ ], None -> Error(ImportError.OpenSize model.Path)
            | [ _; c; h; w ], Some s ->
                let shown d =
                    d |> Option.map string |> Option.defaultValue "?"

                fail $"its image is {shown c}x{shown h}x{shown w}, not {s}"
            | dims, _ ->
                fail
                    $"its input {input.Name} has {dims.Length} extents; an image has batch, channels, height and width"
        | [] -> fail "it has no input"
        | inputs ->
            let names = inputs |> List.map (fun i -> i.Name) |> String.concat ", "
            fail $"it has {inputs.Length} inputs ({names}); a network of the language has one"

    let private usesOf (model: OnnxModel) : Map<string, int> =
        Seq.append (model.Nodes |> Seq.collect (fun n -> n.Inputs)) model.Outputs
        |> Seq.countBy id
        |> Map.ofSeq

    let private start (model: OnnxModel) name (image: Shape) : ImportState =
        let state = {
            Model = model
            Uses = usesOf model
            Values = model.Constants |> Map.map (fun _ c -> Value'.Constant c)
            Entries = Map.empty
            Shapes = Map.empty
            Vertices = Map.empty
            Next = 0
            EndsInSoftmax = false
            Refusals = []
        }

        let state, vertex = ImportState.addJoin "" Made.Image image state

        ImportState.giveVertex
            name
            [ 1; image.Channels; image.Height; image.Width ]
            (View.image image)
            vertex
            state

    /// A name of the language for a further output.
    let private labelOf (name: string) : string =
        let letters =
            name
            |> String.map (fun c -> if System.Char.IsAsciiLetterOrDigit c then c else '_')

        let isAutomatic =
            AutomaticName.split letters
            |> Option.exists (fun (word, _) -> AutomaticName.isWord word)

        if letters = "" || System.Char.IsAsciiDigit letters[0] then
            "out_" + letters
        elif isAutomatic || Node.takenNames.Contains letters then
            letters + "_out"
        else
            letters

    /// The vertices of the outputs after the first, and those outputs that cannot be read.
    let private further (state: ImportState) (names: string list) =
        ((state, [], []), names)
        ||> List.fold (fun (state, read, unread) name ->
            match Map.tryFind name state.Values with
            | Some(Value'.Computed c) ->
                match Canonical.make c state with
                | Ok(state, _, vertex) ->
                    let output = { FileName = name; Name = labelOf name }

                    state, (output, vertex) :: read, unread
                | Error reason -> state, read, (name, reason) :: unread
            | Some Value'.Unknown -> state, read, (name, "it ends in a softmax") :: unread
            | Some(Value'.Constant _)
            | None -> state, read, (name, "it does not depend on the input") :: unread
        )
        |> fun (state, read, unread) -> state, List.rev read, List.rev unread

    /// All values of a file, the vertex that the file gives, and those of its further outputs; and the names of outputs that cannot
    /// be read, with the reason.
    let run
        (given: Shape option)
        (model: OnnxModel)
        : Result<
            ImportState * int * (FurtherOutput * int) list * (string * string) list,
            ImportError
           >
        =
        let graph reason = ImportError.Graph(model.Path, reason)

        result {
            let! name, image = imageOf given model
            let state = List.fold step (start model name image) model.Nodes

            if not state.Refusals.IsEmpty then
                return! Error(ImportError.Operations(model.Path, List.rev state.Refusals))

            match
                model.Outputs
                |> List.tryHead
                |> Option.bind (fun o -> Map.tryFind o state.Values)
            with
            | Some(Value'.Computed c) ->
                let! state, _, vertex = Canonical.make c state |> Result.mapError graph
                let s = state.Vertices[vertex].Shape
                let state, read, unread = further state model.Outputs.Tail

                if Shape.area s > 1L then
                    let! state, flat =
                        ImportState.addLayer "" Op.Flatten [] vertex state |> Result.mapError graph

                    return state, flat, read, unread
                else
                    return state, vertex, read, unread
            | Some(Value'.Constant _)
            | Some Value'.Unknown
            | None -> return! Error(graph "its output does not depend on its input")
        }
