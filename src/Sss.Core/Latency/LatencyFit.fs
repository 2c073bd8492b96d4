namespace Sss.Core

/// The time of a whole network, and what the model makes it of.
type LatencySample = {
    /// Milliseconds of its fused layers alone.
    Layers: float
    /// Values that its joins write.
    Joined: float
    /// Numbers of its layers with weights.
    Weights: float
    /// Milliseconds that it took.
    Measured: float
}

/// Fits a latency model to whole networks.
[<RequireQualifiedAccess>]
module LatencyFit =

    /// Those of the model: per call, scale, per value, per weight.
    let private numbers = 4

    /// Solves A·x = b by elimination with pivots. None: A is singular.
    let private solve (a: float[][]) (b: float[]) : float[] option =
        let n = b.Length
        let rows = Array.init n (fun i -> Array.append a[i] [| b[i] |])

        let rec eliminate column (rows: float[][]) =
            if column = n then
                Some rows
            else
                let pivot = [ column .. n - 1 ] |> List.maxBy (fun i -> abs (rows[i][column]))

                if abs (rows[pivot][column]) < 1e-12 then
                    None
                else
                    let swapped =
                        rows
                        |> Array.mapi (fun i row ->
                            if i = column then rows[pivot]
                            elif i = pivot then rows[column]
                            else row
                        )

                    let first = swapped[column]

                    swapped
                    |> Array.mapi (fun i row ->
                        if i = column then
                            Array.map (fun x -> x / first[column]) row
                        else
                            let factor = row[column] / first[column]
                            Array.map2 (fun x y -> x - factor * y) row first
                    )
                    |> eliminate (column + 1)

        eliminate 0 rows |> Option.map (Array.map Array.last)

    /// Least squares over some of the columns; the others are 0.
    let private leastSquares (columns: int list) (rows: float[][]) (values: float[]) =
        let dot f g =
            Array.fold2
                (fun sum (row: float[]) value -> sum + f row value * g row value)
                0.0
                rows
                values

        let pick column (row: float[]) (_: float) = row[column]

        let normal =
            columns
            |> List.map (fun i ->
                columns |> List.map (fun j -> dot (pick i) (pick j)) |> Array.ofList
            )
            |> Array.ofList

        let right =
            columns
            |> List.map (fun i -> dot (pick i) (fun _ value -> value))
            |> Array.ofList

        solve normal right
        |> Option.map (fun found ->
            Array.init
                numbers
                (fun column ->
                    List.tryFindIndex ((=) column) columns
                    |> Option.map (Array.get found)
                    |> Option.defaultValue 0.0
                )
        )

    /// All sets of columns but the empty one.
    let private subsets = [
        for set in 1 .. (1 <<< numbers) - 1 ->
            [ 0 .. numbers - 1 ] |> List.filter (fun column -> set >>> column &&& 1 = 1)
    ]

    /// The model with the least sum of squared relative errors, none of its numbers negative, so that it does
    /// not grow when structures are removed. Of four numbers the best set of columns is found by
    /// trying them.
    let fit (multiple: int) (layers: WidthTimes list) (samples: LatencySample list) : LatencyModel =
        // Relative errors: each row is divided by its measurement. Joins and weights are counted in millions.
        let rows =
            samples
            |> List.map (fun s -> [|
                1.0 / s.Measured
                s.Layers / s.Measured
                1e-6 * s.Joined / s.Measured
                1e-6 * s.Weights / s.Measured
            |])
            |> Array.ofList

        let ones = Array.create rows.Length 1.0

        let error (x: float[]) =
            rows
            |> Array.sumBy (fun row ->
                (Array.fold2 (fun s a b -> s + a * b) 0.0 row x - 1.0) ** 2.0
            )

        let best =
            subsets
            |> List.filter (fun columns -> columns.Length <= rows.Length)
            |> List.choose (fun columns -> leastSquares columns rows ones)
            |> List.filter (Array.forall (fun x -> x >= 0.0))
            |> function
                | [] -> [| 0.0; 1.0; 0.0; 0.0 |]
                | found -> List.minBy error found

        {
            PerCall = best[0]
            Scale = best[1]
            PerValue = 1e-6 * best[2]
            PerWeight = 1e-6 * best[3]
            Multiple = multiple
            Layers = layers
        }

    /// |predicted − measured| / measured of each sample.
    let errors (model: LatencyModel) (samples: LatencySample list) : float list =
        samples
        |> List.map (fun s ->
            let predicted = LatencyModel.ofParts model s.Layers s.Joined s.Weights
            abs (predicted - s.Measured) / s.Measured
        )
