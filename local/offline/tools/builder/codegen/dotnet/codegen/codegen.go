// Package codegen replaces the package of the same path in pulumi-dotnet, whose module the Go proxy does not have. The
// docker-build provider uses this struct only to generate schemas of SDKs, which never happens here.
package codegen

// CSharpPackageInfo has the fields that the docker-build provider sets.
type CSharpPackageInfo struct {
	RespectSchemaVersion bool              `json:"respectSchemaVersion,omitempty"`
	PackageReferences    map[string]string `json:"packageReferences,omitempty"`
}
