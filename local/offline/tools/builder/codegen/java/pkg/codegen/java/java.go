// Package java replaces the package of the same path in pulumi-java, whose module the Go proxy does not have. The
// docker-build provider uses this struct only to generate schemas of SDKs, which never happens here.
package java

// PackageInfo has the fields that the docker-build provider sets.
type PackageInfo struct {
	BuildFiles                      string            `json:"buildFiles,omitempty"`
	GradleNexusPublishPluginVersion string            `json:"gradleNexusPublishPluginVersion,omitempty"`
	Dependencies                    map[string]string `json:"dependencies,omitempty"`
}
