namespace Sss.Dsl

open Sss.Core

/// A recipe as canonical text: everything is written, so that a file says what was run.
module internal PrintRecipe =

    let private real = NumberText.real

    let private rate (r: Recipe) =
        let schedule =
            match r.Schedule with
            | Constant -> " constant"
            | Cosine -> " cosine"
            | CosineRestart -> " cosine restart"
            | Step(factor, epochs) ->
                " step " + real factor + " at " + String.concat ", " (List.map string epochs)

        let warmup = if r.Warmup = 0 then "" else " warmup " + string r.Warmup
        let head = if r.Head = 1.0 then "" else " head=" + real r.Head
        "lr " + real r.Lr + schedule + warmup + head

    let private gamma (g: Gamma) =
        "gamma neuron="
        + real g.Neuron
        + " group="
        + real g.Group
        + " block="
        + real g.Block
        // Where it is that of neurons a text from before there were shared factors stays the same.
        + (if g.Shared = g.Neuron then
               ""
           else
               " shared=" + real g.Shared)

    /// Nothing where it is the default: a text from before there were others stays the same.
    let private penalty (p: FactorPenalty) = [
        if p <> FactorPenalty.standard then
            match FactorPenalty.parameter p with
            | Some(name, value) -> "penalty " + FactorPenalty.word p + " " + name + "=" + real value
            | None -> "penalty " + FactorPenalty.word p
    ]

    let private lossText (l: Loss) =
        match Loss.parameter l with
        | Some(name, value) -> Loss.word l + " " + name + "=" + real value
        | None -> Loss.word l

    let private loss (l: Loss) = [
        if l <> Loss.standard then
            "loss " + lossText l
    ]

    let private outputs (all: Map<string, OutputLoss>) = [
        for KeyValue(name, own) in all do
            "output " + name + " " + lossText own.Loss + " weight=" + real own.Weight
    ]

    let private optimizer (o: Optimizer) = [
        if o <> Optimizer.standard then
            String.concat "" [
                "optimizer " + Optimizer.word o
                for name, value in Optimizer.parameters o do
                    " " + name + "=" + real value
            ]
    ]

    let private target (t: Target) (by: float option) = [
        let limits = [
            match t.Macs with
            | Some fraction -> " macs=" + real fraction
            | None -> ()
            match t.Params with
            | Some fraction -> " params=" + real fraction
            | None -> ()
            match t.Size with
            | Some bytes -> " size=" + string bytes
            | None -> ()
            match t.Latency with
            | Some(LatencyLimit.Milliseconds most) -> " latency=" + real most + "ms"
            | Some(LatencyLimit.OfDense fraction) -> " latency=" + real fraction
            | None -> ()
        ]

        if not limits.IsEmpty then
            let by =
                by |> Option.map (fun epochs -> " by=" + real epochs) |> Option.defaultValue ""

            "target" + String.concat "" limits + by
    ]

    let private augment (a: Augment) =
        String.concat "" [
            if a.Resize <> 0 then
                " resize=" + string a.Resize
            if a.Background <> Rgb.white then
                " background=" + Rgb.text a.Background
            if a.Area <> 0.0 then
                " area=" + real a.Area
            if a.Crop <> 0 then
                " crop=" + string a.Crop
            if a.Flip then
                " flip"
            if a.Jitter <> 0.0 then
                " jitter=" + real a.Jitter
            if a.Pca <> 0.0 then
                " pca=" + real a.Pca
        ]

    let private further (a: Augment) = [
        match a.Rand with
        | Some rand -> "randaugment n=" + string rand.Count + " m=" + string rand.Magnitude
        | None -> ()
        if a.Erase <> 0.0 then
            "erase p=" + real a.Erase
        if a.Mixup <> 0.0 then
            "mixup alpha=" + real a.Mixup
        if a.Cutmix <> 0.0 then
            "cutmix alpha=" + real a.Cutmix
    ]

    let private teacher (t: Teaching) =
        "teacher weight=" + real t.Weight + " temperature=" + real t.Temperature

    /// `train { … }`, one line per item.
    let recipe (r: Recipe) : string =
        let items = [
            "epochs " + string r.Epochs
            "batch " + string r.Batch
            rate r
            "momentum " + real r.Momentum
            "decay " + real r.Decay
            gamma r.Gamma
            yield! penalty r.Penalty
            yield! loss r.Loss
            yield! outputs r.Outputs
            yield! optimizer r.Optimizer
            yield! target r.Target r.TargetBy
            match r.ShrinkEvery with
            | Some epochs -> "shrink every " + string epochs
            | None -> ()
            match r.StopAfter with
            | Some epochs -> "stop after=" + string epochs
            | None -> ()
            "seed " + string r.Seed
            match augment r.Augment with
            | "" -> ()
            | text -> "augment" + text
            yield! further r.Augment
            match r.Teacher with
            | Some t -> teacher t
            | None -> ()
            match r.Ema with
            | Some decay -> "ema " + real decay
            | None -> ()
        ]

        "train {\n"
        + String.concat "" [ for item in items -> "  " + item + "\n" ]
        + "}\n"
