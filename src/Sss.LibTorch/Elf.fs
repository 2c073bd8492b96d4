namespace Sss.Torch

open System
open System.Buffers.Binary
open System.Text

/// What is needed of the ELF format (System V ABI; the symbol versions are of the Linux Standard
/// Base, "Symbol Versioning"): to make one needed version optional in a shared library.
[<RequireQualifiedAccess>]
module internal Elf =

    /// Section type of the needed versions (SHT_GNU_verneed).
    [<Literal>]
    let private VersionsNeeded = 0x6ffffffeu

    /// The loader continues without a version that carries this flag (VER_FLG_WEAK).
    [<Literal>]
    let private Weak = 2us

    let private u16 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, at, 2))

    let private u32 (bytes: byte[]) at =
        BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, at, 4))

    /// Offsets and sizes in the file; beyond 2³¹ they cannot be in an array.
    let private offset (bytes: byte[]) at =
        let value = BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(bytes, at, 8))

        if value > uint64 Int32.MaxValue then
            raise (ArgumentOutOfRangeException(nameof at))
        else
            int value

    let private text (bytes: byte[]) at =
        let length = Array.IndexOf(bytes, 0uy, at) - at
        Encoding.ASCII.GetString(bytes, at, length)

    /// The positions of a linked list: `next` is where an entry says how far the following one is;
    /// 0 ends it. Positions only grow, so a damaged file cannot make it endless.
    let private links (bytes: byte[]) (next: int) first =
        List.unfold
            (Option.map (fun at ->
                let step = int (u32 bytes (at + next))
                at, (if step > 0 then Some(at + step) else None)
            ))
            (Some first)

    /// Positions of the flags (two bytes each) of every needed version of that name.
    let private flagsOf (version: string) (bytes: byte[]) = [
        let sections = offset bytes 0x28
        let sectionSize = int (u16 bytes 0x3a)
        let section n = sections + n * sectionSize

        for n in 0 .. int (u16 bytes 0x3c) - 1 do
            if u32 bytes (section n + 4) = VersionsNeeded then
                let names = offset bytes (section (int (u32 bytes (section n + 0x28))) + 0x18)

                for library in links bytes 12 (offset bytes (section n + 0x18)) do
                    for entry in links bytes 12 (library + int (u32 bytes (library + 8))) do
                        if text bytes (names + int (u32 bytes (entry + 8))) = version then
                            entry + 4
    ]

    let private is64BitLittleEndian (bytes: byte[]) =
        bytes.Length > 64
        && bytes.AsSpan(0, 6).SequenceEqual(ReadOnlySpan [| 0x7fuy; 69uy; 76uy; 70uy; 2uy; 1uy |])

    /// A copy of a shared library in which the named symbol version is optional. None: the library
    /// does not need it, or needs it only weakly already. An error says why the bytes are not a library.
    let weaken (version: string) (library: byte[]) : Result<byte[] option, string> =
        if not (is64BitLittleEndian library) then
            Error "not a 64-bit little-endian ELF file"
        else
            // Every offset comes from the file: one outside of it shows as a range exception of the
            // reads above, and is caught here once instead of at each read.
            try
                let strong =
                    flagsOf version library |> List.filter (fun at -> u16 library at &&& Weak = 0us)

                if List.isEmpty strong then
                    Ok None
                else
                    let copy = Array.copy library

                    for at in strong do
                        let flags = u16 copy at ||| Weak
                        BinaryPrimitives.WriteUInt16LittleEndian(Span(copy, at, 2), flags)

                    Ok(Some copy)
            with
            | :? ArgumentException
            | :? IndexOutOfRangeException -> Error "a truncated or damaged ELF file"
