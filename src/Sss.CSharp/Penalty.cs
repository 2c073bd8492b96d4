using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>Properties of a penalty. True is guaranteed; false says nothing.</summary>
/// <param name="Convex">f((1−t)x + ty) ≤ (1−t)f(x) + tf(y).</param>
/// <param name="Separable">One coordinate of the prox depends on that coordinate alone.</param>
/// <param name="Homogeneous">f(tx) = t·f(x) for t &gt; 0.</param>
/// <param name="Set">The indicator of a set: the prox is the projection, regardless of the step.</param>
public readonly record struct PenaltyTraits(bool Convex, bool Separable, bool Homogeneous, bool Set);

/// <summary>
/// A penalty f of a vector, with its proximal operator argmin_u f(u) + ‖u − x‖²/(2·step). Immutable;
/// safe to use from several threads. Every factory rejects an illegal parameter by name with an
/// <see cref="ArgumentException"/>. Weights γ are finite and 0 or more. "PA" is N. Parikh and S. Boyd,
/// "Proximal Algorithms" (2014).
/// </summary>
public sealed class Penalty
{
    private Penalty(Core.Penalty value) => Value = value;

    internal Core.Penalty Value { get; }

    /// <summary>Name with parameters, for reports.</summary>
    public string Name => Value.Name;

    /// <summary>Its properties.</summary>
    public PenaltyTraits Traits => new(
        Value.Traits.Convex,
        Value.Traits.Separable,
        Value.Traits.Homogeneous,
        Value.Traits.Set);

    /// <summary>The length of the vectors it takes; null: any.</summary>
    public int? Length => Value.Length.ToNullable();

    /// <summary>γ‖x‖₁; its prox is soft thresholding by step·γ (PA §6.5.2).</summary>
    public static Penalty L1(double gamma) => Of(Core.L1.create(gamma));

    /// <summary>Σ γᵢ|xᵢ|, one weight per coordinate; it takes only vectors of that length.</summary>
    public static Penalty WeightedL1(IReadOnlyList<double> gammas) => Of(Core.L1.weighted([.. gammas]));

    /// <summary>
    /// γ Σ xᵢ on the non-negative orthant: the penalty that training puts on scaling factors. Its prox is
    /// max(x − step·γ, 0).
    /// </summary>
    public static Penalty NonNegativeL1(double gamma) => Of(Core.NonNegativeL1.create(gamma));

    /// <summary>
    /// Σ_g w_g‖x_g‖₂, the group lasso; coordinates in no group are free (M. Yuan and Y. Lin, "Model selection
    /// and estimation in regression with grouped variables", 2006).
    /// </summary>
    /// <param name="length">The length of the vectors.</param>
    /// <param name="groups">No coordinate in two of them.</param>
    public static Penalty GroupL2(int length, IEnumerable<CoordinateGroup> groups) =>
        Of(Core.GroupL2.create(length, groups.Select(g => g.ToCore()).ToFSharpList()));

    /// <summary>
    /// γ‖x‖₁ + Σ_g w_g‖x_g‖₂, the sparse group lasso (N. Simon et al., "A sparse-group lasso", 2013).
    /// </summary>
    /// <param name="gamma">γ.</param>
    /// <param name="length">The length of the vectors.</param>
    /// <param name="groups">No coordinate in two of them.</param>
    public static Penalty SparseGroupLasso(double gamma, int length, IEnumerable<CoordinateGroup> groups) =>
        Of(Core.SparseGroupLasso.create(gamma, length, groups.Select(g => g.ToCore()).ToFSharpList()));

    /// <summary>
    /// l1·‖x‖₁ + l2/2·‖x‖² (H. Zou and T. Hastie, "Regularization and variable selection via the elastic net",
    /// 2005).
    /// </summary>
    public static Penalty ElasticNet(double l1, double l2) => Of(Core.ElasticNet.create(l1, l2));

    /// <summary>
    /// γ times the number of coordinates that are not zero; its prox is hard thresholding. Not convex
    /// (T. Blumensath and M. Davies, "Iterative thresholding for sparse approximations", 2008).
    /// </summary>
    public static Penalty L0(double gamma) => Of(Core.L0.create(gamma));

    /// <summary>
    /// The minimax concave penalty: γ|x| − x²/(2θ) up to |x| = γθ, constant after it. Not convex (C.-H. Zhang,
    /// "Nearly unbiased variable selection under minimax concave penalty", 2010, eq. 2.1).
    /// </summary>
    /// <param name="gamma">γ.</param>
    /// <param name="theta">θ above 0; for steps of θ and more the prox is hard thresholding.</param>
    public static Penalty Mcp(double gamma, double theta) => Of(Core.Mcp.create(gamma, theta));

    /// <summary>
    /// Smoothly clipped absolute deviation: γ|x| near 0, constant from |x| = aγ on. Not convex (J. Fan and
    /// R. Li, "Variable selection via nonconcave penalized likelihood and its oracle properties", 2001, eq. 2.7).
    /// </summary>
    /// <param name="gamma">γ.</param>
    /// <param name="a">Above 2.</param>
    public static Penalty Scad(double gamma, double a) => Of(Core.Scad.create(gamma, a));

