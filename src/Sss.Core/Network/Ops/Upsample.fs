namespace Sss.Core

/// Where the new pixels of an enlarged image come from.
[<RequireQualifiedAccess>]
type UpsampleMode =
    /// Each pixel is repeated.
    | Nearest
    /// Between the four pixels around it; outside of them the nearest ones (PyTorch's `bilinear` with
    /// `align_corners=False`).
    | Bilinear

/// An image a whole number of times as high and wide.
type Upsample = { Factor: int; Mode: UpsampleMode }

/// Facts about `upsample`.
[<RequireQualifiedAccess>]
module internal Upsample =

    let private modeWord mode =
        match mode with
        | UpsampleMode.Nearest -> "nearest"
        | UpsampleMode.Bilinear -> "bilinear"

    let private modes = [ UpsampleMode.Nearest; UpsampleMode.Bilinear ]

    let word: Word<Upsample> = {
        Name = "upsample"
        Example = "2"
        Arguments = [
            ArgumentSpec.positional "factor" ArgumentKind.Count
            ArgumentSpec.namedOr
                "mode"
                (ArgumentKind.Choice(List.map modeWord modes))
                (ArgumentValue.Word(modeWord UpsampleMode.Nearest))
        ]
        Make =
            fun a ->
                let mode = Arguments.word "mode" a

                {
                    Factor = Arguments.count "factor" a
                    Mode = modes |> List.find (fun m -> modeWord m = mode)
                }
    }

    /// Kept small enough to be an `int`; what is too large is an error of its own.
    let private times (n: int) (factor: int) =
        int (min (int64 n * int64 factor) (int64 System.Int32.MaxValue))

    let facts (u: Upsample) : OpFacts<Upsample> = {
        Word = word.Name
        Arguments = [
            "factor", ArgumentValue.Count u.Factor
            "mode", ArgumentValue.Word(modeWord u.Mode)
        ]
        Output =
            fun input ->
                Ok {
                    input with
                        Height = times input.Height u.Factor
                        Width = times input.Width u.Factor
                }
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        // Both are means with weights that add up to 1.
        Constants = fun _ _ -> id
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> u
        Family = Family.Pooling
        IsRandom = false
        KeepsInput = false
    }
