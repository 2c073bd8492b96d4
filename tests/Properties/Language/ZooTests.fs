namespace Sss.Tests.Language

open System.Text.Json
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// The zoo counts what the papers count.
type ZooTests() =

    let zoo name =
        path [ "examples"; "zoo"; name + ".sss" ]

    let json name =
        let outcome = Show.show (zoo name) true
        Assert.Equal(0, outcome.ExitCode)
        Assert.Equal("", outcome.Errors)
        JsonDocument.Parse(outcome.Output).RootElement

    /// A network without the branches of the residuals with these names.
    let without (names: Set<string>) (network: Network) : Network =
        let body =
            network.Body
            |> List.collect (
                function
                | Node.Residual r when names.Contains r.Name -> r.Shortcut
                | node -> [ node ]
            )

        { network with Body = body }

    /// The kept blocks of each stage, as the paper's layouts are written: how many, and whether the
    /// first of the stage, the one with the projection, is among them.
    let layout (kept: (int * bool) list) (network: Network) : Network =
        let blocks = [ 3; 4; 6; 3 ]

        let stages =
            List.zip blocks kept
            |> List.mapi (fun stage (total, (keep, first)) ->
                let before = blocks |> List.take stage |> List.sumBy (fun n -> n - 1)

                [
                    if not first then
                        $"first{stage + 1}.residual1"
                    // Which of the others go does not change a count.
                    let others = keep - (if first then 1 else 0)

                    for i in others + 1 .. total - 1 do
                        $"unit{before + i}.residual1"
                ]
            )

        without (Set.ofList (List.concat stages)) network

    [<Theory>]
    [<InlineData("vgg16-cifar", "3x32x32", 10, 14724042L, 313201664L)>]
    [<InlineData("resnet20-cifar", "3x32x32", 10, 272474L, 40813184L)>]
    [<InlineData("resnet164-cifar", "3x32x32", 10, 1703258L, 247646720L)>]
    [<InlineData("vgg16", "3x224x224", 1000, 138357544L, 15470264320L)>]
    [<InlineData("resnet50", "3x224x224", 1000, 25557032L, 4089184256L)>]
    [<InlineData("resnet50-preact", "3x224x224", 1000, 25549480L, 4089184256L)>]
    [<InlineData("resnext50", "3x224x224", 1000, 25028904L, 4230479872L)>]
    [<InlineData("resnext20-cifar", "3x32x32", 10, 211610L, 35244544L)>]
    [<InlineData("resnext164-cifar", "3x32x32", 10, 1713306L, 250726912L)>]
    [<InlineData("peleenet", "3x224x224", 1000, 2802248L, 507757568L)>]
    [<InlineData("mobilenetv3-large", "3x224x224", 1000, 5483032L, 216589760L)>]
    [<InlineData("mobilenetv3-small", "3x224x224", 1000, 2542856L, 56510400L)>]
    [<InlineData("efficientnet-b0", "3x224x224", 1000, 5288548L, 385814752L)>]
    [<InlineData("efficientnetv2-s", "3x384x384", 1000, 21458488L, 8365617152L)>]
    [<InlineData("regnety-400mf", "3x224x224", 1000, 4344144L, 401842848L)>]
    [<InlineData("shufflenetv2", "3x224x224", 1000, 2278604L, 144907992L)>]
    [<InlineData("convnext-tiny", "3x224x224", 1000, 28589128L, 4455531264L)>]
    [<InlineData("vit-b16", "3x224x224", 1000, 86567656L, 17563828224L)>]
    [<InlineData("inceptionv3", "3x299x299", 1000, 23834568L, 5713216096L)>]
    member _.``show --json counts``
        (name, input: string, classes: int, parameters: int64, macs: int64)
        =
        let root = json name

        let shape =
            root.GetProperty("input").EnumerateArray()
            |> Seq.map string
            |> String.concat "x"

        Assert.Equal(input, shape)
        Assert.Equal(classes, root.GetProperty("classes").GetInt32())
        Assert.Equal(parameters, root.GetProperty("params").GetInt64())
        Assert.Equal(macs, root.GetProperty("macs").GetInt64())

        // The layers add up to the totals.
        let sum (property: string) =
            root.GetProperty("layers").EnumerateArray()
            |> Seq.sumBy (fun layer -> layer.GetProperty(property).GetInt64())

        Assert.Equal(parameters, sum "params")
        Assert.Equal(macs, sum "macs")
        Assert.Equal(root.GetProperty("factors").GetInt64(), sum "factors")

    /// torchvision's documentation gives multiply-adds as GFLOPS, with three decimals.
    [<Theory>]
    [<InlineData("mobilenetv3-large", 5483032L, 0.217)>]
    [<InlineData("mobilenetv3-small", 2542856L, 0.057)>]
    [<InlineData("efficientnet-b0", 5288548L, 0.386)>]
    [<InlineData("efficientnetv2-s", 21458488L, 8.366)>]
    [<InlineData("regnety-400mf", 4344144L, 0.402)>]
    [<InlineData("shufflenetv2", 2278604L, 0.145)>]
    [<InlineData("convnext-tiny", 28589128L, 4.456)>]
    [<InlineData("vit-b16", 86567656L, 17.564)>]
    // Published with the auxiliary head, which has 3,326,696 parameters and no part in the scores.
    [<InlineData("inceptionv3", 23834568L, 5.713)>]
    member _.``counts that torchvision publishes``(name, parameters: int64, giga: float) =
        let cost = Cost.ofNetwork (network (read (zoo name)))
        Assert.Equal(parameters, cost.Params)
        Assert.Equal(giga, float cost.Macs / 1e9, 3)

    [<Theory>]
    [<InlineData("ResNet-41", "0no 4yes 6yes 3yes", 25.35, 3.473)>]
    [<InlineData("ResNet-32", "0no 4yes 4yes 2yes", 18.65, 2.818)>]
    [<InlineData("ResNet-26", "0no 1no 6yes 1yes", 15.62, 2.329)>]
    member _.``selected layouts of the paper``(_name: string, kept: string, millions, giga) =
        let kept =
            kept.Split ' '
            |> Array.map (fun part -> int (string part[0]), part.EndsWith "yes")
            |> List.ofArray

        let selected = network (read (zoo "resnet50-preact")) |> layout kept
        let cost = Cost.ofNetwork selected
        Assert.Equal(millions, float cost.Params / 1e6, 2)
        Assert.Equal(giga, float cost.Macs / 1e9, 3)
        // It is a network of the language too, projections under their old names.
        Assert.Equal(selected, network (Language.print selected))

    [<Fact>]
    member _.``show as a table``() =
        let outcome = Show.show (zoo "resnet20-cifar") false
        Assert.Equal(0, outcome.ExitCode)
        let lines = outcome.Output.TrimEnd().Split '\n'
        Assert.Equal("ResNet20Cifar: input 3x32x32, 10 classes", lines[0])
        Assert.StartsWith("name", lines[2])
        Assert.StartsWith("conv1 ", lines[3])
        Assert.EndsWith("  9", lines[lines.Length - 1])
        Assert.Contains("272,474", lines[lines.Length - 1])
        Assert.Contains("40,813,184", lines[lines.Length - 1])

    [<Fact>]
    member _.``the language knows nothing of LibTorch``() =
        let rec closure (seen: Set<string>) (assembly: System.Reflection.Assembly) =
            (seen, assembly.GetReferencedAssemblies())
            ||> Array.fold (fun seen name ->
                match name.Name with
                | null -> seen
                | text when
                    seen.Contains text || not (text.StartsWith "Sss" || text.StartsWith "Torch")
                    ->
                    seen.Add text
                | text -> closure (seen.Add text) (System.Reflection.Assembly.Load name)
            )

        let references = closure Set.empty typeof<Parsed>.Assembly
        Assert.Contains("Sss.Core", references)
        Assert.DoesNotContain("TorchSharp", references)
