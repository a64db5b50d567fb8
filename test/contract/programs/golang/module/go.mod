module harbour

go 1.20

require (
	github.com/dustin/go-humanize v1.0.1
	github.com/pulumi/pulumi/sdk/v3 v3.66.0
)
