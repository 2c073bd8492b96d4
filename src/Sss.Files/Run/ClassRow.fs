namespace Sss.Files

open System.Text.Json

/// What a network makes of the test images of one class.
[<RequireQualifiedAccess>]
type ClassRow = {
    Name: string
    /// Images of the class.
    Images: int
    /// Those of them that were recognised.
    Right: int
    /// Images of any class that were taken for this one, the right ones among them.
    Predicted: int
    /// What the others were taken for: class and number of images, the most frequent first.
    TakenFor: (string * int) list
}

/// Figures of classes.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module ClassRow =

    /// The fraction of the class's images that were recognised; none where there are no images.
    let recall (row: ClassRow) : float option =
        if row.Images = 0 then
            None
        else
            Some(float row.Right / float row.Images)

    /// The fraction of the images that were taken for the class and are of it; none where no image was.
    let precision (row: ClassRow) : float option =
        if row.Predicted = 0 then
            None
        else
            Some(float row.Right / float row.Predicted)

    /// The table of a test, from the label of each image and the class that it was taken for. `names`: in the order
    /// of the scores; a class without one is called by its number.
    let table (count: int) (names: string list) (found: (int * int) seq) : ClassRow list =
        let names = Array.ofList names

        let nameOf i =
            if i < names.Length then names[i] else string i

        let confusion = Seq.countBy id found |> Map.ofSeq

        let rows = confusion |> Map.toList |> List.groupBy (fst >> fst) |> Map.ofList
        let columns = confusion |> Map.toList |> List.groupBy (fst >> snd) |> Map.ofList

        let of' i table =
            Map.tryFind i table |> Option.defaultValue []

        [
            for i in 0 .. count - 1 do
                {
                    Name = nameOf i
                    Images = of' i rows |> List.sumBy snd
                    Right = Map.tryFind (i, i) confusion |> Option.defaultValue 0
                    Predicted = of' i columns |> List.sumBy snd
                    TakenFor =
                        of' i rows
                        |> List.filter (fun ((label, taken), _) -> label <> taken)
                        |> List.sortBy (fun ((_, taken), images) -> -images, taken)
                        |> List.map (fun ((_, taken), images) -> nameOf taken, images)
                }
                : ClassRow
        ]

    /// Classes that one line shows others to be taken for.
    let private mostOthers = 3

    /// What the other images are taken for, in one line: `cat (3), dog (1)`. `write`: how a name is shown.
    let othersText (write: string -> string) (row: ClassRow) : string =
        let shown =
            row.TakenFor
            |> List.truncate mostOthers
            |> List.map (fun (name, images) -> $"{write name} ({images})")

        String.concat ", " shown
        + (if row.TakenFor.Length > mostOthers then ", …" else "")

    /// Classes of which no image was recognised, though there are some.
    let lost (rows: ClassRow list) : string list =
        rows
        |> List.filter (fun row -> row.Images > 0 && row.Right = 0)
        |> List.map _.Name

    let private fraction (json: Utf8JsonWriter) (name: string) (value: float option) =
        match value with
        | Some value -> json.WriteNumber(name, value)
        | None -> json.WriteNull name

    /// Writes the rows as a list.
    let write (json: Utf8JsonWriter) (name: string) (rows: ClassRow list) =
        json.WriteStartArray name

        for row in rows do
            json.WriteStartObject()
            json.WriteString("name", row.Name)
            json.WriteNumber("images", row.Images)
            json.WriteNumber("right", row.Right)
            json.WriteNumber("predicted", row.Predicted)
            fraction json "recall" (recall row)
            fraction json "precision" (precision row)
            json.WriteStartObject "takenFor"

            for other, images in row.TakenFor do
                json.WriteNumber(other, images)

            json.WriteEndObject()
            json.WriteEndObject()

        json.WriteEndArray()

    /// Reads the list; raises what `System.Text.Json` raises, which callers turn into errors.
    let read (list: JsonElement) : ClassRow list = [
        for item in list.EnumerateArray() do
            {
                Name = JsonText.text item "name"
                Images = item.GetProperty("images").GetInt32()
                Right = item.GetProperty("right").GetInt32()
                Predicted = item.GetProperty("predicted").GetInt32()
                TakenFor = [
                    for other in item.GetProperty("takenFor").EnumerateObject() do
                        other.Name, other.Value.GetInt32()
                ]
            }
            : ClassRow
    ]
