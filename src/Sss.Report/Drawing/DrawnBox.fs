namespace Sss.Report

open Giraffe.ViewEngine

/// A drawn part of a network. The signal runs along an axis from left to right; a box knows how much
/// room it takes around the axis, and draws itself where its left end is put. Lengths in pixels.
type internal DrawnBox = {
    Width: float
    /// Room above the axis.
    Up: float
    /// Room below it.
    Down: float
    Marks: float -> float -> XmlNode list
}

/// Composition of boxes: everything that is drawn is made of these.
[<RequireQualifiedAccess>]
module internal DrawnBox =

    let private at (values: float list) =
        values |> List.map ReadableNumber.coordinate |> String.concat " "

    /// Lines of a kind, in a path's own language: `M x y H x …`.
    let lines (kind: string) (steps: (string * float list) list) =
        let d =
            steps
            |> List.map (fun (letter, values) -> letter + at values)
            |> String.concat ""

        tag "path" [ _class kind; attr "d" d ] []

    /// A piece of wire.
    let path (gone: bool) (steps: (string * float list) list) =
        lines (if gone then "wire gone" else "wire") steps

    let rectangle (kind: string) x y width height =
        tag "rect" [
            _class kind
            attr "x" (ReadableNumber.coordinate x)
            attr "y" (ReadableNumber.coordinate y)
            attr "width" (ReadableNumber.coordinate width)
            attr "height" (ReadableNumber.coordinate height)
        ] []

    let circle (kind: string) x y radius =
        tag "circle" [
            _class kind
            attr "cx" (ReadableNumber.coordinate x)
            attr "cy" (ReadableNumber.coordinate y)
            attr "r" (ReadableNumber.coordinate radius)
        ] []

    /// The tooltip of marks.
    let told (text: string) (marks: XmlNode list) =
        tag "g" [] (tag "title" [] [ str text ] :: marks)

    /// A piece of axis.
    let wire gone width : DrawnBox = {
        Width = width
        Up = 0.0
        Down = 0.0
        Marks = fun x y -> [ path gone [ "M", [ x; y ]; "H", [ x + width ] ] ]
    }

    /// The largest of a measure; 0 of nothing.
    let private most measure boxes =
        boxes |> List.map measure |> List.fold max 0.0

    /// One after the other, with pieces of axis between them and on both ends.
    let row (gone: bool) (gap: float) (boxes: DrawnBox list) : DrawnBox = {
        Width = List.sumBy _.Width boxes + gap * float (boxes.Length + 1)
        Up = most _.Up boxes
        Down = most _.Down boxes
        Marks =
            fun x y -> [
                let starts = boxes |> List.scan (fun x box -> x + box.Width + gap) (x + gap)

                for start in starts do
                    path gone [ "M", [ start - gap; y ]; "H", [ start ] ]

                for box, start in List.zip boxes (List.truncate boxes.Length starts) do
                    yield! box.Marks start y
            ]
    }

    let private sumRadius = 4.5
    let private lead = 7.0
    let private clearance = 9.0
    let private bend = 4.0

    /// A way around: from the axis up to a box that starts at `start`, and down to a circle around `right`.
    let private around gone (box: DrawnBox) (start: float) left right top y = [
        path gone [
            "M", [ left; y ]
            "V", [ top + bend ]
            "Q", [ left; top; left + bend; top ]
            "H", [ start ]
        ]

        yield! box.Marks start top

        path gone [
            "M", [ start + box.Width; top ]
            "H", [ right - bend ]
            "Q", [ right; top; right; top + bend ]
            "V", [ y - sumRadius ]
        ]
    ]

    /// A residual: the branch on the axis, the shortcut above it, and the sum at the end. Each side
    /// comes with whether it is gone; `scaled` marks a factor of the block.
    let residual
        gone
        scaled
        (branch: DrawnBox, branchGone: bool)
        (shortcut: DrawnBox, shortcutGone: bool)
        =
        let inner = max branch.Width shortcut.Width
        let height = branch.Up + clearance + shortcut.Down
        let width = lead + inner + 4.0 + 2.0 * sumRadius + 3.0

        {
            Width = width
            Up = height + shortcut.Up
            Down = max branch.Down sumRadius
            Marks =
                fun x y -> [
                    let top = y - height
                    let sum = x + lead + inner + 4.0 + sumRadius
                    let middle (box: DrawnBox) = x + lead + (inner - box.Width) / 2.0
                    let start = middle branch

                    path gone [ "M", [ x; y ]; "H", [ x + lead ] ]
                    path branchGone [ "M", [ x + lead; y ]; "H", [ start ] ]
                    yield! branch.Marks start y
                    path branchGone [ "M", [ start + branch.Width; y ]; "H", [ sum - sumRadius ] ]
                    yield! around shortcutGone shortcut (middle shortcut) (x + 2.0) sum top y
                    path gone [ "M", [ sum + sumRadius; y ]; "H", [ x + width ] ]

                    circle
                        (if scaled then "sum scaled" else "sum"
                         + (if branchGone || shortcutGone then " gone" else ""))
                        sum
                        y
                        sumRadius

                    path (branchGone || shortcutGone) [
                        "M", [ sum - 2.2; y ]
                        "H", [ sum + 2.2 ]
                        "M", [ sum; y - 2.2 ]
                        "V", [ y + 2.2 ]
                    ]
                ]
        }

    /// A gate: the signal goes straight on, what it is multiplied with is computed above it, and the
    /// product is at the end.
    let gate gone (body: DrawnBox) =
        let height = clearance + body.Down
        let width = lead + body.Width + 4.0 + 2.0 * sumRadius + 3.0

        {
            Width = width
            Up = height + body.Up
            Down = sumRadius
            Marks =
                fun x y -> [
                    let top = y - height
                    let product = x + lead + body.Width + 4.0 + sumRadius

                    path gone [ "M", [ x; y ]; "H", [ product - sumRadius ] ]
                    yield! around gone body (x + lead) (x + 2.0) product top y
                    path gone [ "M", [ product + sumRadius; y ]; "H", [ x + width ] ]
                    circle (if gone then "sum gone" else "sum") product y sumRadius

                    path gone [
                        "M", [ product - 1.8; y - 1.8 ]
                        "L", [ product + 1.8; y + 1.8 ]
                        "M", [ product - 1.8; y + 1.8 ]
                        "L", [ product + 1.8; y - 1.8 ]
                    ]
                ]
        }

    /// A further output: the signal goes straight on, and what the output makes of it is above, with a dot at its end.
    let output gone name (body: DrawnBox) =
        let height = clearance + body.Down
        let width = lead + body.Width + 2.0 * lead
        let radius = 2.5

        {
            Width = width
            Up = height + body.Up
            Down = radius
            Marks =
                fun x y -> [
                    let top = y - height
                    let right = x + lead + body.Width + lead

                    path gone [ "M", [ x; y ]; "H", [ x + width ] ]

                    path gone [
                        "M", [ x + 2.0; y ]
                        "V", [ top + bend ]
                        "Q", [ x + 2.0; top; x + 2.0 + bend; top ]
                        "H", [ x + lead ]
                    ]

                    yield! body.Marks (x + lead) top
                    path gone [ "M", [ right - lead; top ]; "H", [ right - radius ] ]

                    told $"output {name}" [
                        circle (if gone then "sum gone" else "sum") right top radius
                    ]
                ]
        }

    /// Branches side by side, each with whether it is gone, that end in one value.
    let concat gone (branches: (DrawnBox * bool) list) : DrawnBox =
        let lane = 8.0
        let inner = most (fst >> _.Width) branches
        let heights = branches |> List.map (fun (b, _) -> b.Up + b.Down + lane)
        let total = List.sum heights
        let width = inner + 2.0 * lead + 4.0

        {
            Width = width
            Up = total / 2.0
            Down = total / 2.0
            Marks =
                fun x y -> [
                    let left, right = x + lead, x + lead + inner + 2.0
                    path gone [ "M", [ x; y ]; "H", [ left ] ]
                    path gone [ "M", [ right; y ]; "H", [ x + width ] ]

                    let tops =
                        heights |> List.scan (+) (y - total / 2.0) |> List.truncate branches.Length

                    for (box, boxGone), top in List.zip branches tops do
                        let axis = top + box.Up + lane / 2.0

                        path boxGone [ "M", [ left; y ]; "V", [ axis ] ]
                        yield! box.Marks left axis
                        path boxGone [ "M", [ left + box.Width; axis ]; "H", [ right ] ]

                    rectangle
                        (if gone then "joint gone" else "joint")
                        right
                        (y - total / 2.0 + 2.0)
                        2.5
                        (total - 4.0)
                ]
        }
