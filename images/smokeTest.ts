import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import { type BuildArgs, buildInputs } from "./build";

/** One language's smoke test: stage `smoke` of its Dockerfile, built and never pushed. It runs in previews too. */
export class SmokeTest extends pulumi.ComponentResource {
  /** The unpushed build. A published image that depends on it moves no tag while it is red. */
  readonly image: dockerBuild.Image;

  constructor(name: string, args: BuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("runner-pulumi:images:SmokeTest", name, {}, opts);
    this.image = new dockerBuild.Image(
      `${name}-smoke`,
      { ...buildInputs(args), target: "smoke", exports: [{ cacheonly: {} }], buildOnPreview: true },
      { parent: this, retainOnDelete: true },
    );
    this.registerOutputs({});
  }
}
