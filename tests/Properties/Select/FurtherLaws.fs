module Sss.Tests.Select.FurtherLaws

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Torch
open Sss.Core.Select
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests
open Sss.Tests.Select.Soundness

/// Runs a law on what selection makes of random cases; cases where a layer dies say nothing.
let private selections count seed (law: Case -> Trial -> Selected<float> -> Property) =
    holds
        count
        seed
        (fun case ->
            let t = trial case

            match Selection.select case.Options t.Network t.Weights with
            | Ok selected -> law case t selected
            | Error(SelectionError.LayerDied _) -> Prop.ofTestable true
            | Error error -> false |> Prop.label $"%A{error}"
        )

[<Fact>]
let ``networks drawn for the laws are sound`` () =
    holds
        1000
        1UL
        (fun case -> faults (trial case).Network |> fun f -> f.IsEmpty |> Prop.label $"%A{f}")

[<Fact>]
let ``a selected network is sound, and its numbers fit it`` () =
    selections
        1000
        2UL
        (fun _ t selected ->
            let shapes = selected.Weights |> Map.map (fun _ a -> a.Shape)

            let sizes =
                selected.Weights
                |> Map.forall (fun _ a -> a.Data.LongLength = Parameters.size a.Shape)

            let names network =
                Network.layers network |> Seq.map _.Name |> Set.ofSeq

            (faults selected.Network).IsEmpty |> Prop.label $"%A{faults selected.Network}"
            .&. ((shapes = expected selected.Network) |> Prop.label "keys and shapes")
            .&. (sizes |> Prop.label "sizes")
            .&. (Set.isSubset (names selected.Network) (names t.Network)
                 |> Prop.label "names stay")
            .&. ((selected.Network.Input = t.Network.Input) |> Prop.label "input")
        )

[<Fact>]
let ``selection never costs anything`` () =
    selections
        1000
        3UL
        (fun _ t selected ->
            let before = Cost.ofNetwork t.Network
            let after = Cost.ofNetwork selected.Network

            (after.Params <= before.Params
             && after.Macs <= before.Macs
             && after.Factors <= before.Factors)
            |> Prop.label $"%A{before} → %A{after}"
        )

[<Fact>]
let ``factors go unless they are asked for`` () =
    selections
        1000
        4UL
        (fun case _ selected ->
            let none =
                Seq.isEmpty (Network.scales selected.Network)
                && selected.Weights
                   |> Map.forall (fun key _ -> not (ArrayKey.isPart ArrayPart.Factor key))

            Prop.ofTestable (case.Options.KeepFactors || none)
        )

[<Fact>]
let ``selecting twice is selecting once`` () =
    selections
        1000
        5UL
        (fun case _ selected ->
            match Selection.select case.Options selected.Network selected.Weights with
            | Ok again ->
                ((again.Network = selected.Network) |> Prop.label $"%A{again.Plan}")
                .&. ((again.Weights = selected.Weights) |> Prop.label "weights")
                .&. (again.Plan.Goes.IsEmpty |> Prop.label "plan")
            | Error error -> false |> Prop.label $"%A{error}"
        )

[<Fact>]
let ``factors of one leave the network as it is, less its factors, and share all its arrays`` () =
    holds
        500
        6UL
        (fun case ->
            let t = trial case

            let weights =
                t.Weights
                |> Map.map (fun key a ->
                    if ArrayKey.isPart ArrayPart.Factor key then
                        {
                            a with
                                Data = Array.create a.Data.Length 1.0
                        }
                    else
                        a
                )

            match Selection.select { case.Options with KeepFactors = true } t.Network weights with
            | Error error -> false |> Prop.label $"%A{error}"
            | Ok kept ->
                match Selection.select Selection.defaults t.Network weights with
                | Error error -> false |> Prop.label $"%A{error}"
                | Ok folded ->
                    let less = {
                        Cost.ofNetwork t.Network with
                            Factors = 0L
                    }

                    let same (a: Selected<float>) =
                        a.Weights
                        |> Map.forall (fun key array ->
                            obj.ReferenceEquals(array.Data, weights[key].Data)
                        )

                    ((same kept && same folded) |> Prop.label "shared")
                    .&. ((expected kept.Network = expected t.Network) |> Prop.label "factors kept")
                    .&. ((Cost.ofNetwork folded.Network = less) |> Prop.label "cost")
        )

