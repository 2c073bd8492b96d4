module Sss.Tests.Latency.LatencyLaws

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Language
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests

/// Times for a network that follow a formula: what a machine would measure if nothing disturbed it.
let private timesOf (multiple: int) (network: Network) : WidthTimes list =
    FusedLayer.ofNetwork network
    |> List.map (fun fused ->
        let inputs, outputs = FusedLayer.widths multiple fused

        {
            Layer = fused.First.Name
            Inputs = inputs
            Outputs = outputs
            Milliseconds =
                inputs
                |> Array.map (fun ins ->
                    outputs |> Array.map (fun outs -> 0.001 * float ins + 0.002 * float outs)
                )
        }
    )

let private model multiple network = {
    PerCall = 0.01
    Scale = 1.25
    PerValue = 1e-6
    PerWeight = 1e-7
    Multiple = multiple
    Layers = timesOf multiple network
}

[<Property(MaxTest = 300)>]
let ``every layer is in one fused layer, in the order of the text`` (case: RandomNetworks.Case) =
    let network = RandomNetworks.build case

    let names =
        FusedLayer.ofNetwork network
        |> List.collect (fun fused -> fused.First :: fused.Rest)
        |> List.map _.Name

    names = [ for layer in Network.layers network -> layer.Name ]

[<Property(MaxTest = 300)>]
let ``a fused layer at all of its channels is the layer itself, and at others has these``
    (case: RandomNetworks.Case, multiple: byte)
    =
    let network = RandomNetworks.build case |> Uniform.plain
    let multiple = 1 + int multiple % 16

    FusedLayer.ofNetwork network
    |> List.forall (fun fused ->
        let first = fused.First
        let inputs, outputs = FusedLayer.widths multiple fused
        let full = FusedLayer.atWidths fused (Array.last inputs) (Array.last outputs)

        let isItself =
            full
            |> Option.map (fun n -> List.ofSeq (Network.layers n))
            |> (=) (Some(first :: fused.Rest))

        let isAsAsked =
            Array.allPairs inputs outputs
            |> Array.forall (fun (ins, outs) ->
                match FusedLayer.atWidths fused ins outs with
                | None -> true
                | Some narrow ->
                    let shape = Network.output narrow

                    narrow.Input.Channels <= first.Input.Channels
                    && (outputs.Length = 1 || shape.Channels = outs)
                    && (inputs.Length = 1 || narrow.Input.Channels = ins)
            )

        isItself && isAsAsked
    )

[<Property(MaxTest = 300)>]
let ``a prediction at the measured widths is what was measured``
    (case: RandomNetworks.Case, multiple: byte)
    =
    let multiple = 1 + int multiple % 16

    timesOf multiple (RandomNetworks.build case)
    |> List.forall (fun times ->
        Array.allPairs (Array.indexed times.Inputs) (Array.indexed times.Outputs)
        |> Array.forall (fun ((i, ins), (o, outs)) ->
            abs (LatencyModel.timeOf multiple times ins outs - times.Milliseconds[i][o]) < 1e-12
        )
    )

[<Fact>]
let ``a prediction never grows when structures are removed`` () =
    holds
        500
        41UL
        (fun case ->
            let t = trial case
            let predict = LatencyModel.predict (model 8 t.Network)

            match Selection.select Selection.defaults t.Network t.Weights with
            | Ok selected ->
                let before, after = predict t.Network, predict selected.Network
                (after <= before + 1e-12) |> Prop.label $"{before} to {after}"
            | Error _ -> Prop.ofTestable true
        )

[<Property>]
let ``noise that makes fewer channels slower is levelled`` (values: NonNegativeInt list) =
    let row i =
        Array.init
            4
            (fun o ->
                if values.IsEmpty then
                    0.0
                else
                    float values[(4 * i + o) % values.Length].Get
            )

    let times =
        LatencyModel.monotone {
            Layer = "conv1"
            Inputs = [| 1; 2; 3 |]
            Outputs = [| 1; 2; 3; 4 |]
            Milliseconds = Array.init 3 row
        }

    let t = times.Milliseconds

    Array.allPairs [| 0..2 |] [| 0..3 |]
    |> Array.forall (fun (i, o) ->
        t[i][o] >= (row i)[o]
        && (i = 0 || t[i][o] >= t[i - 1][o])
        && (o = 0 || t[i][o] >= t[i][o - 1])
    )

