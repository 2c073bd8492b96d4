module Sss.Tests.Lsp.GrammarTests

open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Xunit
open Sss.Core
open Sss.Dsl

/// The words in the alternatives of a rule of the editor's grammar.
let private words (rule: string) : string list =
    let path =
        Sss.Tests.Language.Support.path [ "editors"; "vscode"; "syntaxes"; "sss.tmLanguage.json" ]

    let root = JsonDocument.Parse(File.ReadAllText path).RootElement

    let pattern =
        string (root.GetProperty("repository").GetProperty(rule).GetProperty("match").GetString())

    (Regex.Match(pattern, @"\(([a-z0-9|]+)\)").Groups[1].Value).Split '|'
    |> List.ofArray
    |> List.sort

[<Fact>]
let ``the editor's grammar has the words of the language`` () =
    Assert.Equal<string list>(List.sort (List.ofArray Words.kinds), words "layer")
    Assert.Equal<string list>(List.sort (List.ofArray Words.recipe), words "recipe")
    let keywords = words "keyword" @ words "constant"

    for word in Words.keywords do
        if not (List.contains word [ "network"; "def" ]) then
            Assert.Contains(word, keywords)

    for word in Node.words do
        Assert.Contains(word, keywords)

[<Fact>]
let ``words that follow an item of a recipe are coloured`` () =
    let known = words "constant"

    for item in Words.recipe do
        for word in RecipeItems.wordsOf item do
            // `NAME=` is an argument, by its form.
            if not (word.EndsWith '=') then
                Assert.Contains(word, known)
