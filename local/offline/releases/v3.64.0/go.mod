module runner-pulumi/local/releases/v3.64.0

go 1.20

require (
	github.com/pulumi/pulumi-java/pkg v0.9.2
	github.com/pulumi/pulumi-yaml v1.1.1
	github.com/pulumi/pulumi/pkg/v3 v3.64.0
	github.com/pulumi/pulumi/sdk/v3 v3.64.0
)

// The two replacements that Pulumi's own go.mod makes for this release.
replace github.com/sergi/go-diff => github.com/sergi/go-diff v1.1.0

replace github.com/xanzy/ssh-agent => github.com/pulumi/ssh-agent v0.5.1
