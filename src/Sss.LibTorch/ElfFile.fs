namespace Sss.Torch

open System
open System.Buffers.Binary
open System.Collections.Generic
open System.IO
open System.Text

/// Why a file is not a library for this process.
type ElfError =
    | NotElf
    /// Made for another processor: the machine's number in the ELF header.
    | OtherProcessor of machine: int
    /// Offsets or sizes in it point outside of the file.
    | Damaged
    | Unreadable of reason: string

/// What a shared library says about itself in its dynamic section.
type internal ElfHeader = {
    /// What other libraries call it; None: no name.
    Name: string option
    /// The names of the libraries that it needs, in their order.
    Needed: string list
}

/// The dynamic symbols of a shared library, as the loader binds them.
type internal ElfSymbols = {
    Defined: HashSet<string>
    /// Names that some other library has to define, in their order. Left out: what is weak, and what
    /// needs a version (those of the C and C++ libraries do; LibTorch's do not).
    Required: string list
}

/// Reading of shared libraries (System V ABI, 64-bit little-endian). Sections are read one by one: a
/// library of gigabytes costs its symbol tables alone. Whatever the bytes are, the answer is a value
/// or an error, and never takes more memory than the file is long.
[<RequireQualifiedAccess>]
module internal ElfFile =

    [<Literal>]
    let private Dynamic = 6u

    [<Literal>]
    let private DynamicSymbols = 11u

    /// SHT_GNU_versym: a version's number for each dynamic symbol.
    [<Literal>]
    let private Versions = 0x6fffffffu

    /// Names of C++ reach some ten thousand characters.
    let private longestName = 1 <<< 17

    /// More than any symbol table of a real library.
    let private largestSection = 1UL <<< 30

    type private Section = {
        Type: uint32
        Offset: uint64
        Size: uint64
        Link: int
    }

    let private u16 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, at, 2))

    let private u32 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, at, 4))

    let private u64 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(bytes, at, 8))

    /// Bytes of the file; raises where they are outside of it.
    let private part (file: Stream) (offset: uint64) (size: uint64) : byte[] =
        let length = uint64 file.Length

        if offset > length || size > length - offset || size > largestSection then
            raise (ArgumentOutOfRangeException(nameof offset))

        let bytes = Array.zeroCreate (int size)
        file.Position <- int64 offset
        file.ReadExactly(bytes.AsSpan())
        bytes

    let private name (names: byte[]) (at: uint32) =
        let rest = ReadOnlySpan(names).Slice(int at)
        let length = rest.Slice(0, min rest.Length longestName).IndexOf 0uy
        // A negative length raises, as it should: the name has no end.
        Encoding.UTF8.GetString(rest.Slice(0, length))

    /// Every offset comes from the file. One outside of it shows as a range exception, which is turned
    /// into an error here, once, instead of at each read.
    let private guarded (work: unit -> 'T) : Result<'T, ElfError> =
        try
            Ok(work ())
        with
        | :? ArgumentException
        | :? IndexOutOfRangeException
        | :? OverflowException
        | :? EndOfStreamException -> Error Damaged

    /// e_machine of the processor that this process runs on.
    let ownMachine =
        match System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture with
        | System.Runtime.InteropServices.Architecture.X64 -> 62
        | System.Runtime.InteropServices.Architecture.Arm64 -> 183
        | _ -> 0

    let private sections (file: Stream) : Result<Section[], ElfError> =
        if file.Length < 64L then
            Error NotElf
        else
            guarded (fun () ->
                let head = part file 0UL 64UL

                if
                    not (
                        head
                            .AsSpan(0, 6)
                            .SequenceEqual(ReadOnlySpan [| 0x7fuy; 69uy; 76uy; 70uy; 2uy; 1uy |])
                    )
                then
                    Error NotElf
                elif int (u16 head 18) <> ownMachine then
                    Error(OtherProcessor(int (u16 head 18)))
                else
                    let each = int (u16 head 0x3a)
                    let count = int (u16 head 0x3c)
                    let table = part file (u64 head 0x28) (uint64 (each * count))

                    Ok [|
                        for at in 0..each .. each * count - 1 do
                            {
                                Type = u32 table (at + 4)
                                Offset = u64 table (at + 0x18)
                                Size = u64 table (at + 0x20)
                                Link = int (u32 table (at + 0x28))
                            }
                    |]
            )
            |> Result.bind id

    let private read (file: Stream) (section: Section) = part file section.Offset section.Size

    let private ofType kind (all: Section[]) =
        all |> Array.tryFind (fun section -> section.Type = kind)

    /// The library's names.
    let header (file: Stream) : Result<ElfHeader, ElfError> =
        sections file
        |> Result.bind (fun all ->
            guarded (fun () ->
                match ofType Dynamic all with
                // A library without a dynamic section cannot be loaded.
                | None -> raise (ArgumentException "no dynamic section")
                | Some dynamic ->
                    let entries = read file dynamic
                    let names = read file all[dynamic.Link]

                    let values tag = [
                        for at in 0..16 .. entries.Length - 16 do
                            if u64 entries at = tag then
                                name names (Checked.uint32 (u64 entries (at + 8)))
                    ]

                    {
                        Name = List.tryHead (values 14UL)
                        Needed = values 1UL
                    }
            )
        )

    /// The library's dynamic symbols.
    let symbols (file: Stream) : Result<ElfSymbols, ElfError> =
        sections file
        |> Result.bind (fun all ->
            guarded (fun () ->
                match ofType DynamicSymbols all with
                | None -> raise (ArgumentException "no dynamic symbols")
                | Some table ->
                    let entries = read file table
                    let names = read file all[table.Link]
                    let versions = ofType Versions all |> Option.map (read file)
                    let defined = HashSet<string>()
                    let required = ResizeArray<string>()
                    // Names may share their ends, but not so much: what does is made to fill memory.
                    let mutable room = 4L * int64 names.Length + 65536L

                    for at in 24..24 .. entries.Length - 24 do
                        let text = name names (u32 entries at)
                        room <- room - int64 text.Length

                        if room < 0L then
                            raise (ArgumentException "names too long")

                        let isWeak = entries[at + 4] >>> 4 = 2uy

                        let isVersioned =
                            match versions with
                            | Some v -> u16 v (at / 12) &&& 0x7fffus > 1us
                            | None -> false

                        if u16 entries (at + 6) <> 0us then
                            defined.Add text |> ignore
                        elif not isWeak && not isVersioned && text <> "" then
                            required.Add text

                    {
                        Defined = defined
                        Required = List.ofSeq required
                    }
            )
        )

    /// The same of a file on disk.
    let ofFile (path: string) (what: Stream -> Result<'T, ElfError>) : Result<'T, ElfError> =
        try
            use file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
            what file
        with
        | :? IOException as e -> Error(Unreadable e.Message)
        | :? UnauthorizedAccessException as e -> Error(Unreadable e.Message)

/// Wording.
[<RequireQualifiedAccess>]
module ElfError =

    /// Why, as the end of a sentence.
    let message (error: ElfError) =
        match error with
        | NotElf -> "it is not a 64-bit Linux library"
        | OtherProcessor machine -> $"it is built for another processor (ELF machine {machine})"
        | Damaged -> "it is truncated or damaged"
        | Unreadable reason -> reason
