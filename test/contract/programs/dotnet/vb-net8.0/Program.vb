Imports System.Collections.Generic
Imports Pulumi

Module Program
    Function Main() As Integer
        Return Deployment.RunAsync(AddressOf Stack).GetAwaiter().GetResult()
    End Function

    Private Function Stack() As IDictionary(Of String, Object)
        Return New Dictionary(Of String, Object) From {{"answer", "hello from VB"}}
    End Function
End Module
