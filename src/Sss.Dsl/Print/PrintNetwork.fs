namespace Sss.Dsl

open System.Text
open Sss.Core

/// A network as canonical text. Scopes with automatic names and equal bodies become definitions
/// without parameters; all others are written out.
module internal PrintNetwork =

    /// The canonical text.
    let network (network: Network) : string =
        let body = ScopeTree.ofNodes 0 network.Body
        let definitions, run = Sharing.choose body
        let out = StringBuilder()

        Lines.write out 0 [
            Line.Text("network " + network.Name + " {")
            Line.Text("  input " + network.Input.ToString())
            match network.OutputKind with
            | OutputKind.Classes -> Line.Text("  classes " + string network.Classes)
            | OutputKind.Numbers -> Line.Text("  outputs " + string network.Classes)
            Line.Text ""
        ]

        for name, inner in definitions do
            let block = Line.Block("def " + name + "() ", PrintBody.lines run inner, None)
            Lines.write out 1 [ block ]
            Lines.write out 0 [ Line.Text "" ]

        Lines.write out 1 (PrintBody.lines run body)
        out.Append("}\n").ToString()
