// Package codegen stands in for the package of the same path in pulumi-dotnet, whose module the Go proxy does not
// have. The docker-build provider fills this struct only into the schema that SDKs are generated from: nothing that
// runs here reads it.
package codegen

// CSharpPackageInfo has the fields that the docker-build provider sets.
type CSharpPackageInfo struct {
	RespectSchemaVersion bool              `json:"respectSchemaVersion,omitempty"`
	PackageReferences    map[string]string `json:"packageReferences,omitempty"`
}
