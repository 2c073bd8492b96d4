namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// Single items of a recipe.
module internal RecipeItems =

    type Run = {
        Report: MeaningProblem -> Span -> unit
        mutable Recipe: Recipe
    }

    let forms =
        dict [
            "epochs", "epochs 30"
            "batch", "batch 128"
            "lr", "lr 0.1 cosine` or `lr 0.1 step 0.1 at 30, 60, 90 warmup 5"
            "momentum", "momentum 0.9"
            "decay", "decay 1e-4"
            "gamma", "gamma 0.002` or `gamma neuron=0.002 block=0.01"
            "penalty", "penalty l1` or `penalty mcp theta=0.5"
            "target", "target macs=0.5` or `target latency=5ms size=200kB"
            "shrink", "shrink every 5"
            "seed", "seed 1"
            "augment", "augment crop=2 flip` or `augment area=0.08 flip jitter=0.4 pca=0.1"
        ]

    let private gammaKinds = [ "neuron", Neuron; "group", Group; "block", Block; "shared", Shared ]

    /// Words that may follow an item, numbers apart; those that end in `=` take a value.
    let private words =
        dict [
            "lr", [ "constant"; "cosine"; "step"; "at"; "warmup" ]
            "gamma", gammaKinds |> List.map (fun (kind, _) -> kind + "=")
            "penalty", FactorPenalty.words @ [ "theta="; "a=" ]
            "target", [ "macs="; "params="; "size="; "latency=" ]
            "shrink", [ "every" ]
            "augment", [ "resize="; "background="; "area="; "crop="; "flip"; "jitter="; "pca=" ]
        ]

    /// The words that may follow an item.
    let wordsOf (item: string) : string list =
        match words.TryGetValue item with
        | true, found -> found
        | false, _ -> []

    /// Examples of an item, whole.
    let examplesOf (item: string) : string list =
        match forms.TryGetValue item with
        | true, form -> List.ofArray (form.Split "` or `")
        | false, _ -> []

    let badForm run (item: RecipeItem) =
        run.Report
            (MeaningProblem.RecipeForm(item.Keyword.Value, forms[item.Keyword.Value]))
            item.Keyword.Span

    /// A number of the recipe. Training computes in single precision, so it must be a number there.
    let real run what (span: Span) value isGood expected set =
        if not (SinglePrecision.fits value) then
            run.Report (MeaningProblem.OutOfRange(what, value, SinglePrecision.expected)) span
        elif isGood value then
            set value
        else
            run.Report (MeaningProblem.OutOfRange(what, value, expected)) span

    let whole run what least (span: Span) value set =
        match ExprValue.integer (fun () -> what) least System.Int32.MaxValue span value with
        | Ok n -> set n
        | Error(Some(problem, span)) -> run.Report problem span
        | Error None -> ()

    /// An item of one whole number.
    let oneWhole run (item: RecipeItem) least set =
        match item.Words with
        | [ RecipeWord.Number(value, span) ] -> whole run item.Keyword.Value least span value set
        | _ -> badForm run item

    let oneReal run (item: RecipeItem) isGood expected set =
        match item.Words with
        | [ RecipeWord.Number(value, span) ] ->
            real run item.Keyword.Value span value isGood expected set
        | _ -> badForm run item

    let isPositive x = x > 0.0
    let isNotNegative x = x >= 0.0

    /// `30, 60, 90`: numbers with commas between them, and what follows.
    let rec epochs found words =
        match words with
        | RecipeWord.Number(n, span) :: RecipeWord.Comma _ :: rest ->
            epochs ((n, span) :: found) rest
        | RecipeWord.Number(n, span) :: rest -> Some(List.rev ((n, span) :: found), rest)
        | _ -> None

    let stepEpochs run (listed: (float * Span) list) : int list =
        let mutable last = 0

        [
            for value, span in listed do
                match
                    ExprValue.integer
                        (fun () -> "the epoch of a step")
                        (last + 1)
                        System.Int32.MaxValue
                        span
                        value
                with
                | Ok n ->
                    last <- n
                    n
                | Error(Some(problem, span)) -> run.Report problem span
                | Error None -> ()
        ]

    let rate run (item: RecipeItem) =
        let schedule, rest =
            match item.Words with
            | RecipeWord.Number(value, span) :: rest ->
                real
                    run
                    "lr"
                    span
                    value
                    isPositive
                    "a number above 0"
                    (fun value -> run.Recipe <- { run.Recipe with Lr = value })

                match rest with
                | RecipeWord.Word("constant", _) :: rest -> Some Constant, rest
                | RecipeWord.Word("cosine", _) :: rest -> Some Cosine, rest
                | RecipeWord.Word("step", _) :: RecipeWord.Number(factor, span) :: RecipeWord.Word("at",
                                                                                                   _) :: rest ->
                    real run "the factor of a step" span factor isPositive "a number above 0" ignore

                    match epochs [] rest with
                    | Some(listed, rest) -> Some(Step(factor, stepEpochs run listed)), rest
                    | None -> None, rest
                | rest -> Some Cosine, rest
            | rest -> None, rest

        match schedule, rest with
        | Some schedule, [] -> run.Recipe <- { run.Recipe with Schedule = schedule }
        | Some schedule, [ RecipeWord.Word("warmup", _); RecipeWord.Number(value, span) ] ->
            run.Recipe <- { run.Recipe with Schedule = schedule }

            whole run "warmup" 0 span value (fun n -> run.Recipe <- { run.Recipe with Warmup = n })
        | _ -> badForm run item

    let private gammaExpected = "a number of 0 or more"

    /// `KIND=G` of an item of γ.
    let private namedGamma
        run
        (given: Dictionary<FactorKind, float>)
        (name: Located<string>)
        (value: Located<float>)
        =
        match List.tryFind (fun (word, _) -> word = name.Value) gammaKinds with
        | Some(_, kind) ->
            real
                run
                $"gamma's {name.Value}"
                value.Span
                value.Value
                isNotNegative
                gammaExpected
                (fun v ->
                    if not (given.TryAdd(kind, v)) then
                        run.Report (MeaningProblem.ArgumentTwice name.Value) name.Span
                )
        | None ->
            let words = List.map fst gammaKinds

            run.Report
                (MeaningProblem.UnknownArgument(
                    "gamma",
                    name.Value,
                    Suggest.nearest words name.Value,
                    words
                ))
                name.Span

    /// The plain number of an item of γ, which goes to the kinds that are not named.
    let private plainGamma run (given: Dictionary<FactorKind, float>) span value =
        real
            run
            "gamma"
            span
            value
            isNotNegative
            gammaExpected
            (fun value ->
                for _, kind in gammaKinds do
                    given.TryAdd(kind, value) |> ignore
            )

    /// The kinds that an item of γ named; the plain number goes to the rest. Shared factors are those of
    /// neurons in several layers: they have the neurons' γ where they are not named.
    let gamma run (item: RecipeItem) : FactorKind list =
        let plain, named =
            match item.Words with
            | RecipeWord.Number(value, span) :: rest -> Some(value, span), rest
            | words -> None, words

        let given = Dictionary<FactorKind, float>()
        let mutable isGood = plain.IsSome || not named.IsEmpty

        for word in named do
            match word with
            | RecipeWord.Named(name, value) -> namedGamma run given name value
            | _ -> isGood <- false

        plain |> Option.iter (fun (value, span) -> plainGamma run given span value)

        match given.TryGetValue Neuron with
        | true, neuron -> given.TryAdd(Shared, neuron) |> ignore
        | _ -> ()

        let value kind =
            match given.TryGetValue kind with
            | true, v -> v
            | _ -> 0.0

        if isGood then
            run.Recipe <- {
                run.Recipe with
                    Gamma = {
                        Neuron = value Neuron
                        Group = value Group
                        Block = value Block
                        Shared = value Shared
                    }
            }
        else
            badForm run item

        if plain.IsSome then
            List.map snd gammaKinds
        else
            List.ofSeq given.Keys
