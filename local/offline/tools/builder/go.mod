module runner-pulumi/local/tools/builder

go 1.26.0

require (
	github.com/distribution/distribution/v3 v3.1.1
	github.com/moby/buildkit v0.31.2
	github.com/pulumi/pulumi-docker-build v0.0.22
)

replace github.com/pulumi/pulumi-dotnet/pulumi-language-dotnet/v3 => ./codegen/dotnet

replace github.com/pulumi/pulumi-java => ./codegen/java
