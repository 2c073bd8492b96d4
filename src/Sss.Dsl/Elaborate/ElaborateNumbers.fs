namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.Header

/// Numbers of statements that are no layers; what is wrong with them is reported.
module internal ElaborateNumbers =

    /// A named number that `isRight` holds for; `fallback` where it is not written, or wrong.
    let private number
        run
        frame
        word
        (arguments: (Located<string> * Expr) list)
        name
        fallback
        range
        =
        let isRight, expected = range

        match arguments |> List.tryFind (fun (n, _) -> n.Value = name) with
        | None -> fallback
        | Some(_, e) ->
            match ExprValue.expr frame.Env e with
            | Ok value when isRight value -> value
            | Ok value ->
                run.Report
                    (MeaningProblem.OutOfRange($"the {name} of `{word}`", value, expected))
                    (place frame e.Span)

                fallback
            | Error(Some(problem, span)) ->
                run.Report problem (place frame span)
                fallback
            | Error None -> fallback

    /// A factor's number: finite and not negative.
    let factorNumber run frame (scale: ScaleSyntax) name =
        ((fun value -> value >= 0.0), "a number of 0 or more")
        |> number run frame "@scale" scale.Arguments name 1.0

    /// The probability of stochastic depth.
    let drop run frame (head: ResidualHead) =
        ((fun value -> RealRange.contains value RealRange.ZeroToBelowOne),
         RealRange.words RealRange.ZeroToBelowOne)
        |> number run frame "residual" head.Arguments "drop" 0.0

    let private whole run frame what least most (e: Expr) : int option =
        let value =
            ExprValue.expr frame.Env e
            |> Result.bind (ExprValue.integer (fun () -> what) least most e.Span)

        match value with
        | Ok n -> Some n
        | Error problem ->
            problem
            |> Option.iter (fun (problem, span) -> run.Report problem (place frame span))

            None

    /// How many factors a target leaves at least.
    let leastFactors run frame (scale: ScaleSyntax) : int =
        scale.Arguments
        |> List.tryFind (fun (name, _) -> name.Value = "min")
        |> Option.bind (fun (_, e) -> whole run frame "the min of `@scale`" 1 ArgumentSpec.most e)
        |> Option.defaultValue 0

    /// Rounds of a `repeat`, if that is a number.
    let rounds run frame count =
        whole run frame "the count of this `repeat`" 0 System.Int32.MaxValue count

    /// The channels of a part of a `split`.
    let part run frame channels =
        whole run frame "a part of this `split`" 1 ArgumentSpec.most channels
