/// Libraries looked at before they are loaded: whatever the bytes, an error or what they say.
module Sss.Tests.Torch.ElfTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Torch

/// A fact or a property that reads Linux's own libraries.
type NeedsElf() as fact =
    inherit FactAttribute()

    do
        if not (OperatingSystem.IsLinux()) then
            fact.Skip <- "libraries in the ELF format are Linux's"

let private inFolders folders file =
    Locate.first file folders
    |> Option.map (fun folder -> Path.Combine(folder, file))

/// The smallest library of LibTorch, a few kilobytes.
let private small =
    lazy (inFolders Locate.libTorchFolders "libtorch.so" |> Option.map File.ReadAllBytes)

let private binding = lazy (inFolders Locate.bindingFolders "libLibTorchSharp.so")

[<NeedsElf>]
let ``the binding says what it needs`` () =
    let file = binding.Value |> Option.get
    let header = ElfFile.ofFile file ElfFile.header |> Engine.ok
    Assert.Equal(Some "libLibTorchSharp.so", header.Name)
    Assert.Equal<string list>([ "libtorch.so"; "libc10.so"; "libtorch_cpu.so" ], header.Needed[..2])
    let symbols = ElfFile.ofFile file ElfFile.symbols |> Engine.ok
    // What `nm -D --undefined-only` lists without a version.
    Assert.Equal(1204, symbols.Required.Length)
    Assert.True(symbols.Defined.Contains "THSTensor_data")
    Assert.DoesNotContain(symbols.Required, fun s -> s.StartsWith "THS")

let private readAll (bytes: byte[]) =
    use header = new MemoryStream(bytes)
    use symbols = new MemoryStream(bytes)
    ElfFile.header header, ElfFile.symbols symbols

/// A library with some bytes written over, mostly where the ELF header and the section headers stand,
/// and perhaps cut short.
let private damaged (original: byte[]) (cut: uint32) (changes: (uint32 * byte) list) =
    let kept =
        if cut % 4u = 0u then
            original.Length - int (cut / 4u) % original.Length
        else
            original.Length

    let bytes = Array.sub original 0 kept

    for at, value in changes do
        if kept > 0 then
            let place =
                match at % 3u with
                | 0u -> int (at / 3u) % min 64 kept
                | 1u -> kept - 1 - int (at / 3u) % min 3000 kept
                | _ -> int (at / 3u) % kept

            bytes[place] <- value

    bytes

[<Property(MaxTest = 400)>]
let ``a damaged library is an error or is read, and takes no more memory than it is long``
    (cut: uint32)
    (changes: NonEmptyArray<uint32 * byte>)
    =
    match small.Value with
    | None -> ()
    | Some original ->
        let bytes = damaged original cut (List.ofArray changes.Get)
        let before = GC.GetAllocatedBytesForCurrentThread()
        readAll bytes |> ignore
        let taken = GC.GetAllocatedBytesForCurrentThread() - before
        // Two readings, each of a few sections; strings take two bytes a character.
        Assert.True(taken < 40L * int64 bytes.Length + 4_000_000L, $"{taken} bytes")

[<NeedsElf>]
let ``other files are refused by what they are`` () =
    let original = small.Value |> Option.get
    let refused bytes = fst (readAll bytes)
    Assert.Equal(Error NotElf, refused [||])
    Assert.Equal(Error NotElf, refused (Array.zeroCreate 5000))
    Assert.Equal(Error Damaged, refused original[..199])
    let other = Array.copy original
    other[18] <- 0x28uy
    Assert.Equal(Error(OtherProcessor 40), refused other)
    let elf32 = Array.copy original
    elf32[4] <- 1uy
    Assert.Equal(Error NotElf, refused elf32)

    match ElfFile.ofFile "/nowhere/lib.so" ElfFile.header with
    | Error(Unreadable _) -> ()
    | other -> Assert.Fail $"%A{other}"

[<Theory>]
[<InlineData("_ZN2at4_ops10add_Tensor4callERKNS_6TensorES4_", "at::_ops::add_Tensor::call")>]
[<InlineData("_ZNK2at6Tensor3mulERKS0_", "at::Tensor::mul")>]
[<InlineData("_ZTIN3c105ErrorE", "c10::Error")>]
[<InlineData("_Z3foov", "foo")>]
let ``names of C++ can be read`` (symbol: string) (name: string) =
    Assert.Equal(Some name, Demangle.name symbol)

[<Property>]
let ``any text is a name or none`` (written: NonEmptyString) =
    let text = written.Get
    Demangle.name text |> ignore
    Demangle.name ("_ZN" + text) |> ignore
    Demangle.name ("_ZN99999999999" + text) |> ignore

[<Theory>]
[<InlineData("2.10.0+cu128", "12.8")>]
[<InlineData("2.11.0+cu130", "13.0")>]
[<InlineData("2.10.0+cpu", "")>]
[<InlineData("2.10.0", "")>]
let ``the CUDA of a version is read off it`` (version: string) (cuda: string) =
    Assert.Equal(cuda, Distribution.cudaOf version |> Option.defaultValue "")

