namespace Sss.Cli

open System
open System.Globalization
open System.IO
open System.Runtime.InteropServices
open Sss.Core
open Sss.Files
open Sss.Torch

/// What the answers of `sss init` come to.
type InitAnswers = {
    Facts: StarterFacts
    File: string
    Overwrites: bool
}

/// The questions of `sss init` on a terminal. Each has an answer that Enter alone gives.
[<RequireQualifiedAccess>]
module InitQuestions =

    /// Whether somebody is there to ask: both ends are a terminal.
    let canAsk () =
        not Console.IsInputRedirected
        && not Console.IsOutputRedirected
        && not Console.IsErrorRedirected

    /// The answer to a question: asked again until it can be used. None: there will be no more answers.
    let rec private ask
        (input: TextReader)
        (word: string)
        (standard: string)
        (read: string -> Result<'T, string>)
        : 'T option =
        Terminal.write Console.Error $"{word} [{Escape.line standard}]: "

        match input.ReadLine() with
        | null -> None
        | line ->
            let answer = if line.Trim() = "" then standard else line.Trim()

            match read answer with
            | Ok value -> Some value
            | Error "" -> ask input word standard read
            | Error problem ->
                Terminal.error ("  " + problem)
                ask input word standard read

    let private tell (text: string) = Terminal.error ("\n" + text)

    /// A folder without its kind is a folder of pictures.
    let private sourceOf (answer: string) =
        if not (answer.Contains ':') && Directory.Exists answer then
            "folder:" + answer
        else
            answer

    let private data (answer: string) : Result<StarterFacts, string> =
        match StarterData.read (sourceOf answer) with
        | Ok facts ->
            Terminal.error
                $"  {Number.grouped (int64 facts.Images)} training images of {facts.Input} in {facts.Classes} classes"

            Ok facts
        | Error error ->
            Engine.report (BadFile error) |> ignore
            Error ""

    let private style (answer: string) : Result<bool, string> =
        if List.contains answer Usage.styles then
            Ok(answer = "residual")
        else
            Error("Answer residual or plain." + Usage.didYouMean Usage.styles answer)

    /// `0.5` or `50%`.
    let private size (answer: string) : Result<float, string> =
        let digits = answer.TrimEnd('%', ' ')
        let unit = if digits = answer then 1.0 else 100.0

        match Double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value -> TargetOptions.fraction "The size" (value / unit)
        | false, _ -> Error "The size must be a number above 0 and at most 1, as 0.5."

    /// `yes` or `no`.
    let yesOrNo (answer: string) : Result<bool, string> =
        match answer.ToLowerInvariant() with
        | "y"
        | "yes" -> Ok true
        | "n"
        | "no" -> Ok false
        | _ -> Error "Answer yes or no."

    let private mirrored (mirroring: Mirroring) =
        match mirroring with
        | Mirroring.Keeps -> "mirrored, these look like their classes", "yes"
        | Mirroring.Changes -> "mirrored, these look like other classes", "no"
        | Mirroring.Unknown -> "yes if a mirrored image still shows the same class", "no"

    let private file (answer: string) : Result<string, string> =
        let name = if Path.HasExtension answer then answer else answer + ".sss"

        if Directory.Exists name then
            Error $"{Escape.line name} is a folder."
        else
            Ok name

    /// Asks everything, in the order in which one answer depends on another. None: there was no answer.
    let private asked (input: TextReader) : InitAnswers option =
        Terminal.error
            "A first network. Enter takes the answer in brackets; Ctrl-C stops, and nothing is written."

        tell "Data: digits, fashion-mnist, a folder of pictures, or what 'sss train --data' takes."

        ask input "data" "digits" data
        |> Option.bind (fun facts ->
            tell "Network: residual (blocks with shortcuts) or plain (a row of convolutions)."

            ask input "network" "residual" style
            |> Option.map (fun isResidual -> { facts with Residual = isResidual })
        )
        |> Option.bind (fun facts ->
            tell "Size: the part of the multiply-adds that is left after training."

            ask input "size" (Number.brief facts.Macs) size
            |> Option.map (fun macs -> { facts with Macs = macs })
        )
        |> Option.bind (fun facts ->
            let why, standard = mirrored facts.Mirroring
            tell $"Random mirror images in training: {why}."

            ask input "mirror" standard yesOrNo
            |> Option.map (fun flip -> { facts with Flip = flip })
        )
        |> Option.bind (fun facts ->
            tell "The file to write."

            ask input "file" ((Starter.name facts.Data).ToLowerInvariant() + ".sss") file
            |> Option.map (fun name -> facts, name)
        )
        |> Option.bind (fun (facts, name) ->
            let answers overwrites = {
                Facts = facts
                File = name
                Overwrites = overwrites
            }

            if File.Exists name then
                ask input $"{Escape.line name} exists; overwrite it" "no" yesOrNo
                |> Option.map answers
            else
                Some(answers false)
        )

    let private stopped () =
        Terminal.error "\nstopped; nothing was written"
        Exit.stopped

    /// Asks, and gives the answers to what writes the file. Ctrl-C ends the program while there are
    /// questions; the writing itself is not interrupted.
    let run (write: InitAnswers -> int) : int =
        let isWriting = ref false

        let handle (context: PosixSignalContext) =
            context.Cancel <- true

            if not isWriting.Value then
                exit (stopped ())

        use _ = PosixSignalRegistration.Create(PosixSignal.SIGINT, handle)
        // The terminal's own line editing, and its end of input, are enough.
        use input = new StreamReader(Console.OpenStandardInput())

        match asked input with
        | None -> stopped ()
        | Some answers ->
            isWriting.Value <- true
            write answers
