namespace Sss.Files

open System
open System.Buffers
open Sss.Core

/// From decoded pixels to the scaled part of the upright picture. Where the upright picture's rows
/// are decoded one after the other, no more than some rows are held; else the decoded picture is.
///
/// `stored` is the size of the decoded picture as it is in the file, `isOrdered` whether whole rows
/// come in their order, `area` the part in the upright picture's pixels.
type internal PartScaler
    (
        shape: Shape,
        orientation: Orientation,
        pixels: PixelFormat,
        stored: Size,
        isOrdered: bool,
        area: Area,
        target: float32[]
    ) =
    let upright = Orientation.turned orientation stored
    let struct (start, across, down) = Orientation.walk orientation stored
    let values = PixelFormat.values shape.Channels pixels

    /// The whole pixels that scaling reads on an axis: the part's own and a filter's width around.
    let around first length available count =
        let reach = ceil (max 1.0 (length / float count)) + 1.0

        struct (int (floor (first - reach)) |> max 0,
                int (ceil (first + length + reach)) |> min available)

    let struct (left, right) = around area.Left area.Width upright.W shape.Width
    let struct (top, bottom) = around area.Top area.Height upright.H shape.Height

    let scaler =
        new RowScaler(
            shape.Channels,
            right - left,
            bottom - top,
            {
                area with
                    Left = area.Left - float left
                    Top = area.Top - float top
            },
            shape.Width,
            shape.Height,
            target
        )

    let line = ArrayPool<float32>.Shared.Rent(shape.Channels * scaler.Count)

    let whole =
        if PartScaler.Streams(orientation, isOrdered) then
            None
        else
            Some(new NativeBuffer(PixelFormat.size pixels * stored.W * stored.H))

    /// Whether whole rows can be scaled as they come.
    static member Streams(orientation, isOrdered) =
        isOrdered && Orientation.keepsRows orientation

    /// Scales the next row of the part, whose first column is stored at a place.
    member private _.Add(bytes: ReadOnlySpan<byte>, first) =
        let at = first + (left + scaler.First) * across

        PixelFormat.toPlanes
            shape.Channels
            pixels
            values
            bytes
            at
            across
            scaler.Count
            (line.AsSpan())

        scaler.Add line

    /// Takes decoded pixels.
    member this.Take(stretch: Stretch) : unit =
        match whole with
        | Some whole ->
            PixelFormat.place (PixelFormat.size pixels) stored.W (whole.GetSpan()) stretch
        | None ->
            if stretch.Y >= top && stretch.Y < bottom then
                this.Add(stretch.Bytes.Span, start)

    /// Completes the target when all pixels are there.
    member this.Finish() : unit =
        match whole with
        | None -> ()
        | Some whole ->
            for y in top .. bottom - 1 do
                this.Add(Span.op_Implicit (whole.GetSpan()), start + y * down)

    interface IDisposable with
        member _.Dispose() =
            ArrayPool<float32>.Shared.Return line
            (scaler :> IDisposable).Dispose()

            match whole with
            | Some whole -> (whole :> IDisposable).Dispose()
            | None -> ()