/// Samples that follow the model exactly.
let private exact (call: float) (scale: float) (value: float) (weight: float) = [
    for i in 1..8 ->
        let layers, joined, weights =
            float (i * i), float (1000 * (i % 3 + 1)), float (1000 * (i * i * i % 7))

        {
            Layers = layers
            Joined = joined
            Weights = weights
            Measured = call + scale * layers + value * joined + weight * weights
        }
]

[<Property>]
let ``the fit finds the numbers that whole networks follow`` (a: byte, b: byte, c: byte, d: byte) =
    let call, scale, value, weight =
        0.01 * float a, 0.5 + 0.01 * float b, 1e-5 * float c, 1e-5 * float d

    let samples = exact call scale value weight
    let found = LatencyFit.fit 1 [] samples
    let near x y = abs (x - y) <= 1e-6 * max 1.0 (abs y)

    (near found.PerCall call
     && near found.Scale scale
     && near found.PerValue value
     && near found.PerWeight weight)
    |> Prop.label $"{found.PerCall} {found.Scale} {found.PerValue} {found.PerWeight}"
    .&. (List.max (LatencyFit.errors found samples) < 1e-6)

[<Property>]
let ``no number of a fit is negative, whatever was measured`` (measured: PositiveInt list) =
    let samples =
        measured
        |> List.mapi (fun i time -> {
            Layers = float (i % 5 + 1)
            Joined = float (i % 7) * 100.0
            Weights = float (i % 3) * 1000.0
            Measured = float time.Get
        })

    let found = LatencyFit.fit 1 [] samples

    found.PerCall >= 0.0
    && found.Scale >= 0.0
    && found.PerValue >= 0.0
    && found.PerWeight >= 0.0

[<Property(MaxTest = 300)>]
let ``several limits hold together exactly where each of them holds``
    (case: RandomNetworks.Case, parts: byte * byte * byte * byte, narrowed: byte, times: byte)
    =
    // Predictions are multiplied by it.
    let factor = 0.5 + float times / 256.0
    let dense = RandomNetworks.build case
    let network = Uniform.narrow (float narrowed / 255.0) dense
    let predict = LatencyModel.predict (model 1 dense)
    let a, b, c, d = parts
    let part (x: byte) = (1.0 + float x) / 256.0
    let fileSize network = CostLimit.numbersSize network + 100L
    let size = 1L + int64 (part c * float (fileSize dense))
    let latency = part d * predict dense

    let target = {
        Macs = Some(part a)
        Params = Some(part b)
        Size = Some size
        Latency = Some(LatencyLimit.Milliseconds latency)
    }

    let measures = {
        FileSize = fileSize
        Latency =
            Some {
                Predict = predict
                FirstFactor = 1.0
                Dense = predict dense
                Multiple = 1
                Measure = None
            }
        Select = Selection.defaults
    }

    let cost, full = Cost.ofNetwork network, Cost.ofNetwork dense
    let within (value: int64) (fraction: float) (all: int64) = value <= int64 (fraction * float all)

    let each =
        within cost.Macs (part a) full.Macs
        && within cost.Params (part b) full.Params
        && fileSize network <= size
        && factor * predict network <= latency

    match CostLimit.ofTarget measures dense target with
    | Some target ->
        let limit = target.Limit factor
        (limit.Of network <= limit.Most) = each
    | None -> false

[<Property(MaxTest = 100)>]
let ``a limit of macs alone counts macs`` (case: RandomNetworks.Case, part: byte) =
    let network = RandomNetworks.build case
    let fraction = (1.0 + float part) / 256.0
    let macs = (Cost.ofNetwork network).Macs

    match
        CostLimit.ofTarget CostLimit.noMeasures network {
            Target.none with
                Macs = Some fraction
        }
    with
    | Some target ->
        let limit = target.Limit target.FirstFactor
        limit.Of network = macs && limit.Most = int64 (fraction * float macs)
    | None -> false
