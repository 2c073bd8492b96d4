namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Torch

/// `sss verify`.
[<RequireQualifiedAccess>]
module VerifyCommand =

    /// The smallest failing pattern, with the network that it fails on.
    let private failure (network: Network) (settings: VerifySettings) (f: VerifyFailure) = [
        $"FAILED at {f.Precision}: {TrialOutcome.describe f.Outcome}"
        $"seed {settings.Seed}, trial {f.Trial}; the smallest pattern of zero factors that fails:"
        for structure in f.Zeros do
            "  " + Plan.describeStructure structure
        ""
        Language.print network
    ]

    let private print json (network: Network) settings (report: VerifyReport) =
        if json then
            let failed = Option.isSome report.Failure

            Terminal.out
                $"{{\"network\":\"{network.Name}\",\"trials\":{report.Trials},\
                  \"died\":{report.Died},\"maxDouble\":{report.MaxDouble:R},\
                  \"maxSingle\":{report.MaxSingle:R},\"failed\":{(string failed).ToLowerInvariant()}}}"
        else
            match report.Failure with
            | Some f -> List.iter Terminal.error (failure network settings f)
            | None ->
                let died =
                    if report.Died = 0 then
                        ""
                    else
                        $"; in {report.Died} of them a whole layer died, correctly"

                Terminal.out
                    $"{network.Name}: {report.Trials} trials, selected = full in all of them{died}"

                Terminal.out
                    $"largest difference {Number.tiny report.MaxDouble} at double precision, \
                      {Number.tiny report.MaxSingle} at single"

    let private numbers (args: Argu.ParseResults<VerifyArgument>) =
        let number given fallback bound name =
            given |> Option.defaultValue fallback |> Usage.atLeast bound name

        result {
            let! trials = number (args.TryGetResult VerifyArgument.Trials) 20 1 "--trials"
            let! seed = number (args.TryGetResult VerifyArgument.Seed) 1 0 "--seed"

            let! threads =
                args.TryGetResult VerifyArgument.Threads |> Option.traverseResult Usage.threads

            let! device = args.TryGetResult VerifyArgument.Device |> Usage.device
            return trials, seed, threads, device
        }

    let private verify (settings: VerifySettings) path device threads =
        let progress trial =
            Terminal.passing $"trial {trial} of {settings.Trials}"

        result {
            let! _, parsed = Pipeline.loadText path
            // The result does not depend on the size of the images, and large ones take long.
            let network = Resize.reduced 32 parsed.Network

            if network.Input <> parsed.Network.Input then
                Terminal.error
                    $"verified on images of {network.Input} instead of {parsed.Network.Input}"

            do! VerifyRun.fits network |> Result.mapError NoModel
            let! engine = Engine.loadFor device Precision.Float32 threads

            let report = Engine.stoppable (VerifyRun.run engine settings network progress)

            return network, report
        }

    /// `sss verify FILE`
    let main (words: string[]) : int =
        match Usage.parse<VerifyArgument> "verify" words with
        | Error code -> code
        | Ok args ->
            match numbers args with
            | Error message -> Usage.refuse "verify" message
            | Ok(trials, seed, threads, device) ->
                let settings = {
                    Trials = trials
                    Seed = seed
                    Select = Selection.defaults
                }

                let verified = verify settings (args.GetResult VerifyArgument.File) device threads

                Terminal.passing (String(' ', 30))
                Terminal.passing ""

                match verified with
                | Error error -> Engine.report error
                | Ok(network, report) ->
                    print (args.Contains VerifyArgument.Json) network settings report

                    if Option.isSome report.Failure then Exit.fault
                    elif report.Trials < trials then Exit.stopped
                    else Exit.ok
