/// What a folder of pictures is taken for, before any picture is opened.
module Sss.Tests.Files.FolderSurveyTests

open System
open System.IO
open System.Runtime.InteropServices
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Files

/// Empty files by name, with the folders that they need.
let private plant (root: string) (names: string list) =
    for name in names do
        let path = Path.Combine(root, name)
        Path.GetDirectoryName path |> string |> Directory.CreateDirectory |> ignore

        if name.EndsWith '/' then
            Directory.CreateDirectory path |> ignore
        else
            File.WriteAllText(path, "")

let private several folder count suffix = [ for i in 1..count -> $"{folder}/{i}.{suffix}" ]

let private survey root = Folders.ok (FolderSurvey.read root)

let private notes root =
    (survey root).Notes |> List.map FolderNote.message |> String.concat "\n"

let private refusal (root: string) =
    Folders.messageIn root (Dataset.load (Folder root))

[<Property(MaxTest = 60)>]
let ``classes are the visible folders that are not empty, in the order of their names``
    (kinds: NonNegativeInt list)
    (inParts: bool)
    =
    Folders.within (fun root ->
        let kinds = kinds |> List.truncate 8 |> List.map (fun k -> k.Get % 6)
        let random = Random(List.length kinds)
        let hidden = [| ".ipynb_checkpoints"; "__MACOSX"; "@eaDir"; ".git"; ".Trash-0" |]

        let folders =
            kinds
            |> List.mapi (fun i kind ->
                let name = $"{char (int 'z' - i)}{i}"

                match kind with
                | 0 -> name, [ $"{name}/" ], 0
                | 1 -> name, [ $"{name}/.DS_Store"; $"{name}/Thumbs.db"; $"{name}/._1.png" ], 0
                | 2 ->
                    let name = $"{hidden[i % hidden.Length]}{i / hidden.Length}"
                    let name = if i < hidden.Length then hidden[i] else "." + name
                    name, several name 3 "png", 0
                | _ ->
                    let count = random.Next(1, 12)

                    name,
                    several name count (if kind = 3 then "png" else "JPG")
                    @ [
                        if kind = 5 then
                            $"{name}/notes.txt"
                            $"{name}/.hidden.png"
                            $"{name}/inner/1.png"
                    ],
                    count
            )

        let expected =
            folders
            |> List.filter (fun (_, _, count) -> count > 0)
            |> List.sortWith (fun (a, _, _) (b, _, _) -> String.CompareOrdinal(a, b))

        let files = folders |> List.collect (fun (_, files, _) -> files)

        if inParts then
            plant root [ "Train/"; "test/" ]
            plant (Path.Combine(root, "Train")) ("x/" :: files)
            plant (Path.Combine(root, "test")) ("x/" :: files)
        else
            plant root files

        let survey = survey root
        let counts = expected |> List.map (fun (_, _, count) -> count)

        let trained label =
            survey.Train |> List.filter (fun p -> p.Label = label) |> List.length

        let tested label =
            survey.Test |> List.filter (fun p -> p.Label = label) |> List.length

        survey.Classes = List.map (fun (name, _, _) -> name) expected
        && not (List.exists FolderNote.isFault survey.Notes)
        && (counts
            |> List.indexed
            |> List.forall (fun (label, count) ->
                if inParts then
                    trained label = count && tested label = count
                else
                    trained label + tested label = count && tested label = count / 5
            ))
    )

[<Fact>]
let ``what is hidden, empty, not read, too deep or untested is reported with counts`` () =
    Folders.within (fun root ->
        plant root (several "train/cat" 6 "png")
        plant root (several "train/dog" 6 "jpg" @ several "test/cat" 2 "png")
        plant root (several "train/cat" 2 "webp" @ [ "train/cat/notes"; "train/cat/a/b/x.png" ])
        plant root [ "train/.ipynb_checkpoints/1.png"; "train/dog/._1.jpg"; "train/dog/.DS_Store" ]
        plant root [ "train/bird/"; "train/loose.png"; "val/cat/1.png"; "old/cat/1.png" ]

        Assert.Equal(
            """hidden, so not used: `train/.ipynb_checkpoints`, `train/dog/._1.jpg`
empty, so no class: `train/bird`
`train`: 1 picture in no class folder, not used
`train/cat`: files that are not read: 2 .webp, 1 without a suffix
`train/cat`: 1 picture in folders below it not used (`a`)
no test pictures of `dog`
`val` is not used: the test images are from `test`, and images for validation are taken from training
not used, because they are neither training nor test: `old`""",
            notes root
        )
    )

