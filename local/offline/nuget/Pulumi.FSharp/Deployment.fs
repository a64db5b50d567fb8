module Pulumi.FSharp.Deployment

/// Runs a program and sets the outputs of its stack to what the program returns.
let run (program: unit -> System.Collections.Generic.IDictionary<string, obj>) =
    Pulumi.Deployment.RunAsync(program).GetAwaiter().GetResult()
