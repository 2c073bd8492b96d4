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
            "lr", "lr 0.1 cosine` or `lr 0.1 step 0.1 at 30, 60, 90 warmup 5 head=10"
            "momentum", "momentum 0.9"
            "decay", "decay 1e-4"
            "gamma", "gamma 0.002` or `gamma neuron=0.002 block=0.01"
            "penalty", "penalty l1` or `penalty mcp theta=0.5"
            "loss", "loss crossentropy smoothing=0.1` or `loss bce"
            "output", "output early weight=0.3` or `output boxes mse weight=0.5"
            "optimizer", "optimizer adamw` or `optimizer adamw beta1=0.9 beta2=0.999 eps=1e-8"
            "target", "target macs=0.5` or `target latency=5ms size=200kB` or `target macs=0.5 by=2"
            "shrink", "shrink every 5"
            "stop", "stop after=10"
            "seed", "seed 1"
            "teacher", "teacher` or `teacher weight=0.5 temperature=4"
            "augment", "augment crop=2 flip` or `augment area=0.08 flip jitter=0.4 pca=0.1"
            "ema", "ema 0.999"
            "randaugment", "randaugment` or `randaugment n=2 m=9"
            "erase", "erase p=0.25"
            "mixup", "mixup alpha=0.2"
            "cutmix", "cutmix alpha=1"
        ]

    /// The kinds of factors as `gamma` names them.
    let gammaKinds = [ "neuron", Neuron; "group", Group; "block", Block; "shared", Shared ]

    let private lossParameters = [
        for word in Loss.words do
            for name, _ in Loss.ofWord word |> Option.bind Loss.parameter |> Option.toList do
                name + "="
    ]

    /// Words that may follow an item, numbers apart; those that end in `=` take a value.
    let private words =
        dict [
            "lr", [ "constant"; "cosine"; "restart"; "step"; "at"; "warmup"; "head=" ]
            "gamma", gammaKinds |> List.map (fun (kind, _) -> kind + "=")
            "penalty", FactorPenalty.words @ [ "theta="; "a=" ]
            "target", [ "macs="; "params="; "size="; "latency="; "by=" ]
            "shrink", [ "every" ]
            "stop", [ "after=" ]
            "augment", [ "resize="; "background="; "area="; "crop="; "flip"; "jitter="; "pca=" ]
            "randaugment", [ "n="; "m=" ]
            "erase", [ "p=" ]
            "mixup", [ "alpha=" ]
            "cutmix", [ "alpha=" ]
            "teacher", [ "weight="; "temperature=" ]
            "loss", [ yield! Loss.words; yield! lossParameters ]
            "output", [ "weight="; yield! Loss.words; yield! lossParameters ]
            "optimizer",
            [
                yield! Optimizer.words

                for name, _ in Optimizer.parameters Optimizer.adamW do
                    name + "="
            ]
        ]

    /// The words that may follow an item.
    let wordsOf (item: string) : string list =
        match words.TryGetValue item with
        | true, found -> found
        | false, _ -> []

    /// The names of the arguments that an item takes.
    let argumentsOf (item: string) : string list =
        wordsOf item |> List.filter _.EndsWith('=') |> List.map _.TrimEnd('=')

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

    /// Arguments by name, each at most once; those that `what` does not have are reported. None: there
    /// are other words among them.
    let rec named run what known given words : Map<string, Located<float>> option =
        match words with
        | [] -> Some given
        | RecipeWord.Named(name, value) :: rest ->
            if not (List.contains name.Value known) then
                run.Report
                    (MeaningProblem.UnknownArgument(
                        what,
                        name.Value,
                        Suggest.nearest known name.Value,
                        known
                    ))
                    name.Span

                named run what known given rest
            elif Map.containsKey name.Value given then
                run.Report (MeaningProblem.ArgumentTwice name.Value) name.Span
                named run what known given rest
            else
                named run what known (Map.add name.Value value given) rest
        | RecipeWord.Number _ :: _
        | RecipeWord.Word _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> None

    /// How the step size goes over the epochs, and the words after it.
    let private schedule run words : LearningRate option * RecipeWord list =
        match words with
        | RecipeWord.Word("constant", _) :: rest -> Some Constant, rest
        | RecipeWord.Word("cosine", _) :: RecipeWord.Word("restart", _) :: rest ->
            Some CosineRestart, rest
        | RecipeWord.Word("cosine", _) :: rest -> Some Cosine, rest
        | RecipeWord.Word("step", _) :: RecipeWord.Number(factor, span) :: RecipeWord.Word("at", _) :: rest ->
            real run "the factor of a step" span factor isPositive "a number above 0" ignore

            match epochs [] rest with
            | Some(listed, rest) -> Some(Step(factor, stepEpochs run listed)), rest
            | None -> None, rest
        | rest -> Some Cosine, rest

    let private positive run what (value: Located<float>) set =
        real run what value.Span value.Value isPositive "a number above 0" set

    let rate run (item: RecipeItem) =
        let isNamed word =
            match word with
            | RecipeWord.Named _ -> true
            | _ -> false

        let given, plain = List.partition isNamed item.Words

        match plain with
        | RecipeWord.Number(value, span) :: rest when not (isNamed item.Words.Head) ->
            positive
                run
                "lr"
                { Value = value; Span = span }
                (fun value -> run.Recipe <- { run.Recipe with Lr = value })

            named run "lr" (argumentsOf "lr") Map.empty given
            |> Option.bind (Map.tryFind "head")
            |> Option.iter (fun head ->
                positive run "lr's head" head (fun k -> run.Recipe <- { run.Recipe with Head = k })
            )

            match schedule run rest with
            | Some schedule, [] -> run.Recipe <- { run.Recipe with Schedule = schedule }
            | Some schedule, [ RecipeWord.Word("warmup", _); RecipeWord.Number(value, span) ] ->
                run.Recipe <- { run.Recipe with Schedule = schedule }

                whole
                    run
                    "warmup"
                    0
                    span
                    value
                    (fun n -> run.Recipe <- { run.Recipe with Warmup = n })
            | _ -> badForm run item
        | _ -> badForm run item

    /// `teacher`, with or without its arguments.
    let teacher run (item: RecipeItem) =
        match named run "teacher" (argumentsOf "teacher") Map.empty item.Words with
        | None -> badForm run item
        | Some given ->
            let value name = Map.tryFind name given

            let set change =
                let before = Option.defaultValue Teaching.standard run.Recipe.Teacher

                run.Recipe <- {
                    run.Recipe with
                        Teacher = Some(change before)
                }

            set id

            value "weight"
            |> Option.iter (fun v ->
                real
                    run
                    "weight of `teacher`"
                    v.Span
                    v.Value
                    (fun x -> x > 0.0 && x <= 1.0)
                    "a number above 0 and at most 1"
                    (fun x -> set (fun t -> { t with Weight = x }))
            )

            value "temperature"
            |> Option.iter (fun v ->
                positive
                    run
                    "temperature of `teacher`"
                    v
                    (fun x -> set (fun t -> { t with Temperature = x }))
            )
