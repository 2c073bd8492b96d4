using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>What the public surface may show.</summary>
public partial class SurfaceTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly Facade = typeof(Network).Assembly;

    /// <summary>A user's own view of a member: public, or protected in a class that can be derived from.</summary>
    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static bool IsVisible(FieldInfo field) =>
        field.IsPublic || ((field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed);

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? type.GetGenericParameterConstraints().SelectMany(Parts)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
        : [type];

    /// <summary>The types that attributes are, and those in their arguments.</summary>
    private static IEnumerable<Type> Attributes(IEnumerable<CustomAttributeData> attributes) =>
        attributes.SelectMany(a => a.ConstructorArguments
            .Concat(a.NamedArguments.Select(n => n.TypedValue))
            .SelectMany(v => v.Value is Type type ? [v.ArgumentType, type] : new[] { v.ArgumentType })
            .Append(a.AttributeType));

    private static IEnumerable<Type> Signature(MethodBase method) =>
        method.GetParameters()
            .SelectMany(p => Attributes(p.GetCustomAttributesData())
                .Concat(p.GetRequiredCustomModifiers())
                .Append(p.ParameterType))
            .Concat(method.IsGenericMethod ? method.GetGenericArguments() : [])
            .Concat(method is MethodInfo m ? Attributes(m.ReturnParameter.GetCustomAttributesData()).Append(m.ReturnType) : [])
            .Concat(Attributes(method.GetCustomAttributesData()));

    private static IEnumerable<(string Member, Type Type)> Shown(Type type) =>
        Named(".type", Attributes(type.GetCustomAttributesData()).Concat(type.GetInterfaces()).Concat(Bases(type)))
            .Concat(Named(".parameters", type.GetGenericArguments()))
            .Concat(type.GetMethods(All).Where(IsVisible).SelectMany(m => Named(m.Name, Signature(m))))
            .Concat(type.GetConstructors(All).Where(IsVisible).SelectMany(c => Named(".ctor", Signature(c))))
            .Concat(type.GetFields(All).Where(IsVisible)
                .SelectMany(f => Named(f.Name, Attributes(f.GetCustomAttributesData()).Append(f.FieldType))))
            .Concat(type.GetProperties(All).SelectMany(p => Named(p.Name, Attributes(p.GetCustomAttributesData()))))
            .Concat(type.GetEvents(All).SelectMany(e => Named(e.Name, [e.EventHandlerType!])));

    private static IEnumerable<(string Member, Type Type)> Named(string member, IEnumerable<Type> types) =>
        types.SelectMany(Parts).Select(t => (member, t));

    private static IEnumerable<Type> Bases(Type type)
    {
        for (var b = type.BaseType; b is not null; b = b.BaseType)
        {
            yield return b;
        }
    }

    /// <summary>What can be reached from the types by their public surface, with where it was first seen.</summary>
    private static IReadOnlyDictionary<Type, string> Reached(IEnumerable<Type> types)
    {
        var seen = new Dictionary<Type, string>();
        var todo = new Queue<Type>(types);
        while (todo.TryDequeue(out var type))
        {
            foreach (var (member, shown) in Shown(type))
            {
                if (seen.TryAdd(shown, $"{type.Name}.{member}") && shown.Assembly == type.Assembly)
                {
                    todo.Enqueue(shown);
                }
            }
        }

        return seen;
    }

    private static IEnumerable<string> Leaks(IEnumerable<Type> types, Func<Type, bool> forbidden) =>
        Reached(types).Where(r => forbidden(r.Key)).Select(r => $"{r.Value}: {r.Key.FullName}");

    private static bool IsForeign(Type type) =>
        type.Assembly != Facade && type.Assembly.GetName().Name is var name
        // A package of C# alone, which the facade's users have anyway.
        && name != "Sss.Serving"
        // A loss of one's own is a function of tensors (Loss.Of); no other type of TorchSharp is shown.
        && type.FullName != "TorchSharp.torch+Tensor"
        && (name == "FSharp.Core" || name!.StartsWith("Sss") || name.StartsWith("TorchSharp"));

    [Fact]
    public void NoTypeOfTheCoreOfFSharpOrOfTorchSharpIsShown() =>
        Assert.Empty(Leaks(Facade.GetExportedTypes(), IsForeign));

    [Theory]
    [InlineData("Where", "Module")]
    [InlineData("Stated", "PortableExecutableKinds")]
    [InlineData("Bounded", "Pointer")]
    [InlineData("Inner", "MethodBody")]
    [InlineData(".type", "AssemblyName")]
    public void TheCheckWouldFindALeak(string member, string type) =>
        Assert.Contains(
            Leaks([typeof(Leaky)], t => t.Namespace == "System.Reflection"),
            leak => leak.Contains(member) && leak.EndsWith($": System.Reflection.{type}"));

    [Fact]
    public void TheDocumentationNamesNoOtherTypeAndOnlyExceptionsThatAUserCanCatch()
    {
        var text = File.ReadAllText(Path.ChangeExtension(Facade.Location, ".xml"));
        var documented = Facade.GetExportedTypes().Select(t => t.FullName).ToHashSet();
        var members = Member().Matches(text).Where(m => documented.Any(t => m.Groups[1].Value.Contains(t!))).ToList();

        Assert.True(members.Count > 150, $"only {members.Count} members are documented");
        Assert.DoesNotContain(members, m => m.Value.Contains("Microsoft.FSharp"));
        foreach (var thrown in members.SelectMany(m => Thrown().Matches(m.Value)).Select(m => m.Groups[1].Value).Distinct())
        {
            var type = typeof(object).Assembly.GetType(thrown) ?? Facade.GetType(thrown);
            Assert.True(type is { IsPublic: true } && type.IsAssignableTo(typeof(Exception)), $"{thrown} is no exception");
        }
    }

    [Fact]
    public void EveryPublicClassIsSealedOrStatic() =>
        Assert.Empty(Facade.GetExportedTypes().Where(t => t.IsClass && !t.IsSealed).Select(t => t.Name));

    [Fact]
    public void EveryPublicTypeIsInTheOneNamespace() =>
        Assert.All(Facade.GetExportedTypes(), t => Assert.Equal("Sss", t.Namespace));

    [GeneratedRegex("""<member name=".:([^"]*)">.*?</member>""", RegexOptions.Singleline)]
    private static partial Regex Member();

    [GeneratedRegex("""<exception cref="T:([^"]*)">""")]
    private static partial Regex Thrown();

    /// <summary>Shows something of <c>System.Reflection</c> in each of the places that are looked at.</summary>
    [Marked(typeof(AssemblyName))]
    private sealed class Leaky
    {
        public static readonly Next Inner = new();

        public static IReadOnlyList<Module[]> Where() => [];

        [Marked(typeof(PortableExecutableKinds))]
        public static void Stated()
        {
        }

        public static void Bounded<T>()
            where T : IEnumerable<Pointer>
        {
        }
    }

    private sealed class Next
    {
        public static void Inner(MethodBody body) => _ = body;
    }

    [AttributeUsage(AttributeTargets.All)]
    private sealed class MarkedAttribute(Type type) : Attribute
    {
        public Type Type { get; } = type;
    }
}
