namespace Sss.Dsl

open Sss.Core

/// A part of the text with its place.
type Located<'T> = { Value: 'T; Span: Span }

/// `+ - * /`.
type Operator =
    | Plus
    | Minus
    | Times
    | Over

/// An expression as written.
[<RequireQualifiedAccess>]
type Expr =
    | Number of float * Span
    | Name of string * Span
    | Negate of Expr * Span
    | Binary of Operator * Expr * Expr * Span

    /// The whole of it.
    member e.Span =
        match e with
        | Number(_, s)
        | Name(_, s)
        | Negate(_, s)
        | Binary(_, _, _, s) -> s

/// What an argument may be.
[<RequireQualifiedAccess>]
type Value =
    | Expr of Expr
    /// `3x3`; numbers as long as the language's sizes never need to be.
    | Dims of int64 list
    /// `yes`, `no` or `global`.
    | Word of string

/// `value` or `NAME=value`.
type Argument = {
    Name: Located<string> option
    Value: Located<Value>
}

/// `@scale(kind, FLAG, NAME=expr, …)`.
type ScaleSyntax = {
    Kind: Located<string>
    /// Words after the kind: `shared`, `keep`.
    Flags: Located<string> list
    Arguments: (Located<string> * Expr) list
    Span: Span
}

/// What is written between `residual` and its body.
type ResidualHead = {
    /// `drop=P`
    Arguments: (Located<string> * Expr) list
    Scales: ScaleSyntax list
}

/// What a statement is, without its label.
[<RequireQualifiedAccess>]
type StatementKind =
    /// A layer or a call: which, is known once all definitions are.
    | Apply of word: Located<string> * arguments: Argument list * scales: ScaleSyntax list
    | Repeat of count: Expr * body: Statement list
    | Residual of head: ResidualHead * body: Statement list * shortcut: ShortcutSyntax
    | Gate of Statement list
    | Concat of BranchSyntax list
    /// `parts`: the channels of each branch, where they are written.
    | Split of parts: Expr list * BranchSyntax list
    /// `output NAME { … }`: the name is the label.
    | Output of Statement list
    | Body of Statement list
    /// Not understood, and reported.
    | Broken

/// A body of a concatenation or a split, with its label and its place.
and BranchSyntax = Located<string> option * Statement list * Span

/// One statement.
and Statement = {
    Label: Located<string> option
    Kind: StatementKind
    /// The word that it begins with.
    Span: Span
}

/// What is after `shortcut`, if that is there.
and [<RequireQualifiedAccess>] ShortcutSyntax =
    | Identity
    | Auto
    | Body of Statement list

/// `NAME = default`.
type ParameterSyntax = {
    Name: Located<string>
    Default: Expr option
}

/// `def NAME(parameters) { … }`.
type Definition = {
    Name: Located<string>
    Parameters: ParameterSyntax list
    Body: Statement list
}

/// What is in the braces of a network.
[<RequireQualifiedAccess>]
type Item =
    | Input of Located<int64 list> * keyword: Span
    | Classes of Located<float> * keyword: Span
    | Outputs of Located<float> * keyword: Span
    | Definition of Definition
    | Statement of Statement

/// One word of a recipe's item after its keyword.
[<RequireQualifiedAccess>]
type RecipeWord =
    | Number of float * Span
    | Word of string * Span
    | Named of Located<string> * Located<float>
    /// `background=white`: a word as the value.
    | Chosen of Located<string> * Located<string>
    /// `latency=5ms`: a number with a unit.
    | Measured of Located<string> * Located<float> * unit: string
    | Comma of Span

/// `epochs 20`, and so on.
type RecipeItem = {
    Keyword: Located<string>
    Words: RecipeWord list
}

/// `train { … }`.
type Train = {
    Items: RecipeItem list
    Keyword: Span
    /// Whether every item could be read; those that could not are left out.
    IsWhole: bool
}

/// A file as written.
type File = {
    Name: Located<string>
    Items: Item list
    Train: Train option
}

/// Stretches of text.
[<RequireQualifiedAccess>]
module Span =

    /// From the start of one to the end of another; only the first line of it where they are apart.
    let join (a: Span) (b: Span) : Span =
        if a.Line = b.Line && b.Column + b.Length > a.Column then
            {
                a with
                    Length = b.Column + b.Length - a.Column
            }
        else
            a
