namespace Sss.Tests.Language

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// Printing and parsing are inverse, on random networks and on all examples.
type RoundTripTests() =

    let names (network: Network) =
        Network.nodes network
        |> Seq.map (
            function
            | Node.Layer l -> l.Name
            | node -> Node.name node
        )
        |> List.ofSeq

    let roundTrips (network: Network) =
        let printed = Language.print network

        match Language.parse printed with
        | Error _ -> invalidOp (messages printed + printed)
        | Ok parsed ->
            parsed.Network = network
            && Language.print parsed.Network = printed
            && names parsed.Network = names network
            && Language.format printed = Ok printed

    [<Property(MaxTest = 1000)>]
    member _.``parse after print is the identity on random networks``(case: RandomNetworks.Case) =
        let network = RandomNetworks.build case

        let network =
            if network.Body.Length % 2 = 0 then
                {
                    network with
                        OutputKind = OutputKind.Numbers
                }
            else
                network

        roundTrips network
        |> Prop.classify (network.Body.Length > 8) "more than eight nodes"
        |> Prop.classify ((Language.print network).Contains "def ") "shared definitions"
        |> Prop.classify ((Language.print network).Contains ": {") "named scopes"

    [<Fact>]
    member _.``parse after print is the identity on every example``() =
        for file in examples do
            Assert.True(roundTrips (network (read file)), file)

    [<Fact>]
    member _.``an order of hundreds of channels is read back``() =
        let order = Seq.rev (seq { 0..299 }) |> Seq.map string |> String.concat "x"

        let text =
            $"network T {{\n  input 1x4x4\n  classes 2\n\n  conv 300 1x1; relu\n  shuffle {order}\n"
            + "  avgpool global\n  dense classes\n}\n"

        Assert.True(roundTrips (network text))

    [<Property(MaxTest = 200)>]
    member _.``removing any structure of an example still prints and parses``
        (n: byte, which: byte)
        =
        let file = examples[int which % examples.Length]
        let thinner = RandomNetworks.thin (network (read file)) (1 + int n % 60)
        roundTrips thinner

    [<Property(MaxTest = 500)>]
    member _.``formatting keeps meaning and comments and is idempotent``
        (plan: TextPlan, seed: int)
        =
        let text = Plans.text plan |> Disturb.blanks seed

        match Language.format text with
        | Error _ -> invalidOp (messages text)
        | Ok formatted ->
            Language.format formatted = Ok formatted
            && network formatted = network text
            && Disturb.comments formatted = Disturb.comments text

    [<Fact>]
    member _.``examples are formatted``() =
        for file in examples do
            // This one is the language's first example, kept as it is there.
            if not (file.EndsWith "resnet20.sss") then
                let formatted = Language.format (read file)
                Assert.True((formatted = Ok(read file)), file)

    [<Property(MaxTest = 300)>]
    member _.``recipes survive printing``(case: RecipeCase) =
        let recipe = RecipeCase.recipe case
        let net = network (wrap "")
        let text = Language.printWithRecipe net recipe

        match Language.parse text with
        | Ok { Recipe = Some parsed } -> parsed = recipe
        | _ -> invalidOp (messages text + text)
