namespace Sss.Shared

open System
open System.IO
open System.Runtime.InteropServices

/// What is at a path, links followed.
type internal FileKind =
    /// Nothing, or nothing that may be looked at; opening it says why.
    | Missing
    | Regular
    | Folder
    | Pipe
    | Socket
    | Device

/// Finds the kind of a file before it is opened: opening a pipe waits for a process at its other
/// end, and reading a device may never end. This file is part of each project that opens files.
[<RequireQualifiedAccess>]
module internal FileKind =

    // .NET has no public way to ask for the kind. This is what it uses itself: `stat`, with the
    // same layout on every Unix, four bytes of flags before the mode.
    [<DllImport("libSystem.Native", EntryPoint = "SystemNative_Stat")>]
    extern int private fileStatus([<MarshalAs(UnmanagedType.LPUTF8Str)>] string path, byte[] status)

    let private kindMask, folder, regular, link = 0xF000, 0x4000, 0x8000, 0xA000
    let private pipe, socket = 0x1000, 0xC000

    let private ofMode (mode: int) =
        match mode &&& kindMask with
        | kind when kind = regular || kind = link -> Regular
        | kind when kind = folder -> Folder
        | kind when kind = pipe -> Pipe
        | kind when kind = socket -> Socket
        | _ -> Device

    let private ofNames (path: string) =
        if Directory.Exists path then Folder
        elif File.Exists path then Regular
        else Missing

    /// The kind of what is at a path.
    let ofPath (path: string) : FileKind =
        if OperatingSystem.IsWindows() || path.Contains '\000' then
            ofNames path
        else
            try
                let status = Array.zeroCreate<byte> 512

                if fileStatus (path, status) = 0 then
                    ofMode (BitConverter.ToInt32(status, 4))
                else
                    Missing
            with
            | :? DllNotFoundException
            | :? EntryPointNotFoundException -> ofNames path

    /// Why a path of this kind is not a file to read or write; None: it is one, or nothing is there.
    let objection (kind: FileKind) : string option =
        match kind with
        | Missing
        | Regular -> None
        | Folder -> Some "it is a folder"
        | Pipe -> Some "it is a pipe, not a file"
        | Socket -> Some "it is a socket, not a file"
        | Device -> Some "it is a device, not a file"
