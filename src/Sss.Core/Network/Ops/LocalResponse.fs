namespace Sss.Core

/// Local response normalisation (A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional
/// Neural Networks", 2012, section 3.3): x / (k + α/size · Σ x²)^β, the sum over `size` neighbouring
/// channels. As in PyTorch, size/2 (rounded down) of them are in front.
type LocalResponse = {
    Size: int
    Alpha: float
    Beta: float
    K: float
}

/// Facts about `lrn`.
[<RequireQualifiedAccess>]
module internal LocalResponse =

    let private real name range fallback =
        ArgumentSpec.namedOr name (ArgumentKind.Real range) (ArgumentValue.Real fallback)

    let word: Word<LocalResponse> = {
        Name = "lrn"
        Example = "5"
        Arguments = [
            ArgumentSpec.positional "number of channels" ArgumentKind.Count
            // With these two above 0 the base is: 0 stays 0, and nothing is divided by 0.
            real "alpha" RealRange.Positive 1e-4
            real "beta" RealRange.Any 0.75
            real "k" RealRange.Positive 1.0
        ]
        Make =
            fun a -> {
                Size = Arguments.count "number of channels" a
                Alpha = Arguments.real "alpha" a
                Beta = Arguments.real "beta" a
                K = Arguments.real "k" a
            }
    }

    /// A channel that is 0 stays so. Another one is constant where all its neighbours are; in training
    /// it is not taken for one, since it hangs on them.
    let private constants (l: LocalResponse) (reader: ArrayReader) (input: Known[]) : Known[] =
        input
        |> OpFacts.apart (fun c state ->
            let first = max 0 (c - l.Size / 2)
            let last = min (input.Length - 1) (c + (l.Size - 1) / 2)
            let near = System.ArraySegment(input, first, last - first + 1)

            if Known.isDead state then
                Known.Dead
            elif reader.InTraining || Seq.exists Known.isLive near then
                Known.Live
            elif near |> Seq.exists _.IsUnknown then
                Known.Unknown
            else
                let squares = near |> Seq.sumBy (fun x -> Known.value x * Known.value x)
                let power = (l.K + l.Alpha / float l.Size * squares) ** l.Beta
                Known.ofValue (Known.value state / power)
        )

    let facts (l: LocalResponse) : OpFacts<LocalResponse> = {
        Word = word.Name
        Arguments = [
            "number of channels", ArgumentValue.Count l.Size
            "alpha", ArgumentValue.Real l.Alpha
            "beta", ArgumentValue.Real l.Beta
            "k", ArgumentValue.Real l.K
        ]
        Output = Ok
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        // Which channels are neighbours must not change.
        Coupling = Coupling.Mixes 1
        Constants = fun _ -> constants l
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> l
        Family = Family.Norm
        IsRandom = false
        KeepsInput = true
    }