    /// <summary>
    /// γ Σ log(1 + |xᵢ|/ε). Not convex (E. Candès, M. Wakin and S. Boyd, "Enhancing sparsity by reweighted l1
    /// minimization", 2008, §2.2).
    /// </summary>
    /// <param name="gamma">γ.</param>
    /// <param name="epsilon">ε above 0.</param>
    public static Penalty LogSum(double gamma, double epsilon) => Of(Core.LogSum.create(gamma, epsilon));

    /// <summary>The indicator of lower ≤ xᵢ ≤ upper; its prox clamps (PA §6.2.4).</summary>
    public static Penalty Box(double lower, double upper) => Of(Core.Box.create(lower, upper));

    /// <summary>The indicator of separate bounds for each coordinate.</summary>
    public static Penalty Box(IReadOnlyList<double> lower, IReadOnlyList<double> upper) =>
        Of(Core.Box.each([.. lower], [.. upper]));

    /// <summary>The indicator of x ≥ 0.</summary>
    public static Penalty NonNegative() => new(Core.NonNegative.penalty);

    /// <summary>
    /// The indicator of ‖x‖₁ ≤ radius (J. Duchi et al., "Efficient projections onto the l1-ball", 2008, §4).
    /// </summary>
    public static Penalty L1Ball(double radius) => Of(Core.L1Ball.create(radius));

    /// <summary>The indicator of ‖x‖₂ ≤ radius (PA §6.5.1).</summary>
    public static Penalty L2Ball(double radius) => Of(Core.L2Ball.create(radius));

    /// <summary>The indicator of ‖x‖∞ ≤ radius.</summary>
    public static Penalty LInfinityBall(double radius) => Of(Core.LInfinityBall.create(radius));

    /// <summary>
    /// The indicator of x ≥ 0, Σ xᵢ = radius (J. Duchi et al., "Efficient projections onto the l1-ball", 2008,
    /// figure 1).
    /// </summary>
    public static Penalty Simplex(double radius = 1.0) => Of(Core.Simplex.create(radius));

    /// <summary>A separable sum: each part takes its own block of the vector.</summary>
    public static Penalty SeparableSum(params (Penalty Part, int Length)[] parts) =>
        Of(Core.SeparableSum.create(parts.Select(p => Tuple.Create(p.Part.Value, p.Length)).ToFSharpList()));

    /// <summary>factor · f, for a factor above 0 (PA §2.2).</summary>
    public Penalty Scaled(double factor) => Of(Core.Scaled.create(factor, Value));

    /// <summary>x ↦ f(x − origin) (PA §2.2).</summary>
    public Penalty Translated(IReadOnlyList<double> origin) => Of(Core.Translated.create([.. origin], Value));

    /// <summary>x ↦ f(factor · x), for a factor that is not 0 (PA §2.2).</summary>
    public Penalty Precomposed(double factor) => Of(Core.Precomposed.create(factor, Value));

    /// <summary>The convex conjugate sup_y ⟨x, y⟩ − f(y), by Moreau's identity (PA §2.5).</summary>
    /// <exception cref="ArgumentException">The penalty is not convex.</exception>
    public Penalty Conjugate() => Of(Core.Conjugate.create(Value));

    /// <summary>The Moreau envelope: min_u f(u) + ‖u − x‖²/(2·smoothing) (PA §3.1).</summary>
    /// <exception cref="ArgumentException">The smoothing is not above 0.</exception>
    public Penalty MoreauEnvelope(double smoothing) => Of(Core.MoreauEnvelope.create(smoothing, Value));

    /// <summary>f(x); positive infinity outside a set.</summary>
    /// <exception cref="ArgumentException">The vector has a length that the penalty does not take.</exception>
    public double Evaluate(IReadOnlyList<double> x) => Core.PenaltyModule.value(Value, [.. x]);

    /// <summary>The proximal operator at <paramref name="x"/>, as a new vector.</summary>
    /// <exception cref="ArgumentException">A wrong length, or a step that is not finite and positive.</exception>
    public double[] Prox(IReadOnlyList<double> x, double step) =>
        Core.PenaltyModule.prox(Value, step, [.. x]).Item1;

    /// <summary>
    /// The proximal operator written into <paramref name="destination"/> (which may be
    /// <paramref name="x"/>); the penalty there is returned. Allocates nothing where the penalty is separable.
    /// </summary>
    /// <exception cref="ArgumentException">A wrong length, or a step that is not finite and positive.</exception>
    public double ProxInto(double[] x, double step, double[] destination) =>
        Core.PenaltyModule.proxInto(Value, step, x, destination);

    /// <summary><see cref="Name"/>.</summary>
    public override string ToString() => Name;

    private static Penalty Of(FSharpResult<Core.Penalty, Core.PenaltyError> result) =>
        new(result.OrThrow(error => new ArgumentException(Core.PenaltyErrorModule.message(error))));
}

/// <summary>Coordinates that the group lasso shrinks together.</summary>
/// <param name="Coordinates">From 0; no coordinate in two groups.</param>
/// <param name="Weight">w_g ≥ 0.</param>
public sealed record CoordinateGroup(IReadOnlyList<int> Coordinates, double Weight)
{
    internal Core.CoordinateGroup ToCore() => new(Weight, [.. Coordinates]);
}