[<Theory>]
[<InlineData("train", "test")>]
[<InlineData("Train", "VAL")>]
[<InlineData("training", "valid")>]
[<InlineData("TRAIN", "Validation")>]
[<InlineData("train", "Testing")>]
let ``the usual names of parts are read in any letters`` (train: string) (test: string) =
    Folders.within (fun root ->
        plant root (several $"{train}/a" 3 "png" @ several $"{train}/b" 3 "png")
        plant root (several $"{test}/a" 2 "png" @ several $"{test}/b" 2 "png")
        let survey = survey root
        Assert.Equal<string list>([ "a"; "b" ], survey.Classes)
        Assert.Equal((6, 4), (survey.Train.Length, survey.Test.Length))

        Assert.Equal(
            (if test.ToLowerInvariant().StartsWith 't' then
                 ""
             else
                 $"`{test}` is used for testing, because there is no folder `test`"),
            notes root
        )
    )

[<Fact>]
let ``parts that cannot be named end with the layouts that are read`` () =
    let layouts =
        "\nThese layouts are read:\n  DIR/CLASS/PICTURE: every fifth picture of a class is for testing\n"
        + "  DIR/train/CLASS/PICTURE and DIR/test/CLASS/PICTURE\n"
        + "`training`, `testing`, `val`, `valid` and `validation` are read too, in capital or small letters."

    for files, fact in
        [
            [ "train/a/1.png" ], "there is `train` but no test folder"
            [ "test/a/1.png" ], "there is `test` but no folder `train`"
            [ "val/a/1.png"; "b/1.png" ], "there is `val` but no folder `train`"
            [ "train/a/1.png"; "test/1.png" ], "`train` has class folders and `test` has none"
            [ "train/a/1.png"; "val/a/1.png"; "valid/a/1.png" ],
            "`val` and `valid` both exist; remove one of them"
            [ "Train/a/1.png"; "train/a/1.png"; "test/a/1.png" ],
            "`Train` and `train` both exist; remove one of them"
        ] do
        Folders.within (fun root ->
            plant root files
            Assert.Equal($"FOLDER: {fact}" + layouts, refusal root)
        )

[<Fact>]
let ``a folder named train that holds pictures is a class of that name`` () =
    Folders.within (fun root ->
        plant root (several "train" 5 "png" @ several "bus" 5 "png")
        Assert.Equal<string list>([ "bus"; "train" ], (survey root).Classes)
    )

[<Fact>]
let ``classes that cannot be learned end it, with the name that may be meant`` () =
    Folders.within (fun root ->
        plant root (several "train/Zero" 3 "png" @ several "train/caf\u00e9" 3 "png")
        plant root (several "train/ice cream" 3 "png" @ several "train/house" 3 "png")
        plant root (several "train/old" 2 "webp" @ [ "train/deep/a/1.png"; "train/house/1.webp" ])
        plant root (several "test/zero" 1 "png" @ several "test/cafe\u0301" 2 "png")
        plant root (several "test/ice cream " 2 "png" @ several "test/huose" 2 "png")
        plant root (several "test/x" 2 "png")

        Assert.Equal(
            """folder:FOLDER cannot be trained on:
  `train/deep` has no picture that can be read: 1 picture in folders below it; pictures must be directly in the class folder
  `train/old` has no picture that can be read: it has 2 .webp; .jpg, .jpeg and .png are read
  `test/cafe"""
            + "\u0301"
            + """`: 2 test pictures of a class that has no training pictures; is it training's `caf"""
            + "\u00e9"
            + """`? The names differ only in the Unicode form of accented letters (NFC and NFD)
  `test/huose`: 2 test pictures of a class that has no training pictures; is it training's `house`?
  `test/ice cream `: 2 test pictures of a class that has no training pictures; is it training's `ice cream`? The names differ only in spaces
  `test/x`: 2 test pictures of a class that has no training pictures
  `test/zero`: 1 test picture of a class that has no training pictures; is it training's `Zero`? The names differ only in capital letters
  `train/house`: files that are not read: 1 .webp
  no test pictures of `Zero`, `caf"""
            + "\u00e9"
            + """`, `deep`, `house`, `ice cream` and 1 more""",
            refusal root
        )
    )

