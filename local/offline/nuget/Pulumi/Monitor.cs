using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Pulumi;

/// <summary>The two calls of the engine's resource monitor that a program without resources makes.</summary>
/// <remarks>The numbers are those of the fields in https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto.</remarks>
internal sealed class Monitor(CallInvoker engine)
{
    /// <returns>The URN of the resource, which has no inputs.</returns>
    public async Task<string> RegisterResource(string type, string name)
    {
        var response = await Call("RegisterResource", request =>
        {
            Write(request, 1, type);
            Write(request, 2, name);
            Write(request, 5, new Struct());
        });
        return ReadText(response, 1);
    }

    public Task RegisterResourceOutputs(string urn, Struct outputs) => Call("RegisterResourceOutputs", request =>
    {
        Write(request, 1, urn);
        Write(request, 2, outputs);
    });

    // As bytes: messages that are generated from Pulumi's .proto files would need more packages.
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(message => message, message => message);

    private async Task<byte[]> Call(string name, Action<CodedOutputStream> write)
    {
        var method = new Method<byte[], byte[]>(MethodType.Unary, "pulumirpc.ResourceMonitor", name, Bytes, Bytes);
        using var request = new MemoryStream();
        var fields = new CodedOutputStream(request);
        write(fields);
        fields.Flush();
        return await engine.AsyncUnaryCall(method, null, new CallOptions(), request.ToArray());
    }

    private static void Write(CodedOutputStream message, int field, string text)
    {
        message.WriteTag(field, WireFormat.WireType.LengthDelimited);
        message.WriteString(text);
    }

    private static void Write(CodedOutputStream message, int field, Struct value)
    {
        message.WriteTag(field, WireFormat.WireType.LengthDelimited);
        message.WriteMessage(value);
    }

    private static string ReadText(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field) return input.ReadString();
            input.SkipLastField();
        }
        return "";
    }
}
