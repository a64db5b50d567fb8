using System.Collections.Generic;

return await Pulumi.Deployment.RunAsync(() => new Dictionary<string, object?> { ["answer"] = "hello from dotnet" });
