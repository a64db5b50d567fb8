import * as pulumi from "@pulumi/pulumi";

interface GreeterArgs {
  readonly people: pulumi.Input<readonly string[]>;
}

class Greeter extends pulumi.ComponentResource {
  readonly greeting: pulumi.Output<string>;

  constructor(name: string, { people }: GreeterArgs, options?: pulumi.ComponentResourceOptions) {
    super("contract:index:Greeter", name, {}, options);
    this.greeting = pulumi.output(people).apply((names) => `hello ${names.join(" and ")}`);
    this.registerOutputs({ greeting: this.greeting });
  }
}

const config = new pulumi.Config();
const greeter = new Greeter("greeter", { people: [config.get("person") ?? "world", pulumi.getStack()] });

export const answer = greeter.greeting;
