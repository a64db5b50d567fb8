module runner-pulumi/local/tools/dotnet-host

go 1.20

require github.com/pulumi/pulumi/sdk/v3 v3.49.0
