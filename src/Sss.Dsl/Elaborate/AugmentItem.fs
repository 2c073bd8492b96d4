namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.RecipeItems

/// `augment …`: how pictures are read and training images changed.
module internal AugmentItem =

    let private augmentations = wordsOf "augment" |> List.map _.TrimEnd('=')

    let private colours = "`white`, `black`, or red, green and blue as `255, 128, 0`"

    /// The colour behind `background=`, where it is one, and the words after it.
    let private background run (name: Located<string>) (words: RecipeWord list) set =
        let wrong found span =
            run.Report
                (MeaningProblem.WrongArgument($"`{name.Value}`", $"`{found}`", colours, None))
                span

        match words with
        | RecipeWord.Chosen(_, value) :: rest ->
            match List.tryFind (fun (known, _) -> known = value.Value) Rgb.named with
            | Some(_, colour) -> set colour
            | None -> wrong value.Value value.Span

            rest
        | RecipeWord.Named(_, red) :: RecipeWord.Comma _ :: RecipeWord.Number(green, greenSpan) :: RecipeWord.Comma _ :: RecipeWord.Number(blue,
                                                                                                                                           blueSpan) :: rest ->
            let part what value span =
                match
                    ExprValue.integer (fun () -> $"{what} of `{name.Value}`") 0 255 span value
                with
                | Ok n -> Some(byte n)
                | Error(Some(problem, span)) ->
                    run.Report problem span
                    None
                | Error None -> None

            match
                part "red" red.Value red.Span,
                part "green" green greenSpan,
                part "blue" blue blueSpan
            with
            | Some r, Some g, Some b -> set { Red = r; Green = g; Blue = b }
            | _ -> ()

            rest
        | RecipeWord.Named(_, value) :: rest ->
            wrong (string value.Value) value.Span

            rest
            |> List.skipWhile (
                function
                | RecipeWord.Comma _
                | RecipeWord.Number _ -> true
                | RecipeWord.Word _
                | RecipeWord.Named _
                | RecipeWord.Chosen _
                | RecipeWord.Measured _ -> false
            )
        | words -> words

    let private one run (item: RecipeItem) set word =
        let count name (value: Located<float>) change =
            whole run name 0 value.Span value.Value (fun n -> set (change n))

        let fraction name (value: Located<float>) isGood expected change =
            real run name value.Span value.Value isGood expected (fun x -> set (change x))

        let unknown (name: string) span =
            run.Report
                (MeaningProblem.UnknownArgument(
                    "augment",
                    name,
                    Suggest.nearest augmentations name,
                    augmentations
                ))
                span

        match word with
        | RecipeWord.Named({ Value = "resize" as name }, value) ->
            count name value (fun n a -> { a with Resize = n })
        | RecipeWord.Named({ Value = "crop" as name }, value) ->
            count name value (fun n a -> { a with Crop = n })
        | RecipeWord.Named({ Value = "area" as name }, value) ->
            fraction
                name
                value
                (fun x -> x > 0.0 && x <= 1.0)
                "a number above 0 and at most 1"
                (fun x a -> { a with Area = x })
        | RecipeWord.Named({ Value = "jitter" as name }, value) ->
            fraction
                name
                value
                (fun x -> x >= 0.0 && x <= 1.0)
                "a number from 0 to 1"
                (fun x a -> { a with Jitter = x })
        | RecipeWord.Named({ Value = "pca" as name }, value) ->
            fraction
                name
                value
                (fun x -> x >= 0.0 && x <= 1.0)
                "a number from 0 to 1"
                (fun x a -> { a with Pca = x })
        | RecipeWord.Word("flip", _) -> set (fun a -> { a with Flip = true })
        | RecipeWord.Named(name, _)
        | RecipeWord.Chosen(name, _) -> unknown name.Value name.Span
        | RecipeWord.Word(name, span) -> unknown name span
        | RecipeWord.Number _
        | RecipeWord.Measured _
        | RecipeWord.Comma _ -> badForm run item

    let augment run (item: RecipeItem) =
        let set change =
            run.Recipe <- {
                run.Recipe with
                    Augment = change run.Recipe.Augment
            }

        let rec go seen words =
            match words with
            | [] -> ()
            | word :: rest ->
                let name =
                    match word with
                    | RecipeWord.Named(name, _)
                    | RecipeWord.Chosen(name, _)
                    | RecipeWord.Measured(name, _, _) -> Some name
                    | RecipeWord.Word(name, span) -> Some { Value = name; Span = span }
                    | RecipeWord.Number _
                    | RecipeWord.Comma _ -> None

                match name with
                | Some name when Set.contains name.Value seen ->
                    run.Report (MeaningProblem.ArgumentTwice name.Value) name.Span
                | _ -> ()

                let seen = name |> Option.fold (fun seen name -> Set.add name.Value seen) seen

                match name with
                | Some({ Value = "background" } as name) when not (word.IsWord) ->
                    background
                        run
                        name
                        words
                        (fun colour -> set (fun a -> { a with Background = colour }))
                    |> go seen
                | _ ->
                    one run item set word
                    go seen rest

        go Set.empty item.Words

    /// `erase p=P`, `mixup alpha=A`, `cutmix alpha=A`: items of one number that is named.
    let further run (item: RecipeItem) =
        let word = item.Keyword.Value
        let known = argumentsOf word

        let set value =
            let before = run.Recipe.Augment

            run.Recipe <- {
                run.Recipe with
                    Augment =
                        match word with
                        | "erase" -> { before with Erase = value }
                        | "mixup" -> { before with Mixup = value }
                        | _ -> { before with Cutmix = value }
            }

        let isGood, expected =
            if word = "erase" then
                (fun p -> p >= 0.0 && p <= 1.0), "a number from 0 to 1"
            else
                isPositive, "a number above 0"

        match named run word known Map.empty item.Words with
        | Some given when given.ContainsKey known.Head ->
            let value = given[known.Head]
            real run $"{known.Head} of `{word}`" value.Span value.Value isGood expected set
        // One that is not known was reported.
        | Some given when item.Words.Length > given.Count -> ()
        | Some _
        | None -> badForm run item

    /// `randaugment`, with or without its numbers.
    let random run (item: RecipeItem) =
        match named run "randaugment" (argumentsOf "randaugment") Map.empty item.Words with
        | None -> badForm run item
        | Some given ->
            let number name least most ifAbsent =
                match Map.tryFind name given with
                | None -> ifAbsent
                | Some value ->
                    let what () = $"{name} of `randaugment`"

                    match ExprValue.integer what least most value.Span value.Value with
                    | Ok n -> n
                    | Error(Some(problem, span)) ->
                        run.Report problem span
                        ifAbsent
                    | Error None -> ifAbsent

            let standard = RandAugmentation.standard

            run.Recipe <- {
                run.Recipe with
                    Augment = {
                        run.Recipe.Augment with
                            Rand =
                                Some {
                                    Count = number "n" 1 1000 standard.Count
                                    Magnitude = number "m" 0 30 standard.Magnitude
                                }
                    }
            }