[<Fact>]
let ``classes that a person reads as one are reported`` () =
    Folders.within (fun root ->
        for name in [ "Cat"; "cat"; "가방"; "\u1100\u1161\u1107\u1161\u11bc"; "dog"; "dog " ] do
            plant root (several name 5 "png")

        Assert.Equal(
            "classes `Cat` and `cat` differ only in capital letters\n"
            + "classes `dog` and `dog ` differ only in spaces\n"
            + "classes `\u1100\u1161\u1107\u1161\u11bc` and `가방` differ only in the Unicode form of "
            + "accented letters (NFC and NFD)",
            notes root
        )
    )

[<Fact>]
let ``links to folders are followed once, and a circle of them has an end`` () =
    Folders.within (fun root ->
        plant root (several "real/a" 5 "png" @ several "set/b" 5 "png")
        let set = Path.Combine(root, "set")

        Directory.CreateSymbolicLink(Path.Combine(set, "a"), Path.Combine(root, "real", "a"))
        |> ignore

        Directory.CreateSymbolicLink(Path.Combine(set, "b", "loop"), set) |> ignore
        let survey = survey set
        Assert.Equal<string list>([ "a"; "b" ], survey.Classes)
        Assert.Equal<FolderNote list>([], survey.Notes)
        Directory.CreateSymbolicLink(Path.Combine(set, "c"), set) |> ignore

        Assert.Equal(
            """folder:FOLDER cannot be trained on:
  `c` has no picture that can be read: 5 pictures in folders below it; pictures must be directly in the class folder""",
            refusal set
        )
    )

[<Fact>]
let ``a block of notes is bounded`` () =
    Folders.within (fun root ->
        for i in 10..59 do
            plant root (several $"class{i}" 5 "png" @ [ $"class{i}/x.gif"; $"empty{i}/" ])

        let lines =
            (survey root).Notes |> List.map DataNote.Folder |> DataNote.block "title"

        Assert.Equal(14, lines.Length)

        Assert.Equal(
            "  empty, so no class: `empty10`, `empty11`, `empty12`, `empty13`, `empty14` and 45 more",
            lines[1]
        )

        Assert.Equal("  and 39 more of this kind", List.last lines)
    )

/// What the file system lets this thread do (Linux).
module private Access =

    [<DllImport("libc")>]
    extern int private setfsuid(uint id)

    /// Runs work as a user without rights of its own.
    let asNobody (work: unit -> 'T) : 'T =
        setfsuid 65534u |> ignore

        try
            work ()
        finally
            setfsuid 0u |> ignore

/// A fact that gives up root's rights for a moment.
type NeedsRootFact() =
    inherit FactAttribute()

    do
        if not (OperatingSystem.IsLinux() && Environment.UserName = "root") then
            base.Skip <- "another user's rights can be had by root on Linux alone"

[<NeedsRootFact>]
let ``a class folder that may not be listed is named with the true cause`` () =
    Folders.within (fun root ->
        plant root (several "a" 5 "png" @ several "b" 5 "png")
        let locked = Path.Combine(root, "b")
        let mode = File.GetUnixFileMode locked
        File.SetUnixFileMode(root, mode)
        File.SetUnixFileMode(locked, UnixFileMode.None)

        try
            let found = Access.asNobody (fun () -> Dataset.load (Folder root))
            Assert.Equal("b: permission denied", Folders.messageIn root found)
        finally
            File.SetUnixFileMode(locked, mode)
    )
