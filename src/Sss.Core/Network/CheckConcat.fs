namespace Sss.Core

open Sss.Core.CheckValue
open Sss.Core.CheckRun

/// Concatenations and splits.
module internal CheckConcat =

    /// The shape of a concatenation, from the shapes of its branches with their numbers.
    let private joined
        run
        (concat: DraftConcat)
        (branches: (Shape option * int) list)
        : Shape option =
        let first = branches |> List.tryPick fst
        let isKnown = branches |> List.forall (fun (shape, _) -> shape.IsSome)

        let differing =
            match first with
            | None -> []
            | Some first -> [
                for shape, number in branches do
                    match shape with
                    | Some s when s.Height <> first.Height || s.Width <> first.Width ->
                        ShapeProblem.ConcatOfDifferentShapes(concatWord concat, first, number, s)
                    | Some _
                    | None -> ()
              ]

        let channels =
            branches
            |> List.sumBy (fun (shape, _) ->
                shape |> Option.map (fun s -> int64 s.Channels) |> Option.defaultValue 0L
            )

        let isTooLarge = channels > int64 ArgumentSpec.most

        let tooLarge = [
            if isTooLarge then
                ShapeProblem.OutputTooLarge(
                    concatWord concat,
                    {
                        defaultArg first nowhere with
                            Channels = int (min channels (int64 System.Int32.MaxValue))
                    }
                )
        ]

        for problem in differing @ tooLarge do
            run.Report (shapeProblem problem) concat.Place

        match first with
        | Some first when isKnown && differing.IsEmpty && not isTooLarge ->
            Some { first with Channels = int channels }
        // The language says with which shape checking continues.
        | Some first when isKnown -> Some first
        | Some _
        | None -> None

    /// The channels of each part of a split, or what is wrong with them.
    let private parts (concat: DraftConcat) channels : Result<int list option, ShapeProblem> =
        let bodies = concat.Branches.Length

        match concat.Reads with
        | DraftReads.All -> Ok None
        | DraftReads.EqualParts when bodies = 0 -> Ok(Some [])
        | DraftReads.EqualParts when channels % bodies = 0 ->
            Ok(Some(List.replicate bodies (channels / bodies)))
        | DraftReads.EqualParts -> Error(ShapeProblem.PartsDoNotDivide(bodies, channels))
        | DraftReads.Parts parts when parts.Length <> bodies ->
            Error(ShapeProblem.PartsAndBodies(parts.Length, bodies))
        | DraftReads.Parts parts when List.sumBy int64 parts <> int64 channels ->
            Error(ShapeProblem.PartsDoNotAddUp(parts, channels))
        | DraftReads.Parts parts -> Ok(Some parts)

    /// What each branch reads.
    let private inputsOf run (concat: DraftConcat) (value: Value) : Value list =
        let all = List.map (fun _ -> value) concat.Branches

        match value.Shape with
        | None -> all
        | Some shape ->
            match parts concat shape.Channels with
            | Ok None -> all
            | Ok(Some parts) ->
                parts
                |> List.map (fun channels -> {
                    value with
                        Shape = Some { shape with Channels = channels }
                })
            | Error problem ->
                run.Report (shapeProblem problem) concat.Place
                all |> List.map (fun value -> { value with Shape = None })

    /// A concatenation or a split, and the value after it.
    let checkConcat (checkBody: CheckBody) run item (concat: DraftConcat) value : Concat * Value =
        if concat.Branches.Length < 2 then
            run.Report
                (shapeProblem (ShapeProblem.FewBranches(concatWord concat, concat.Branches.Length)))
                concat.Place

        let inputs = inputsOf run concat value
        let mutable number = 0

        let branches = [
            for branch, input in List.zip concat.Branches inputs do
                match branch.Number with
                | None -> number <- number + 1
                | Some(n, place) ->
                    if n <= number then
                        run.Report (Problem.Name(NameProblem.BranchNumber(n, number + 1))) place

                    number <- max n (number + 1)

                let name = AutomaticName.create "branch" number

                let body, after =
                    checkBody (item.Scope.Inner(item.Name + "." + name)) input branch.Body

                let result: Branch = {
                    Name = name
                    Input = defaultArg input.Shape nowhere
                    Body = body
                }

                result, after, branch.Place, number
        ]

        let output =
            joined run concat (branches |> List.map (fun (_, after, _, n) -> after.Shape, n))

        {
            Name = item.Name
            Reads =
                match concat.Reads with
                | DraftReads.All -> Reads.All
                | DraftReads.EqualParts
                | DraftReads.Parts _ -> Reads.Parts
            Branches = branches |> List.map (fun (branch, _, _, _) -> branch)
            Output = defaultArg output nowhere
        },
        {
            Shape = output
            MayDie = branches |> List.exists (fun (_, after, _, _) -> after.MayDie)
            Sources =
                branches
                |> List.fold (fun sources (_, after, _, _) -> join sources after.Sources) null
        }
