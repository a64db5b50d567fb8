using System.Collections.Generic;
using Pulumi;

return await Deployment.RunAsync(() => new Dictionary<string, object?> { ["answer"] = "hello from C#" });
