namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// One thing that may be written at the cursor.
type internal Proposal = {
    Label: string
    /// The protocol's number of its kind.
    Kind: int
    Detail: string
    /// What is written; with `${1:…}` where the cursor goes, if the client can do that.
    Snippet: string
    /// What is written where it cannot.
    Plain: string
}

/// What there is to write.
[<RequireQualifiedAccess>]
module internal Proposals =

    // The protocol's numbers of kinds.
    let private functionKind, classKind, propertyKind, valueKind, keywordKind, snippetKind =
        3, 7, 10, 12, 14, 15

    let plain kind detail label = {
        Label = label
        Kind = kind
        Detail = detail
        Snippet = label.Replace("$", "\\$")
        Plain = label
    }

    let private snippet label detail (text: string) (without: string) = {
        Label = label
        Kind = snippetKind
        Detail = detail
        Snippet = text
        Plain = without
    }

    /// A layer with places for what must be written.
    let layer (word: Word<Op>) : Proposal =
        let required = word.Arguments |> List.filter (fun spec -> spec.Default.IsNone)

        // The example has them in this order, the word left out.
        let examples = word.Example.Split(' ', System.StringSplitOptions.RemoveEmptyEntries)

        let parts =
            required
            |> List.mapi (fun i spec ->
                let example =
                    if i < examples.Length then
                        examples[i].Replace(spec.Name + "=", "")
                    else
                        "1"

                let place = "${" + string (i + 1) + ":" + example + "}"

                if spec.IsNamed then
                    $" {spec.Name}={place}"
                else
                    " " + place
            )

        {
            Label = word.Name
            Kind = functionKind
            Detail = word.Arguments |> List.map (LayerWords.parameter word) |> String.concat " "
            Snippet = word.Name + String.concat "" parts
            Plain = word.Name
        }

    /// A call with places for what must be written.
    let call (d: Definition) : Proposal =
        let required =
            d.Parameters |> List.filter (fun p -> p.Default.IsNone) |> List.map _.Name.Value

        let names = d.Parameters |> List.map _.Name.Value |> String.concat ", "

        let places =
            required
            |> List.mapi (fun i name -> " ${" + string (i + 1) + ":" + name + "}")
            |> String.concat ""

        {
            Label = d.Name.Value
            Kind = classKind
            Detail = $"def {d.Name.Value}({names})"
            Snippet = d.Name.Value + places
            Plain = d.Name.Value
        }

    /// Joins, and blocks that are made of them.
    let joins: Proposal list = [
        let body = "{\n\t$1\n}"

        for word in Node.words do
            let bodies =
                if word = "concat" || word = "split" then
                    "{ $1 } { $2 }"
                else
                    body

            {
                Label = word
                Kind = keywordKind
                Detail = "a join"
                Snippet = word + " " + bodies
                Plain = word
            }

        snippet
            Node.OutputWord
            "a further output"
            "output ${1:early} {\n\tavgpool global\n\tdense ${2:classes}\n}"
            Node.OutputWord

        snippet "repeat" "so many times" "repeat ${1:2} {\n\t$0\n}" "repeat"

        snippet
            "residual block"
            "two 3x3 convolutions beside a shortcut, with factors"
            "residual @scale(block) {\n\tconv ${1:16} 3x3\n\tbn @scale(neuron)\n\trelu\n\tconv ${1:16} 3x3\n\tbn\n} shortcut auto\nrelu"
            "residual"

        snippet
            "bottleneck block"
            "1x1, 3x3 and 1x1 convolutions beside a shortcut, with factors"
            "residual @scale(block) {\n\tconv ${1:16} 1x1\n\tbn @scale(neuron)\n\trelu\n\tconv ${1:16} 3x3\n\tbn @scale(neuron)\n\trelu\n\tconv ${2:64} 1x1\n\tbn\n} shortcut auto\nrelu"
            "residual"
    ]

    /// What is directly in a network only.
    let items: Proposal list = [
        snippet "input" "channels x height x width" "input ${1:3x32x32}" "input"
        snippet "classes" "the number of classes" "classes ${1:10}" "classes"
        snippet "outputs" "how many numbers the network gives" "outputs ${1:1}" "outputs"
        snippet "def" "a definition" "def ${1:name}(${2:width}) {\n\t$0\n}" "def"
    ]

    /// What a file is made of.
    let file: Proposal list = [
        snippet
            "network"
            "a network"
            "network ${1:Name} {\n\tinput ${2:3x32x32}\n\tclasses ${3:10}\n\n\t$0\n\tavgpool global\n\tdense classes\n}"
            "network"
        snippet "train" "the recipe" "train {\n\tepochs ${1:30}\n\tgamma ${2:0.002}\n}" "train"
    ]

    /// Items of a recipe.
    let recipeItems: Proposal list = [
        for word in Words.recipe do
            let examples = RecipeItems.examplesOf word

            {
                plain propertyKind (String.concat ", or " examples) word with
                    Snippet = List.tryHead examples |> Option.defaultValue word
            }
    ]

    /// `NAME=`.
    let named (name: string) detail = {
        plain propertyKind detail (name + "=") with
            Snippet = name + "="
    }

    /// Words as values.
    let values words = words |> List.map (plain valueKind "")

    let private scale kind = {
        Label = "@scale(" + kind + ")"
        Kind = keywordKind
        Detail = "scaling factors"
        Snippet = "@scale(" + kind + ")"
        Plain = "@scale(" + kind + ")"
    }

    /// `@scale(…)` of a residual, or of a layer.
    let scales (isResidual: bool) : Proposal list =
        Words.scaleKinds
        |> List.filter (fun kind -> (kind = "block") = isResidual)
        |> List.map scale
