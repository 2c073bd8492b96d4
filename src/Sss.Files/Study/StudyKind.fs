namespace Sss.Files

/// What a run of a study is there for.
[<RequireQualifiedAccess>]
type StudyKind =
    /// The method itself: train with the penalty, and select.
    | Selected
    /// The whole network, every γ = 0.
    | Dense
    /// The selected network from scratch, for as many epochs.
    | ScratchE
    /// The selected network from scratch, for at least the compute that the run which selected it
    /// spent.
    | ScratchB
    /// The network with every layer narrower by one factor, as small as the selected one.
    | Uniform

/// Words of kinds.
[<RequireQualifiedAccess>]
module StudyKind =

    /// Whether a network starts from trained weights where a study has some; the others are from scratch.
    let startsTrained kind =
        match kind with
        | StudyKind.Selected
        | StudyKind.Dense -> true
        | StudyKind.ScratchE
        | StudyKind.ScratchB
        | StudyKind.Uniform -> false

    /// All networks to compare the selected network with.
    let controls = [ StudyKind.Dense; StudyKind.ScratchE; StudyKind.ScratchB; StudyKind.Uniform ]

    /// The word of a kind in files and tables.
    let word kind =
        match kind with
        | StudyKind.Selected -> "selected"
        | StudyKind.Dense -> "dense"
        | StudyKind.ScratchE -> "scratch-e"
        | StudyKind.ScratchB -> "scratch-b"
        | StudyKind.Uniform -> "uniform"

    /// The folder of a control of a run with this seed, below the run's.
    let controlFolder kind (seed: int) : string = $"controls/{word kind}/seed-{seed}"

    /// The kind of a word.
    let tryParse (text: string) : StudyKind option =
        StudyKind.Selected :: controls |> List.tryFind (fun kind -> word kind = text)
