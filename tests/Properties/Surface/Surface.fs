/// The public surface of an F# library, as text: a line a type and a line a member.
module Sss.Tests.Surface

open System
open System.Reflection
open System.Runtime.CompilerServices
open FSharp.Reflection

let private everything =
    BindingFlags.Public
    ||| BindingFlags.Instance
    ||| BindingFlags.Static
    ||| BindingFlags.DeclaredOnly

let private short =
    dict [
        typeof<unit>, "unit"
        typeof<Void>, "unit"
        typeof<bool>, "bool"
        typeof<byte>, "byte"
        typeof<int>, "int"
        typeof<int64>, "int64"
        typeof<uint64>, "uint64"
        typeof<float>, "float"
        typeof<float32>, "float32"
        typeof<string>, "string"
        typeof<obj>, "obj"
    ]

let private words =
    dict [
        "FSharpList", "list"
        "FSharpOption", "option"
        "FSharpValueOption", "voption"
        "FSharpResult", "Result"
        "FSharpMap", "Map"
        "FSharpSet", "Set"
    ]

let private stem (name: string) =
    let own =
        match name.IndexOf '`' with
        | -1 -> name
        | at -> name.Substring(0, at)

    match words.TryGetValue own with
    | true, word -> word
    | _ -> own

let rec private name (t: Type) : string =
    match short.TryGetValue t with
    | true, word -> word
    | _ when t.IsGenericParameter -> "'" + t.Name
    | _ when t.IsByRef || t.IsArray ->
        name (nonNull (t.GetElementType())) + (if t.IsArray then "[]" else "&")
    | _ when FSharpType.IsFunction t ->
        let from, into = FSharpType.GetFunctionElements t
        $"({name from} -> {name into})"
    | _ when FSharpType.IsTuple t ->
        let parts = FSharpType.GetTupleElements t |> Array.map name |> String.concat " * "
        if t.IsValueType then $"struct ({parts})" else $"({parts})"
    | _ ->
        let own = stem t.Name

        let place =
            if t.IsNested then
                name (nonNull t.DeclaringType) + "."
            elif (string t.Namespace).StartsWith "Sss" then
                string t.Namespace + "."
            else
                ""

        match t.GetGenericArguments() with
        | [||] -> place + own
        | arguments -> place + own + "<" + (arguments |> Array.map name |> String.concat ", ") + ">"

let private isModule (t: Type) =
    match t.GetCustomAttribute<CompilationMappingAttribute>() with
    | null -> false
    | mapping ->
        mapping.SourceConstructFlags &&& SourceConstructFlags.KindMask = SourceConstructFlags.Module

/// Members that the compiler adds to records and unions say nothing of their own.
let private isOwn (m: MemberInfo) =
    isNull (m.GetCustomAttribute<CompilerGeneratedAttribute>())
    && isNull (m.GetCustomAttribute<Diagnostics.DebuggerNonUserCodeAttribute>())

let private parameters (m: MethodBase) =
    m.GetParameters()
    |> Array.map (fun p -> $"{p.Name}: {name p.ParameterType}")
    |> String.concat ", "

let private generics (m: MethodInfo) =
    match m.GetGenericArguments() with
    | [||] -> ""
    | arguments -> "<" + (arguments |> Array.map name |> String.concat ", ") + ">"

let private members (t: Type) = [
    for m in t.GetMethods everything do
        if isOwn m && not m.IsSpecialName then
            $"{m.Name}{generics m}({parameters m}): {name m.ReturnType}"
    for p in t.GetProperties everything do
        if isOwn p then
            let isSettable = p.CanWrite && (nonNull p.SetMethod).IsPublic
            let settable = if isSettable then " (settable)" else ""
            $"{p.Name}: {name p.PropertyType}{settable}"
    for f in t.GetFields everything do
        if isOwn f && not f.IsSpecialName then
            let value = if f.IsLiteral then $" = {f.GetRawConstantValue()}" else ""
            $"{f.Name}: {name f.FieldType}{value}"
    if not (FSharpType.IsRecord t || FSharpType.IsUnion t) then
        for c in t.GetConstructors everything do
            $"new({parameters c})"
]

let private cases (t: Type) = [
    for case in FSharpType.GetUnionCases t do
        match case.GetFields() with
        | [||] -> $"| {case.Name}"
        | fields ->
            let parts =
                fields
                |> Array.map (fun f -> $"{f.Name}: {name f.PropertyType}")
                |> String.concat " * "

            $"| {case.Name} of {parts}"
]

let private body (t: Type) = [
    if FSharpType.IsUnion t then
        yield! cases t
    elif FSharpType.IsRecord t then
        for field in FSharpType.GetRecordFields t do
            $"{field.Name}: {name field.PropertyType}"

    let said =
        if FSharpType.IsRecord t then
            FSharpType.GetRecordFields t
            |> Array.map (fun field -> $"{field.Name}: {name field.PropertyType}")
            |> Set.ofArray
        else
            Set.empty

    // Order by code, or the text would depend on the machine's language.
    let others = members t |> List.filter (fun line -> not (said.Contains line))
    yield! others |> List.sortWith (fun a b -> String.CompareOrdinal(a, b))
]

let private kind (t: Type) =
    if isModule t then "module"
    elif FSharpType.IsUnion t then "union"
    elif FSharpType.IsRecord t then "record"
    elif t.IsInterface then "interface"
    else "class"

/// Cases of unions are classes of their own, and so are their numbers.
let rec private isPart (t: Type) =
    match t.DeclaringType with
    | null -> false
    | outer -> FSharpType.IsUnion outer || isPart outer

/// The lines of a library.
let ofAssembly (assembly: Assembly) : string =
    let types =
        assembly.GetExportedTypes()
        |> Array.filter (fun t -> isOwn t && not (isPart t))
        |> Array.sortWith (fun a b -> String.CompareOrdinal(name a + kind a, name b + kind b))

    String.concat "" [
        for t in types do
            $"{kind t} {name t}\n"

            for line in body t do
                $"    {line}\n"
    ]
