// A harbour, and the weight of what its ships carry.
package main

import (
	"github.com/dustin/go-humanize"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

type pier struct {
	pulumi.ResourceState

	Cargo pulumi.StringOutput
}

func newPier(ctx *pulumi.Context, name string, kilograms int, opts ...pulumi.ResourceOption) (*pier, error) {
	p := &pier{Cargo: pulumi.Sprintf("%s kg at the %s", humanize.Comma(int64(kilograms)), name)}
	if err := ctx.RegisterComponentResource("contract:index:Pier", name, p, opts...); err != nil {
		return nil, err
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"cargo": p.Cargo})
}

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		kilograms := config.New(ctx, "").GetInt("kilograms")
		if kilograms == 0 {
			kilograms = 25000
		}
		p, err := newPier(ctx, "north pier", kilograms)
		if err != nil {
			return err
		}
		ctx.Export("answer", p.Cargo)
		return nil
	})
}