[<Fact>]
let ``the cost predicted beforehand is the cost afterwards`` () =
    holds
        1000
        7UL
        (fun case ->
            let t = trial case
            let reported = Selection.wouldBeOf t.Network t.Weights
            let selected = Selection.select Selection.defaults t.Network t.Weights

            let zero owner i =
                t.Weights[ArrayKey.make ArrayPart.Factor owner].Data[i] = 0.0

            // Where groups are filled up without a look at the norms, as without weights.
            let plain =
                Selection.analyse
                    Selection.defaults
                    (fun _ _ -> 0.0)
                    (WeightReader.ofWeights t.Weights)
                    t.Network
                |> Result.map (fun a -> Cost.ofNetwork a.Rewrite.Network)

            match reported, selected, Selection.wouldBe t.Network zero None with
            | Some reported, Ok selected, Some most ->
                let exact =
                    reported = Cost.ofNetwork selected.Network && reported = selected.Plan.After

                let bounded =
                    match plain with
                    | Ok plain -> plain.Params <= most.Params && plain.Macs <= most.Macs
                    | Error _ -> false

                (exact |> Prop.label $"%A{reported} against %A{selected.Plan.After}")
                .&. (bounded |> Prop.label $"%A{plain} beyond %A{most}")
            | None, Error(SelectionError.LayerDied _), _ -> Prop.ofTestable true
            | reported, selected, most -> false |> Prop.label $"%A{reported} %A{selected} %A{most}"
        )

[<Fact>]
let ``a plan accounts for every structure`` () =
    selections
        1000
        8UL
        (fun _ t selected ->
            let plan = selected.Plan
            let all = VerifyNumbers.structures t.Network

            let zero (s: Structure) =
                t.Weights[ArrayKey.make ArrayPart.Factor s.Owner].Data[s.Index] = 0.0

            let goes = Set.ofList plan.Goes
            let stays = plan.Stays |> List.map fst |> Set.ofList

            let tallies =
                [ Neuron, plan.Neuron; Group, plan.Group; Block, plan.Block ]
                |> List.forall (fun (kind, tally) ->
                    let own = all |> List.filter (fun s -> s.Kind = kind)

                    tally.Total = own.Length
                    && tally.Kept = (own |> List.filter (goes.Contains >> not) |> List.length)
                )

            ((all |> List.filter zero |> Set.ofList) = (goes |> Set.filter zero |> Set.union stays)
             |> Prop.label "every zero goes or stays with a reason")
            .&. (Set.intersect goes stays |> Set.isEmpty |> Prop.label "not both")
            .&. (tallies |> Prop.label "tallies")
            .&. ((plan.Before = Cost.ofNetwork t.Network) |> Prop.label "before")
            .&. (Selection.plan Selection.defaults t.Network t.Weights
                 |> Result.isOk
                 |> Prop.label "the plan alone")
        )

[<Fact>]
let ``rounding reaches the multiple where there are so many channels, and no layer has groups`` () =
    let hasGroups (network: Network) =
        Network.layers network
        |> Seq.exists (fun l ->
            match (Op.facts l.Op).Coupling with
            | Coupling.Reads reading -> (reading l.Input).Groups > 1
            | Coupling.Apart
            | Coupling.Mixes _
            | Coupling.Moves _ -> false
        )

    selections
        1000
        9UL
        (fun case t selected ->
            // The channels beside groups follow from them.
            let round = if hasGroups t.Network then 1 else case.Options.Round
            let before = Network.layers t.Network |> Seq.map (fun l -> l.Name, l) |> Map.ofSeq

            Network.layers selected.Network
            |> Seq.forall (fun l ->
                match before[l.Name].Op with
                | Op.Conv { Groups = 1 }
                | Op.Dense _ -> l.Output.Channels % round = 0 || l.Output = before[l.Name].Output
                | _ -> true
            )
            |> Prop.ofTestable
        )

