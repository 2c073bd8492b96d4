namespace Sss.Tests.Lsp

open System.Text.Json
open System.Text.Json.Nodes
open Sss.Tests.Lsp.Messages

/// A text that the tests are about, and questions about it and its variants.
module Asking =

    let good =
        "network Net {
  input 3x8x8
  classes 10

  // Two convolutions.
  // And a sum.
  def unit(width, stride = 1) {
    residual @scale(block) {
      conv width 3x3 stride=stride
      bn @scale(neuron)
      relu
      conv width 3x3
      bn
    } shortcut auto
    relu
  }

  stem: conv 8 3x3; bn; relu
  repeat 2 { unit 8 }
  unit 16 stride=2
  avgpool global
  dense classes
}

train {
  epochs 3
  gamma 0.01
}
"

    /// The place of a word in a text: its n-th occurrence, and so many characters into it.
    let place (text: string) (word: string) (n: int) into =
        let rec find from n =
            let at = text.IndexOf(word, (from: int))
            if n = 0 then at else find (at + 1) (n - 1)

        let marked = text.Insert(find 0 n + into, "‸")
        snd (caret marked)

    let ask text name parameters =
        use client = opened text
        client.Ask(name, parameters)

    let hover text word n =
        let answer = ask text "textDocument/hover" (at (place text word n 1))
        string (answer.GetProperty("contents").GetProperty("value").GetString())

    let labels (marked: string) =
        let text, place = caret marked
        let answer = ask text "textDocument/completion" (at place)
        texts [ "label" ] (answer.GetProperty "items")

    let actions (text: string) word n only =
        let l, c = place text word n 1

        let context = json ("{\"diagnostics\":[],\"only\":[\"" + only + "\"]}")

        ask text "textDocument/codeAction" (inside (l, c, l, c) |> ``with`` "context" context)

    /// The text after the only action of this title.
    let acted text (answer: JsonElement) (title: string) =
        let action =
            answer.EnumerateArray()
            |> Seq.filter (fun a -> a.GetProperty("title").GetString() = title)
            |> Seq.exactlyOne

        edited text (action.GetProperty("edit").GetProperty("changes").GetProperty uri)

    let hints text =
        let answer = ask text "textDocument/inlayHint" (inside (0, 0, 1000, 0))

        [
            for hint in answer.EnumerateArray() do
                let position = hint.GetProperty "position"
                let line = position.GetProperty("line").GetInt32()
                let character = position.GetProperty("character").GetInt32()
                let words: string = (text.Split '\n')[line]
                words.Substring(0, character).Trim(), string (hint.GetProperty("label").GetString())
        ]
