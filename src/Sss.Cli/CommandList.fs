namespace Sss.Cli

open System

/// The commands in one table: the overview, the help and the suggestions for
/// misspelt words are all read from it.
type Command = {
    Name: string
    Summary: string
    Example: string
}

/// What the program can do.
[<RequireQualifiedAccess>]
module CommandList =

    let private command (name: string) summary example : Command = {
        Name = name
        Summary = summary
        Example = example
    }

    /// Every command, in the usual order of work.
    let commands = [
        command
            "init"
            "write a first network for a data set, with comments"
            "sss init --data digits --out first.sss"
        command "check" "parse and check networks" "sss check examples/digits.sss"
        command "show" "layers, shapes, parameters, macs and factors" "sss show examples/digits.sss"
        command "fmt" "rewrite files in the canonical format" "sss fmt examples/digits.sss --check"
        command
            "train"
            "train, select, shrink, check exactness, save"
            "sss train examples/digits.sss --data digits --out runs/digits"
        command
            "sweep"
            "train for several sizes or penalties, with controls, and compare"
            "sss sweep examples/digits.sss --data digits --target-macs 0.5,0.3 --out runs/sweep"
        command
            "predict"
            "classify pictures with the network of a run"
            "sss predict runs/digits seven.png"
        command
            "eval"
            "accuracy and loss of a run on a data set's test images"
            "sss eval runs/digits --data digits"
        command
            "verify"
            "check with random zero patterns that removal changes nothing"
            "sss verify examples/digits.sss --trials 20"
        command
            "export"
            "write ONNX, checked in ONNX Runtime"
            "sss export runs/digits --onnx digits.onnx"
        command
            "import"
            "read a trained network from ONNX, checked against ONNX Runtime"
            "sss import digits.onnx --out imported.sss"
        command "report" "write the report of a run or a sweep again" "sss report runs/digits"
        command
            "profile"
            "measure how long a network's layers take, for a target of latency"
            "sss profile net.sss --out cpu.json"
        command
            "bench"
            "measure the latency of the full and the selected network"
            "sss bench runs/digits"
        command "doctor" "what works on this machine, and what does not" "sss doctor"
        command "lsp" "the language server, for editors" "sss lsp"
        command "completions" "a completion script for a shell" "sss completions bash >> ~/.bashrc"
    ]

    /// What a command does, as a sentence.
    let sentence (command: Command) =
        command.Summary[..0].ToUpperInvariant() + command.Summary[1..] + "."

    /// `sss --help`.
    let overview () =
        let width = commands |> List.map (fun c -> c.Name.Length) |> List.max

        String.Join(
            "\n",
            [
                "Sparse structure selection: train once, keep what matters, check that nothing changed."
                ""
                "usage: sss COMMAND ..."
                ""
                for c in commands do
                    "  " + c.Name.PadRight width + "  " + c.Summary
                ""
                "'sss COMMAND --help' shows more. A first run:"
                "  " + (commands |> List.find (fun c -> c.Name = "train")).Example
                ""
                "Exit codes: 0 success, 1 error in the input or the result, 2 wrong usage,"
                "3 stopped on request."
            ]
        )

    /// `sss` without a command: what it is for, and the first steps.
    let guide () =
        let example name =
            (commands |> List.find (fun c -> c.Name = name)).Example

        let steps = [
            "sss init --data digits --out first.sss", "a first network, with comments"
            "sss show first.sss --html first.html", "its layers, its costs and its picture"
            "sss train first.sss --data digits --out runs/first", "train, select, check: a minute"
            "sss export runs/first --onnx first.onnx", "the smaller network, for elsewhere"
        ]

        let width = steps |> List.map (fun (command, _) -> command.Length) |> List.max

        String.Join(
            "\n",
            [
                "Sparse structure selection: train once, keep what matters, check that nothing changed."
                ""
                "usage: sss COMMAND ..."
                ""
                "The first steps, with data that is built in:"
                for command, meaning in steps do
                    "  " + command.PadRight width + "  " + meaning
                ""
                "A trained network instead of a new one:"
                "  " + example "import"
                ""
                "'sss --help' lists the commands, 'sss COMMAND --help' explains one. Editors: 'sss lsp'."
            ]
        )
