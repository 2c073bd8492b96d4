namespace Sss.Dsl

open Sss.Core

/// `input` and `classes` or `outputs`, and the state while a file is elaborated.
module internal Header =

    type Run = {
        Known: Names.Known
        Report: MeaningProblem -> Place -> unit
    }

    let place (frame: Frame) span : Place = {
        Span = Some span
        CalledFrom = frame.CalledFrom
    }

    /// `input`, or `classes` or `outputs`: there once, before all statements.
    let single run (items: Item list) word (pick: Item -> (Span * 'T) option) (name: Span) =
        let mutable found = None
        let mutable begun = false
        // An item before the statements that was not understood may be this one.
        let mutable perhaps = false

        for item in items do
            match pick item, item with
            | Some(span, value), _ ->
                match found with
                | Some(first: Span, _) ->
                    run.Report
                        (MeaningProblem.ItemTwice(word, first.Line))
                        (place (Frame.top None) span)
                | None ->
                    if begun then
                        run.Report (MeaningProblem.ItemLate word) (place (Frame.top None) span)

                    found <- Some(span, value)
            | None, Item.Statement { Kind = StatementKind.Broken } ->
                perhaps <- perhaps || not begun
            | None, Item.Statement _ -> begun <- true
            | None, _ -> ()

        match found with
        | Some(_, value) -> Some value
        | None ->
            if not perhaps then
                run.Report (MeaningProblem.ItemMissing word) (place (Frame.top None) name)

            None

    /// Whether a shape is more likely height × width × channels: pictures have 1, 3 or 4 channels, and none is
    /// three pixels wide. One or four columns are common in series of numbers, so there the shape must be square.
    let private isChannelsLast channels height width =
        channels > 4L
        && height > 4L
        && (width = 3L || (channels = height && (width = 1L || width = 4L)))

    let inputShape run (dims: Located<int64 list>) : Shape option =
        let at = place (Frame.top None) dims.Span
        let text = dims.Value |> List.map string |> String.concat "x"

        match dims.Value with
        | [ c; h; w ] ->
            match [ c; h; w ] |> List.tryFind (fun n -> n < 1L || n > 1_000_000L) with
            | Some bad ->
                run.Report
                    (MeaningProblem.OutOfRange(
                        "a dimension of the input",
                        float bad,
                        "a whole number from 1 to 1000000"
                    ))
                    at

                None
            | None ->
                if isChannelsLast c h w then
                    run.Report (MeaningProblem.ChannelsLast(int c, int h, int w)) at

                Some(Shape.create (int c) (int h) (int w))
        | _ ->
            run.Report (MeaningProblem.InputDims text) at
            None
