import * as pulumi from "@pulumi/pulumi";
import { componentProviderHost } from "@pulumi/pulumi/provider/experimental/index.js";

export interface GreeterArgs {
  person: pulumi.Input<string>;
}

export class Greeter extends pulumi.ComponentResource {
  greeting: pulumi.Output<string>;

  constructor(name: string, args: GreeterArgs, options?: pulumi.ComponentResourceOptions) {
    super("greeter:index:Greeter", name, {}, options);
    this.greeting = pulumi.interpolate`hello ${args.person} from ${name}`;
    this.registerOutputs({ greeting: this.greeting });
  }
}

void componentProviderHost({ components: [Greeter], dirname: import.meta.dirname, name: "greeter" });
