namespace Sss.Files

open System
open System.Runtime.InteropServices
open Google.Protobuf
open Sss.Schema

/// Short ways to make ONNX messages.
[<RequireQualifiedAccess>]
module internal Proto =

    /// A whole number as a setting.
    let int (name: string) (value: int) =
        AttributeProto(Name = name, Type = AttributeProto.Types.AttributeType.Int, I = int64 value)

    /// Whole numbers as a setting.
    let ints (name: string) (values: int list) =
        let attribute =
            AttributeProto(Name = name, Type = AttributeProto.Types.AttributeType.Ints)

        attribute.Ints.AddRange(List.map int64 values)
        attribute

    /// A word as a setting.
    let text (name: string) (value: string) =
        AttributeProto(
            Name = name,
            Type = AttributeProto.Types.AttributeType.String,
            S = ByteString.CopyFromUtf8 value
        )

    /// A number as a setting, at single precision.
    let float (name: string) (value: float) =
        AttributeProto(
            Name = name,
            Type = AttributeProto.Types.AttributeType.Float,
            F = float32 value
        )

    /// An operation.
    let node (kind: string) name (inputs: string list) (outputs: string list) attributes =
        let node = NodeProto(OpType = kind, Name = name)
        node.Input.AddRange inputs
        node.Output.AddRange outputs
        node.Attribute.AddRange(attributes: AttributeProto list)
        node

    let private constant
        name
        (dims: int list)
        (dataType: TensorProto.Types.DataType)
        (raw: byte[])
        =
        // The array is fresh and nobody else has it, so it need not be copied again.
        let tensor =
            TensorProto(
                Name = name,
                DataType = LanguagePrimitives.EnumToValue dataType,
                RawData = UnsafeByteOperations.UnsafeWrap(ReadOnlyMemory raw)
            )

        tensor.Dims.AddRange(List.map int64 dims)
        tensor

    /// A constant of single-precision numbers.
    let floats name dims (values: float32[]) =
        constant
            name
            dims
            TensorProto.Types.DataType.Float
            (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// A constant of numbers from 0 to 255.
    let bytes name dims (values: byte[]) =
        constant name dims TensorProto.Types.DataType.Uint8 (Array.copy values)

    /// A constant of numbers from −128 to 127.
    let sbytes name dims (values: sbyte[]) =
        constant
            name
            dims
            TensorProto.Types.DataType.Int8
            (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// A constant of whole numbers of 32 bits.
    let int32s name dims (values: int32[]) =
        constant
            name
            dims
            TensorProto.Types.DataType.Int32
            (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// A constant list of whole numbers.
    let wholes name (values: int list) =
        let values = values |> List.map int64 |> Array.ofList

        constant
            name
            [ values.Length ]
            TensorProto.Types.DataType.Int64
            (MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())

    /// An output of single-precision numbers, of any shape.
    let openValue (name: string) =
        ValueInfoProto(
            Name = name,
            Type =
                TypeProto(
                    TensorType =
                        TypeProto.Types.Tensor(
                            ElemType =
                                LanguagePrimitives.EnumToValue TensorProto.Types.DataType.Float
                        )
                )
        )

    /// An input or output of single-precision numbers whose first extent is the open batch.
    let value (name: string) (doc: string) (dims: int list) =
        let shape = TensorShapeProto()
        shape.Dim.Add(TensorShapeProto.Types.Dimension(DimParam = "batch"))

        for d in dims do
            shape.Dim.Add(TensorShapeProto.Types.Dimension(DimValue = int64 d))

        ValueInfoProto(
            Name = name,
            DocString = doc,
            Type =
                TypeProto(
                    TensorType =
                        TypeProto.Types.Tensor(
                            ElemType =
                                LanguagePrimitives.EnumToValue TensorProto.Types.DataType.Float,
                            Shape = shape
                        )
                )
        )
