namespace Sss.Cli

/// A command with what runs it.
type Entry = {
    Name: string
    Words: Values
    /// Read only when completions are written: Argu takes longer to start than `check` to run.
    Options: unit -> OptionSpec list
    Run: string list -> int
}

/// The one list of commands, for running, completion and suggestions.
[<RequireQualifiedAccess>]
module Commands =

    let private argu name words options (main: string[] -> int) = {
        Name = name
        Words = words
        Options = options
        Run = Array.ofList >> main
    }

    let private plain name (run: string list -> int) = {
        Name = name
        Words = Files
        Options = fun () -> Inspect.switches name
        Run = run
    }

    let rec private table () : Entry list = [
        argu "init" Switch Usage.optionsOf<InitArgument> InitCommand.main
        plain "check" Inspect.check
        plain "show" ShowCommand.main
        plain "fmt" Inspect.fmt
        argu "train" Files Usage.optionsOf<TrainArgument> TrainCommand.main
        argu "sweep" Files Usage.optionsOf<SweepArgument> SweepCommand.main
        argu "predict" Files Usage.optionsOf<PredictArgument> PredictCommand.main
        argu "eval" Files Usage.optionsOf<EvalArgument> EvalCommand.main
        argu "verify" Files Usage.optionsOf<VerifyArgument> VerifyCommand.main
        argu "export" Folders Usage.optionsOf<ExportArgument> ExportCommand.main
        argu "import" Files Usage.optionsOf<ImportArgument> ImportCommand.main
        argu "profile" Files Usage.optionsOf<ProfileArgument> ProfileCommand.main
        argu "bench" Folders Usage.optionsOf<BenchArgument> BenchCommand.main
        argu "report" Folders Usage.optionsOf<ReportArgument> ReportCommand.main
        argu "doctor" Switch Usage.optionsOf<DoctorArgument> DoctorCommand.main
        {
            Name = "lsp"
            Words = Switch
            Options = fun () -> []
            Run = LspCommand.main
        }
        {
            Name = "completions"
            Words = OneOf Completions.shells
            Options = fun () -> []
            Run = fun args -> Completions.main (completed ()) args
        }
    ]

    and private completed () : Completed list = [
        for entry in table () do
            {
                Command = CommandList.commands |> List.find (fun c -> c.Name = entry.Name)
                Options = entry.Options()
                Words = entry.Words
            }
    ]

    /// The command of a name.
    let tryFind (name: string) : Entry option =
        table () |> List.tryFind (fun entry -> entry.Name = name)
