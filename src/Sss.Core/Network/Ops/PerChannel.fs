namespace Sss.Core

/// x times a trained number for each channel (H. Touvron et al., "Going deeper with Image
/// Transformers", ICCV 2021).
type LayerScale = {
    /// The numbers before training.
    Init: float
}

/// Facts about `prelu` and `layerscale`, which have one number for each channel.
[<RequireQualifiedAccess>]
module internal PerChannel =

    let preluWord: Word<unit> = Word.plain "prelu" ()

    let scaleWord: Word<LayerScale> = {
        Name = "layerscale"
        Example = ""
        Arguments = [
            ArgumentSpec.namedOr "init" (ArgumentKind.Real RealRange.Any) (ArgumentValue.Real 1e-6)
        ]
        Make = fun a -> { Init = Arguments.real "init" a }
    }

    let private array role start decay channels : ArraySpec = {
        Part = ArrayPart.Weight
        Shape = [ channels ]
        Role = role
        Axes = ArrayAxes.ByOutput
        Initial = ArrayStart.Value start
        Decay = decay
    }

    /// Both keep 0 at 0, and do something else to each channel.
    let private common word arguments spec (constant: float -> Known -> Known) op : OpFacts<'op> = {
        Word = word
        Arguments = arguments
        Output = Ok
        FixedOutput = None
        Arrays = fun input -> [ spec input.Channels ]
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        Constants =
            fun _ reader ->
                match reader.Array with
                | Some array ->
                    let weight = array ArrayPart.Weight
                    OpFacts.apart (fun channel state -> constant (weight channel) state)
                | None -> id
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> op
        Family = Family.Pointwise
        IsRandom = false
        KeepsInput = true
    }

    /// max(x, 0) + slope·min(x, 0). Its slopes start at PyTorch's ¼ and do not decay, as PyTorch's page
    /// on `PReLU` asks.
    let preluFacts: OpFacts<unit> =
        common
            preluWord.Name
            []
            (array ArrayRole.PerChannel 0.25 ArrayDecay.Never)
            (fun slope -> Known.map (fun x -> if x > 0.0 then x else slope * x))
            ()

    let scaleFacts (scale: LayerScale) : OpFacts<LayerScale> = {
        common
            scaleWord.Name
            [ "init", ArgumentValue.Real scale.Init ]
            (array ArrayRole.NormScale scale.Init ArrayDecay.UnderFactor)
            Known.times
            scale with
            Affine = Some(fun array -> fun channel -> struct (array ArrayPart.Weight channel, 0.0))
            Takes = Takes.Gain
            EndsScaledBranch = true
    }
