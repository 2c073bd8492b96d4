namespace Sss.Core

/// What `conv` and `dense` make of constants.
[<RequireQualifiedAccess>]
module internal Linear =

    /// The constant that output channel `o` holds when all that it reads is constant.
    let private total (reading: Reading) (reader: ArrayReader) hasBias (states: Known[]) o =
        match reader.Array with
        | None ->
            if hasBias || not (Array.forall Known.isDead states) then
                Known.Unknown
            else
                Known.Dead
        | Some array ->
            let weight = array ArrayPart.Weight
            let bias = if hasBias then array ArrayPart.Bias o else 0.0
            let mutable sum = bias

            for j in 0 .. states.Length - 1 do
                if not (Known.isDead states[j]) then
                    let first = (o * states.Length + j) * reading.Taps
                    sum <- sum + Known.value states[j] * OpFacts.sumOf weight first reading.Taps

            Known.ofValue sum

    /// Constant where all that is read is constant, and no zeros are put around it. In training the
    /// constants that come in may be those of channels that stay and train on, so that only 0 counts.
    let constants
        (reading: Reading)
        (hasBias: bool)
        (channels: int)
        (reader: ArrayReader)
        (input: Known[])
        : Known[] =
        let each = input.Length / reading.Groups
        let eachOut = channels / reading.Groups

        Array.init
            reading.Groups
            (fun g ->
                let states = System.ReadOnlySpan(input, g * each, each).ToArray()

                let isConstant =
                    if reading.IsPadded || reader.InTraining then
                        Array.forall Known.isDead states
                    else
                        Array.forall Known.isConstant states

                Array.init
                    eachOut
                    (fun o ->
                        if isConstant then
                            total reading reader hasBias states (g * eachOut + o)
                        else
                            Known.Live
                    )
            )
        |> Array.concat
