namespace Sss.Cli

open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// `sss init`: a first network for a data set.
[<RequireQualifiedAccess>]
module InitCommand =

    /// A text that is formatted and passes `check`; anything else would be a bug in this program.
    let private finished file text =
        result {
            let! formatted = Language.format text
            let! parsed = Language.parse formatted
            return formatted, parsed.Network
        }
        |> Result.mapError (fun diagnostics -> BadText(file, text, diagnostics))

    let private write (answers: InitAnswers) =
        result {
            let file = answers.File
            do! Engine.checkFree answers.Overwrites file
            let! text, network = finished file (Starter.text file answers.Facts)
            do! AtomicFile.writeText file text |> Result.mapError BadFile
            return file, answers.Facts, network
        }

    let private print json (file: string, facts: StarterFacts, network: Network) =
        let cost = Cost.ofNetwork network

        if json then
            Terminal.out
                $"{{\"file\":{Terminal.quoted file},\"network\":{Terminal.quoted network.Name},\
                  \"params\":{cost.Params},\"macs\":{cost.Macs},\"factors\":{cost.Factors}}}"
        else
            Terminal.out
                $"{Escape.line file}: {network.Name} for images of {network.Input} in {facts.Classes} classes, \
                  {Number.grouped cost.Params} params, {Number.grouped cost.Macs} macs"

            Terminal.out
                $"next: sss train {Starter.shellWord file} --data {Starter.shellWord facts.Data} --out runs/first"

        Exit.ok

    let private written isJson (answers: InitAnswers) : int =
        match write answers with
        | Error error -> Engine.report error
        | Ok written -> print isJson written

    /// The options that change a recipe or a network; a message where one is wrong.
    let private changes
        (args: ParseResults<InitArgument>)
        : Result<StarterFacts -> StarterFacts, string> =
        result {
            let style = args.TryGetResult InitArgument.Style |> Option.defaultValue "residual"

            do!
                if List.contains style Usage.styles then
                    Ok()
                else
                    Error(
                        $"--style: '{style}' is unknown; styles are residual and plain."
                        + Usage.didYouMean Usage.styles style
                    )

            let! macs =
                args.TryGetResult InitArgument.Target_Macs
                |> Option.traverseResult (TargetOptions.fraction "--target-macs")

            let! flip =
                args.TryGetResult InitArgument.Flip
                |> Option.traverseResult (fun answer ->
                    InitQuestions.yesOrNo answer
                    |> Result.mapError (fun _ ->
                        $"--flip: '{answer}' is unknown; write yes or no."
                    )
                )

            return
                fun facts -> {
                    facts with
                        Residual = (style = "residual")
                        Macs = Option.defaultValue facts.Macs macs
                        Flip = Option.defaultValue facts.Flip flip
                }
        }

    let private ofOptions (args: ParseResults<InitArgument>) : int =
        match changes args with
        | Error message -> Usage.refuse "init" message
        | Ok change ->
            let file = args.GetResult InitArgument.Out
            let overwrites = args.Contains InitArgument.Force

            // Reading the data may take a while: whether the file can be written comes first.
            match
                Engine.checkFree overwrites file
                |> Result.bind (fun () ->
                    StarterData.read (args.GetResult InitArgument.Data) |> Result.mapError BadFile
                )
            with
            | Error error -> Engine.report error
            | Ok facts ->
                written (args.Contains InitArgument.Json) {
                    Facts = change facts
                    File = file
                    Overwrites = overwrites
                }

    /// `sss init --data DATA --out FILE`; on a terminal, `sss init` alone asks.
    let main (words: string[]) : int =
        if words.Length = 0 && InitQuestions.canAsk () then
            InitQuestions.run (written false)
        else
            match Usage.parse<InitArgument> "init" words with
            | Error code -> code
            | Ok args -> ofOptions args
