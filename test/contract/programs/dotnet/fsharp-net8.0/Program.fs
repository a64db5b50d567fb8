module Program

open Pulumi.FSharp

let stack () =
    dict [ "answer", "hello from F#" :> obj ]

[<EntryPoint>]
let main _ = Deployment.run stack
