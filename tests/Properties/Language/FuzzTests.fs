namespace Sss.Tests.Language

open System
open System.Diagnostics
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// Small changes to good files: no crash, no hang, no empty message.
type FuzzTests(output: ITestOutputHelper) =

    static let seed = 20180905

    static let count = if Sss.Tests.Repository.isLong then 20_000 else 6_000

    let examine (text: string) (number: int) =
        let findings =
            match Language.parse text with
            | Ok parsed -> parsed.Warnings
            | Error [] -> failwith $"input {number}: refused without a word:\n{text}"
            | Error diagnostics ->
                if diagnostics |> List.forall (fun d -> d.Severity = Warning) then
                    failwith $"input {number}: refused with warnings only:\n{text}"

                diagnostics

        let lines = 1 + (text |> Seq.filter (fun c -> c = '\n' || c = '\r') |> Seq.length)

        for d in findings do
            let drawn = Language.render "f.sss" text d

            if
                String.IsNullOrWhiteSpace d.Message
                || not (drawn.StartsWith "f.sss:")
                || (d.Span.IsSome && not (drawn.Contains '^'))
                || not (List.contains d.Code Codes.all)
                || d.Span |> Option.exists (fun s -> s.Line > lines || s.Line < 1 || s.Column < 1)
            then
                failwith $"input {number}: {drawn}\n{text}"

        // What parses is formatted without a change of form.
        match Language.format text with
        | Error _ -> false
        | Ok formatted ->
            if Language.format formatted <> Ok formatted then
                failwith $"input {number}: formatting is not idempotent:\n{text}\n{formatted}"

            true

    [<Fact>]
    member _.``mutated examples are understood or refused``() =
        // The long ones are long only by repeating: two rounds say as much as seventeen.
        let texts =
            examples
            |> List.map (fun file -> (read file).Replace("repeat 17 ", "repeat 2 "))
            |> Array.ofList

        output.WriteLine $"seed {seed}, {count} inputs"
        let watch = Stopwatch.StartNew()
        let mutable formed = 0

        for number in 0 .. count - 1 do
            let random = Random(seed + number)
            let text = Disturb.mutate random texts[random.Next texts.Length]
            let own = Stopwatch.StartNew()

            let isFormed =
                try
                    examine text number
                with problem ->
                    raise (InvalidOperationException($"seed {seed + number}:\n{text}", problem))

            if isFormed then
                formed <- formed + 1

            Assert.True(own.ElapsedMilliseconds < 10_000L, $"seed {seed + number} hangs:\n{text}")

        output.WriteLine $"{formed} of right form, {watch.ElapsedMilliseconds} ms"
        // Both sides of the border are visited.
        Assert.InRange(formed, count / 20, count - count / 20)
