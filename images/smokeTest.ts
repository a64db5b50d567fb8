import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import { type BuildArgs, smokeInputs } from "./build";
import type { Language } from "./catalogue";

/** One language's smoke test: stage `smoke` of its Dockerfile, built in updates and previews, never pushed. */
export class SmokeTest extends pulumi.ComponentResource {
  readonly language: Language;
  /** The unpushed build. Images that depend on it are not published if it fails. */
  readonly image: dockerBuild.Image;

  constructor(name: string, args: BuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("runner-pulumi:images:SmokeTest", name, {}, opts);
    this.language = args.language;
    this.image = new dockerBuild.Image(
      `${name}-smoke`,
      { ...smokeInputs(args), exports: [{ cacheonly: {} }], buildOnPreview: true },
      { parent: this, retainOnDelete: true },
    );
    this.registerOutputs({});
  }
}
