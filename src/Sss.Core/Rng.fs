namespace Sss.Core

/// A random generator as a value: drawing gives a number and the next generator, the old one stays
/// as it was. Splittable: two generators from one, whose streams are unrelated. Both fields are its
/// whole state, so a checkpoint may write them down.
///
/// SplitMix64: G. L. Steele Jr., D. Lea, C. H. Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014, figures 12–16. Not for secrets.
[<Struct>]
type Rng = {
    /// The position in the sequence.
    Seed: uint64
    /// The step from position to position; always odd.
    Gamma: uint64
}

/// Draws. Those that give many numbers at once draw them as the single ones would, one by one.
[<RequireQualifiedAccess>]
module Rng =

    /// The odd integer nearest to 2⁶⁴/φ: consecutive multiples of it are spread evenly.
    let private goldenGamma = 0x9E3779B97F4A7C15UL

    /// Spreads the bits of a position over a number (Stafford's variant 13).
    let private mix64 (z: uint64) =
        let z = (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    /// Makes a step from a position: odd, and with enough changes between neighbouring bits.
    let private mixGamma (z: uint64) =
        let z = (z ^^^ (z >>> 33)) * 0xFF51AFD7ED558CCDUL
        let z = (z ^^^ (z >>> 33)) * 0xC4CEB9FE1A85EC53UL
        let z = (z ^^^ (z >>> 33)) ||| 1UL
        let changes = System.Numerics.BitOperations.PopCount(z ^^^ (z >>> 1))
        if changes < 24 then z ^^^ 0xAAAAAAAAAAAAAAAAUL else z

    /// The generator of a seed. Equal seeds give equal streams on every machine.
    let create (seed: int) : Rng = {
        Seed = mix64 (uint64 (int64 seed))
        Gamma = goldenGamma
    }

    /// 64 random bits and the next generator.
    let next (rng: Rng) : struct (uint64 * Rng) =
        let seed = rng.Seed + rng.Gamma
        struct (mix64 seed, { rng with Seed = seed })

    /// Two generators with unrelated streams.
    let split (rng: Rng) : struct (Rng * Rng) =
        let here = rng.Seed + rng.Gamma
        let after = here + rng.Gamma

        struct ({ rng with Seed = after },
                {
                    Seed = mix64 here
                    Gamma = mixGamma after
                })

    /// The generator number `index` of a family, without drawing those before it: for a stream an
    /// epoch, an image or a worker. Different indices give unrelated streams.
    let fork (index: int) (rng: Rng) : Rng =
        let seed = mix64 (rng.Seed ^^^ mix64 (uint64 (int64 index) + rng.Gamma))

        {
            Seed = seed
            Gamma = mixGamma (seed + goldenGamma)
        }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    let float (rng: Rng) : struct (float * Rng) =
        let struct (bits, rng) = next rng
        struct (float (bits >>> 11) * (1.0 / 9007199254740992.0), rng)

    /// Uniform in [low, high).
    let uniform (low: float) (high: float) (rng: Rng) : struct (float * Rng) =
        let struct (u, rng) = float rng
        struct (low + (high - low) * u, rng)

    /// Uniform among 0 … count−1; 0 for a count below 1. By the high half of a 128-bit product, whose
    /// bias is below count / 2⁶⁴.
    let below (count: int) (rng: Rng) : struct (int * Rng) =
        let struct (bits, rng) = next rng
        struct (int (System.Math.BigMul(bits, uint64 (max count 1)) >>> 64), rng)

    /// True with a probability.
    let chance (probability: float) (rng: Rng) : struct (bool * Rng) =
        let struct (u, rng) = float rng
        struct (u < probability, rng)

    /// Standard normal, by Box and Muller's formula (two uniform numbers a draw).
    let normal (rng: Rng) : struct (float * Rng) =
        let struct (u, rng) = float rng
        let struct (v, rng) = float rng
        // 1 − u is never 0.
        struct (sqrt (-2.0 * log (1.0 - u)) * cos (2.0 * System.Math.PI * v), rng)

    /// `count` draws, in order.
    let many
        (draw: Rng -> struct ('value * Rng))
        (count: int)
        (rng: Rng)
        : struct ('value[] * Rng) =
        let mutable rng = rng
        let values = Array.zeroCreate count

        for i in 0 .. count - 1 do
            let struct (value, following) = draw rng
            values[i] <- value
            rng <- following

        struct (values, rng)

    /// A random order of 0 … count−1, all orders alike (Fisher and Yates).
    let permutation (count: int) (rng: Rng) : struct (int[] * Rng) =
        let mutable rng = rng
        let order = Array.init count id

        for i in count - 1 .. -1 .. 1 do
            let struct (j, following) = below (i + 1) rng
            rng <- following
            let kept = order[i]
            order[i] <- order[j]
            order[j] <- kept

        struct (order, rng)
