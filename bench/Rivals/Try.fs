namespace Sss.Bench.Rivals

open System.Globalization

/// A rule and what its paper leaves open for another data set.
type Try = {
    /// `slimming`, `magnitude`, or `scratch`.
    Rule: string
    /// λ of slimming's penalty; 0 for magnitude, and where the network was trained before.
    Strength: float
    /// The step size of fine-tuning over that of training.
    Tuning: float
}

/// What a try does.
[<RequireQualifiedAccess>]
type Approach =
    /// Neurons of a trained network are removed, and what is left is trained further.
    | Prune of Rule
    /// The selected network is trained from scratch, with the compute of everything that led to it.
    | Scratch

/// Tries as words of a command line: `slimming:0.0001:1`.
[<RequireQualifiedAccess>]
module Try =

    /// All that are made where none is requested.
    let all: Try list = [
        for tuning in [ 1.0; 0.1 ] do
            for rule, strength in [ Rule.Magnitude, 0.0; Rule.Slimming, 1e-4; Rule.Slimming, 1e-3 ] do
                {
                    Rule = Rule.name rule
                    Strength = strength
                    Tuning = tuning
                }
    ]

    let private scratch = "scratch"

    /// All that are made beside runs that started from a trained network.
    let fromDense: Try list = [
        for tuning in [ 1.0; 0.1 ] do
            for rule in [ Rule.Magnitude; Rule.Slimming ] do
                {
                    Rule = Rule.name rule
                    Strength = 0.0
                    Tuning = tuning
                }
        {
            Rule = scratch
            Strength = 0.0
            Tuning = 1.0
        }
    ]

    /// What it does.
    let approach (t: Try) : Approach =
        if t.Rule = scratch then
            Approach.Scratch
        elif t.Rule = Rule.name Rule.Slimming then
            Approach.Prune Rule.Slimming
        else
            Approach.Prune Rule.Magnitude

    /// As the command line has it.
    let text (t: Try) =
        let number (value: float) =
            value.ToString("0.####", CultureInfo.InvariantCulture)

        $"{t.Rule}:{number t.Strength}:{number t.Tuning}"

    /// None: it is none of `known`.
    let tryParse (known: Try list) (word: string) : Try option =
        known |> List.tryFind (fun t -> text t = word)
