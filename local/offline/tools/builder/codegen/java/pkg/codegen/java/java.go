// Package java stands in for the package of the same path in pulumi-java, whose module the Go proxy does not have.
// The docker-build provider fills this struct only into the schema that SDKs are generated from: nothing that runs
// here reads it.
package java

// PackageInfo has the fields that the docker-build provider sets.
type PackageInfo struct {
	BuildFiles                      string            `json:"buildFiles,omitempty"`
	GradleNexusPublishPluginVersion string            `json:"gradleNexusPublishPluginVersion,omitempty"`
	Dependencies                    map[string]string `json:"dependencies,omitempty"`
}
