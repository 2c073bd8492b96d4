namespace Sss.Cli

open System

/// The facts about a command that completion needs.
type Completed = {
    Command: Command
    Options: OptionSpec list
    /// Words of the command line that do not belong to an option.
    Words: Values
}

/// Scripts that complete sss's words in a shell. They are written from the table that also parses
/// and explains the command line, so they cannot be out of date.
[<RequireQualifiedAccess>]
module Completions =

    /// The shells that there is a script for.
    let shells = [ "bash"; "zsh"; "fish"; "pwsh" ]

    let private lines (parts: string list) = String.Join("\n", parts) + "\n"

    let private names (c: Completed) =
        c.Options |> List.map _.Option |> List.append [ "--help" ]

    let private joined (words: string list) = String.Join(" ", words)

    /// A text inside single quotes of a POSIX shell.
    let private posix (text: string) = "'" + text.Replace("'", "'\\''") + "'"

    // ---- bash

    let private bashValues values =
        match values with
        | Switch
        | Files -> "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
        | Folders -> "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")"
        | OneOf words -> $"mapfile -t COMPREPLY < <(compgen -W {posix (joined words)} -- \"$cur\")"
        | Free _ -> ":"

    let private bash (commands: Completed list) =
        lines [
            "# Completion of sss in bash; for this shell alone: eval \"$(sss completions bash)\""
            "_sss() {"
            "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}"
            "  COMPREPLY=()"
            "  if [ \"$COMP_CWORD\" -eq 1 ]; then"
            "    " + bashValues (OneOf(commands |> List.map _.Command.Name))
            "    return"
            "  fi"
            "  case \"${COMP_WORDS[1]} $prev\" in"
            for c in commands do
                for o in c.Options do
                    if o.Values <> Switch then
                        $"    '{c.Command.Name} {o.Option}') {bashValues o.Values}; return ;;"
            "  esac"
            "  case \"${COMP_WORDS[1]} $cur\" in"
            for c in commands do
                $"    '{c.Command.Name} -'*) {bashValues (OneOf(names c))} ;;"
                $"    '{c.Command.Name} '*) {bashValues c.Words} ;;"
            "  esac"
            "}"
            "complete -o filenames -F _sss sss ./sss"
        ]

    // ---- zsh

    let private zshValues values =
        match values with
        | Switch -> ""
        | Files -> ":file:_files"
        | Folders -> ":folder:_files -/"
        | OneOf words -> $":value:({joined words})"
        | Free word -> $":{word}: "

    let private zshHelp (text: string) =
        text.Replace("[", "(").Replace("]", ")").Replace(":", "\\:")

    let private zsh (commands: Completed list) =
        lines [
            "#compdef sss"
            "# Completion of sss in zsh; for this shell alone: source <(sss completions zsh)"
            "_sss() {"
            "  local -a commands"
            "  commands=("
            for c in commands do
                "    " + posix (c.Command.Name + ":" + zshHelp c.Command.Summary)
            "  )"
            "  if (( CURRENT == 2 )); then _describe 'command' commands; return; fi"
            "  local command=$words[2]"
            "  shift words; (( CURRENT-- ))"
            "  case $command in"
            for c in commands do
                let options =
                    c.Options
                    |> List.map (fun o -> posix $"{o.Option}[{zshHelp o.Help}]{zshValues o.Values}")

                let words =
                    match c.Words with
                    | Switch -> []
                    | values -> [ posix ("*" + zshValues values) ]

                let all = posix "--help[how to use the command]" :: options @ words
                $"    {c.Command.Name}) _arguments {joined all} ;;"
            "  esac"
            "}"
            "compdef _sss sss"
        ]

    // ---- fish

    let private fishText (text: string) =
        "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

    let private fishValues values =
        match values with
        | Switch -> ""
        | Files -> " -r -F"
        | Folders -> " -x -a '(__fish_complete_directories)'"
        | OneOf words -> " -x -a " + fishText (joined words)
        | Free _ -> " -x"

    let private fish (commands: Completed list) =
        lines [
            "# Completion of sss in fish; for this shell alone: sss completions fish | source"
            "complete -c sss -f"
            for c in commands do
                let name = c.Command.Name
                let seen = $"complete -c sss -n '__fish_seen_subcommand_from {name}'"

                $"complete -c sss -n __fish_use_subcommand -a {name} -d {fishText c.Command.Summary}"

                for o in c.Options do
                    let long = o.Option.TrimStart '-'
                    $"{seen} -l {long} -d {fishText o.Help}{fishValues o.Values}"

                match c.Words with
                | Files
                | Folders -> seen + " -F"
                | OneOf words -> $"{seen} -a {fishText (joined words)}"
                | Switch
                | Free _ -> ()
        ]

    // ---- PowerShell

    let private pwshText (text: string) = "'" + text.Replace("'", "''") + "'"

    let private pwshList (words: string list) =
        "@(" + String.Join(",", List.map pwshText words) + ")"

    let private pwsh (commands: Completed list) =
        lines [
            "# Completion of sss in PowerShell; for this shell alone:"
            "#   sss completions pwsh | Out-String | Invoke-Expression"
            "Register-ArgumentCompleter -Native -CommandName sss -ScriptBlock {"
            "  param($word, $ast, $position)"
            "  $options = @{"
            for c in commands do
                $"    {pwshText c.Command.Name} = {pwshList (names c)}"
            "  }"
            "  $values = @{"
            for c in commands do
                match c.Words with
                | OneOf words -> $"    {pwshText c.Command.Name} = {pwshList words}"
                | _ -> ()

                for o in c.Options do
                    match o.Values with
                    | OneOf words ->
                        let key = c.Command.Name + " " + o.Option
                        $"    {pwshText key} = {pwshList words}"
                    | _ -> ()
            "  }"
            "  $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })"
            "  if ($word -eq '') { $words += '' }"
            "  if ($words.Count -le 2) {"
            $"    $found = {pwshList (commands |> List.map _.Command.Name)}"
            "  } elseif ($values.ContainsKey(\"$($words[1]) $($words[-2])\")) {"
            "    $found = $values[\"$($words[1]) $($words[-2])\"]"
            "  } elseif ($word -like '-*') {"
            "    $found = $options[$words[1]]"
            "  } else {"
            "    $found = $values[$words[1]]"
            "  }"
            "  $found | Where-Object { $_ -like \"$word*\" } | ForEach-Object {"
            "    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)"
            "  }"
            "}"
        ]

    /// The script of a shell; None: there is none for it.
    let script (commands: Completed list) (shell: string) : string option =
        match shell with
        | "bash" -> Some(bash commands)
        | "zsh" -> Some(zsh commands)
        | "fish" -> Some(fish commands)
        | "pwsh" -> Some(pwsh commands)
        | _ -> None

    /// `sss completions SHELL`
    let main (commands: Completed list) (args: string list) : int =
        let listed = String.Join(", ", shells)

        match args with
        | [ ("--help" | "-h") ] ->
            let entry = CommandList.commands |> List.find (fun c -> c.Name = "completions")
            Terminal.out (CommandList.sentence entry)
            Terminal.out ""
            Terminal.out ("USAGE: sss completions " + String.Join("|", shells))
            Terminal.out ""
            Terminal.out ("example: " + entry.Example)
            Exit.ok
        | [ shell ] ->
            match script commands shell with
            | Some text ->
                Terminal.write Console.Out text
                Exit.ok
            | None ->
                Usage.refuse
                    "completions"
                    ($"there is no script for '{shell}'; the shells are {listed}."
                     + Usage.didYouMean shells shell)
        | _ -> Usage.refuse "completions" $"give one shell: {listed}."