/// The channels of each layer that selection keeps with such factors, each a multiple of groups of four channels.
let private channelsKept (text: string) (round: int) : int list =
    let network =
        match Sss.Dsl.Language.parse text with
        | Ok parsed -> parsed.Network
        | Error errors -> invalidOp $"%A{errors}"

    // 3 of 8 groups stay, which are 12 of 32 channels, and no multiple of 8.
    let factors =
        Parameters.factors network
        |> Seq.map (fun f ->
            let size = f.Scale.Count / 8

            f.Key,
            {
                Shape = [ f.Scale.Count ]
                Data = Array.init f.Scale.Count (fun i -> if i / size % 3 = 0 then 1.0 else 0.0)
            }
        )

    let weights =
        (Nets.randomWeights 5 network, factors)
        ||> Seq.fold (fun weights (key, array) -> Map.add key array weights)

    match
        Selection.select
            {
                Selection.defaults with
                    Round = round
            }
            network
            weights
    with
    | Ok selected -> [ for layer in Network.layers selected.Network -> layer.Output.Channels ]
    | Error error -> invalidOp $"%A{error}"

[<Fact>]
let ``rounding brings no group back`` () =
    let kept =
        channelsKept
            "network N {
  input 3x6x6
  classes 3
  conv 32 1x1; relu
  conv 32 3x3 groups=8; bn @scale(group); relu
  conv 16 1x1
  avgpool global
  dense classes
}"

    Assert.Equal<int list>(kept 1, kept 8)
    Assert.Equal(12, (kept 8).Head)

[<Fact>]
let ``rounding brings no group back where a layer with groups reads a sum`` () =
    let kept =
        channelsKept
            "network N {
  input 3x6x6
  classes 3
  conv 32 1x1; relu
  residual { dwconv 3x3; bn }
  relu
  conv 32 3x3 groups=8; bn @scale(group); relu
  conv 16 1x1
  avgpool global
  dense classes
}"

    Assert.Equal<int list>(kept 1, kept 8)
    Assert.Equal(12, (kept 8).Head)

[<Fact>]
let ``selection holds at single precision`` () =
    let double (weights: Weights<float32>) : Weights<float> =
        weights
        |> Map.map (fun _ a -> {
            Shape = a.Shape
            Data = Array.map float a.Data
        })

    holds
        1000
        10UL
        (fun case ->
            let t = trial case
            let weights = VerifyNumbers.single t.Weights

            let run network weights image =
                Interpreter.run network (double weights) (Array.map float image)
                |> Array.map float32

            let outcome =
                Verify.check
                    run
                    case.Options
                    1e-4
                    t.Network
                    weights
                    (t.Images |> List.map (Array.map float32))

            not (Verify.isFailure outcome) |> Prop.label $"%A{outcome}"
        )

[<Fact>]
let ``selection leaves the given numbers alone`` () =
    holds
        300
        11UL
        (fun case ->
            let t = trial case
            let copy = t.Weights |> Map.map (fun _ a -> Array.copy a.Data)
            Selection.select case.Options t.Network t.Weights |> ignore

            (t.Weights |> Map.map (fun _ a -> a.Data)) = copy |> Prop.ofTestable
        )

[<Fact>]
let ``arrays that are missing or too short are named`` () =
    holds
        300
        12UL
        (fun case ->
            let t = trial case
            let key, array = t.Weights |> Map.toSeq |> Seq.item (case.Seed % t.Weights.Count)

            let short = {
                array with
                    Data = Array.truncate (array.Data.Length - 1) array.Data
            }

            let attempt weights =
                Selection.select Selection.defaults t.Network weights |> Result.map ignore

            let size = array.Data.LongLength

            ((attempt (Map.remove key t.Weights) = Error(SelectionError.ArrayMissing key))
             |> Prop.label "missing")
            .&. (attempt (Map.add key short t.Weights) =
                     Error(SelectionError.ArraySize(key, size, size - 1L))
                 |> Prop.label "short")
        )
