namespace Sss.Report

open Giraffe.ViewEngine

/// The building blocks of all sections. Every text goes through `str` or an attribute,
/// and both escape.
[<RequireQualifiedAccess>]
module internal Markup =

    /// A section with its heading; the identity is the target of the page's own links.
    let section (id: string) (title: string) (content: XmlNode list) =
        section [ _id id; attr "aria-labelledby" (id + "-title") ] [
            yield h2 [ _id (id + "-title") ] [ str title ]
            yield! content
        ]

    /// A paragraph.
    let para (text: string) = p [] [ str text ]

    /// A quieter paragraph: how to read what follows.
    let note (text: string) = p [ _class "note" ] [ str text ]

    /// A box that scrolls separately where it is wider than the page; the keyboard reaches it.
    let scroll (label: string) (content: XmlNode list) =
        div
            [
                _class "scroll"
                _tabindex "0"
                attr "role" "region"
                attr "aria-label" label
            ]
            content

    /// The alignment of the cells of a column.
    type Column =
        | Text
        | Number
        | Drawing

    let private cellClass column =
        match column with
        | Text -> "text"
        | Number -> "number"
        | Drawing -> "drawing"

    /// A table in a box of its own. The first cell of each row is its heading.
    let table (label: string) (columns: (string * Column) list) (rows: XmlNode list list list) =
        scroll label [
            table [] [
                caption [ _class "unseen" ] [ str label ]
                thead [] [
                    tr [] [
                        for title, column in columns do
                            th [ attr "scope" "col"; _class (cellClass column) ] [ str title ]
                    ]
                ]
                tbody [] [
                    for row in rows do
                        tr [] [
                            for i, ((_, column), cell) in List.indexed (List.zip columns row) do
                                if i = 0 then
                                    th [ attr "scope" "row"; _class (cellClass column) ] cell
                                else
                                    td [ _class (cellClass column) ] cell
                        ]
                ]
            ]
        ]

    /// A bar that is full at 1. It repeats a number that is beside it, so it is hidden from
    /// screen readers.
    let bar (fraction: float) =
        let fraction =
            if System.Double.IsFinite fraction then
                max 0.0 (min 1.0 fraction)
            else
                0.0

        div [ _class "bar"; attr "aria-hidden" "true" ] [
            div [
                _class "fill"
                _style $"width:{ReadableNumber.coordinate (fraction * 100.0)}%%"
            ] []
        ]

    /// Names with their values, side by side.
    let facts (pairs: (string * string) list) =
        dl [ _class "facts" ] [
            for name, value in pairs do
                div [] [ dt [] [ str name ]; dd [] [ str value ] ]
        ]
