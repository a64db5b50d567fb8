using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Pulumi;

/// <summary>The part of Pulumi's .NET SDK that a program without resources uses.</summary>
public static class Deployment
{
    /// <summary>Runs a program and sets the outputs of its stack to what the program returns.</summary>
    /// <returns>The exit code of the process. After an error, its message is on stderr.</returns>
    public static async Task<int> RunAsync(Func<IDictionary<string, object?>> program)
    {
        try
        {
            using var channel = GrpcChannel.ForAddress($"http://{Variable("PULUMI_MONITOR")}");
            var monitor = new Monitor(channel.CreateCallInvoker());
            var stack = $"{Variable("PULUMI_PROJECT")}-{Variable("PULUMI_STACK")}";
            var urn = await monitor.RegisterResource("pulumi:pulumi:Stack", stack);
            var outputs = new Struct();
            foreach (var (name, value) in program()) outputs.Fields[name] = ValueOf(name, value);
            await monitor.RegisterResourceOutputs(urn, outputs);
            return 0;
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name)
        ?? throw new InvalidOperationException($"{name} is not set. Run this program by pulumi up.");

    private static Value ValueOf(string name, object? value) => value switch
    {
        null => Value.ForNull(),
        string text => Value.ForString(text),
        bool truth => Value.ForBool(truth),
        int or long or double => Value.ForNumber(Convert.ToDouble(value)),
        _ => throw new NotSupportedException(
            $"Output {name} is a {value.GetType()}. The substitute for Pulumi's .NET SDK passes on texts, numbers and booleans."),
    };
}
