using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>The only place that handles F# types.</summary>
internal static class Interop
{
    internal static T? ToNullable<T>(this FSharpOption<T>? option)
        where T : struct => option is null ? null : option.Value;

    internal static T? ToReference<T>(this FSharpOption<T>? option)
        where T : class => option?.Value;

    internal static FSharpOption<T> ToOption<T>(this T? value)
        where T : struct =>
        value is { } given ? FSharpOption<T>.Some(given) : FSharpOption<T>.None;

    internal static FSharpOption<T> ToReferenceOption<T>(this T? value)
        where T : class =>
        value is null ? FSharpOption<T>.None : FSharpOption<T>.Some(value);

    internal static FSharpList<T> ToFSharpList<T>(this IEnumerable<T> items) => ListModule.OfSeq(items);

    internal static FSharpFunc<T, Unit> ToFSharpFunc<T>(this Action<T> action) =>
        FuncConvert.FromAction(action);

    /// <summary>The value, or the error as the exception that <paramref name="toException"/> makes of it.</summary>
    internal static T OrThrow<T, TError>(
        this FSharpResult<T, TError> result,
        Func<TError, Exception> toException) =>
        result.IsOk ? result.ResultValue : throw toException(result.ErrorValue);
}
