import * as pulumi from "@pulumi/pulumi";

export const answer: pulumi.Output<string> = pulumi.interpolate`hello from ${pulumi.output("typescript")}`;
