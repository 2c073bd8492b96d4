namespace Sss.Bench.Rivals

open System.Globalization

/// A rule and what its paper leaves open for another data set.
type Try = {
    /// `slimming` or `magnitude`.
    Rule: string
    /// λ of slimming's penalty; 0 for magnitude.
    Strength: float
    /// The step size of fine-tuning over that of training.
    Tuning: float
}

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

    /// The rule that it names.
    let rule (t: Try) : Rule =
        if t.Rule = Rule.name Rule.Slimming then
            Rule.Slimming
        else
            Rule.Magnitude

    /// As the command line has it.
    let text (t: Try) =
        let number (value: float) =
            value.ToString("0.####", CultureInfo.InvariantCulture)

        $"{t.Rule}:{number t.Strength}:{number t.Tuning}"

    /// None: it is none of `all`.
    let tryParse (word: string) : Try option =
        all |> List.tryFind (fun t -> text t = word)