let private withFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName

    try
        work folder
    finally
        Directory.Delete(folder, true)

[<Fact>]
let ``a distribution says its version in either form`` () =
    withFolder (fun root ->
        let lib = Path.Combine(root, "lib")
        Directory.CreateDirectory lib |> ignore
        Assert.Equal((None, None), Distribution.version lib)

        File.WriteAllText(
            Path.Combine(root, "version.py"),
            "from typing import Optional\n__version__ = '2.10.0+cu128'\n"
            + "debug = False\ncuda: Optional[str] = '12.8'\n"
        )

        Assert.Equal((Some "2.10.0+cu128", Some "12.8"), Distribution.version lib)

        File.WriteAllText(
            Path.Combine(root, "version.py"),
            "__version__ = '1.13.1'\ncuda = None\n"
        )

        Assert.Equal((Some "1.13.1", None), Distribution.version lib)
        File.WriteAllText(Path.Combine(root, "build-version"), "2.10.0+cu126\n")
        Assert.Equal((Some "2.10.0+cu126", Some "12.6"), Distribution.version lib)
    )

/// LibTorch at hand in a folder of links, with one file of one's own.
let private linked (folder: string) (own: string) (content: byte[] -> byte[]) =
    let source = Locate.first Locate.libTorchMark Locate.libTorchFolders |> Option.get

    for file in Directory.GetFiles source do
        let name = Path.GetFileName file |> nonNull
        let target = Path.Combine(folder, name)

        if name = own then
            File.WriteAllBytes(target, content (File.ReadAllBytes file))
        else
            File.CreateSymbolicLink(target, file) |> ignore

let private check folder =
    Distribution.read folder
    |> Result.bind (Distribution.check "2.10.0" (binding.Value |> Option.get))

/// Writes another name of the same length over a symbol's in the dynamic strings.
let private renamed (name: string) (library: byte[]) =
    let copy = Array.copy library
    let bytes = Text.Encoding.ASCII.GetBytes(name + "\000")
    let at = copy.AsSpan().IndexOf(ReadOnlySpan bytes)
    Assert.True(at > 0)
    copy[at + name.Length - 1] <- byte 'X'
    copy

[<NeedsElf>]
let ``the LibTorch at hand has all symbols, and its libraries in an order that loads`` () =
    withFolder (fun folder ->
        linked folder "" id
        Assert.Equal(Ok 1204, check folder)
        let d = Distribution.read folder |> Engine.ok
        let names = d.Files |> List.map (Path.GetFileName >> nonNull)

        Assert.Equal<string list>(
            [ "libc10.so"; "libgomp-98b21ff3.so.1"; "libtorch_cpu.so"; "libtorch.so" ],
            names
        )

        Assert.False(Distribution.isCuda d.Files)
    )

[<NeedsElf>]
let ``a symbol that is missing is named, with folder and versions`` () =
    withFolder (fun root ->
        let lib = Path.Combine(root, "lib")
        Directory.CreateDirectory lib |> ignore
        File.WriteAllText(Path.Combine(root, "build-version"), "2.10.0+doctored\n")
        let name = "_ZN3c1013InferenceMode10is_enabledEv"
        linked lib "libc10.so" (renamed name)

        match check lib with
        | Error(MissingSymbols m as error) ->
            Assert.Equal(1, m.Count)
            Assert.Equal(name, m.First)
            Assert.False m.IsOldLayout

            Assert.Equal(
                $"The LibTorch in {lib}, version 2.10.0+doctored, does not fit: LibTorch 2.10.0 is \
                  needed. It lacks 1 of the 1204 symbols that are needed; the first is\n  \
                  c10::InferenceMode::is_enabled ({name})\nSet SSS_LIBTORCH to LibTorch 2.10.0, or \
                  unset it.",
                LibTorchError.message error
            )
        | other -> Assert.Fail $"%A{other}"
    )

[<NeedsElf>]
let ``files that are missing, cut short or strange are named`` () =
    let refused own change expected =
        withFolder (fun folder ->
            linked folder own change

            match check folder with
            | Error(BadLibrary(file, error)) ->
                Assert.Equal(Path.Combine(folder, own), file)
                Assert.Equal<ElfError>(expected, error)
            | other -> Assert.Fail $"%A{other}"
        )

    refused "libc10.so" (fun bytes -> bytes[..9999]) Damaged
    refused "libtorch.so" (fun _ -> Array.zeroCreate 100) NotElf

    withFolder (fun folder ->
        linked folder "" id
        File.Delete(Path.Combine(folder, "libtorch.so"))

        match check folder with
        | Error(BadLibrary(file, _)) -> Assert.EndsWith("libtorch.so", file)
        | other -> Assert.Fail $"%A{other}"
    )
