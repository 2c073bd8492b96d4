namespace Sss.Dsl

open System.Globalization

/// Numbers as the language writes them.
module internal NumberText =

    /// The shortest digits that read back as the same number: `0.1`, `1e-5`.
    let real (value: float) : string =
        let text = value.ToString("R", CultureInfo.InvariantCulture)

        match text.IndexOf 'E' with
        | -1 -> text
        | at ->
            let mantissa = text.Substring(0, at)
            let exponent = int (text.Substring(at + 1))
            mantissa + "e" + string exponent
