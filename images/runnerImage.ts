import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import { type BuildArgs, buildInputs } from "./build";
import { repositoryUri } from "./registry";
import type { SmokeTest } from "./smokeTest";

/** What a runner image is built from, and what must be green before it is published. */
export interface RunnerImageArgs extends BuildArgs {
  /** The smoke tests of every language: one that is red keeps the tags of all where they are. */
  readonly smokeTests: readonly SmokeTest[];
}

/** Where a published image is. */
export interface PublishedImage {
  /** host[:port]/path, without a tag */
  readonly repository: string;
  readonly tag: string;
  /** sha256:… of the manifest, or of the index where there are several platforms. */
  readonly digest: pulumi.Output<string>;
  /** repository:tag@digest */
  readonly reference: pulumi.Output<string>;
}

/** One language's published image: stage `runner` of its Dockerfile, pushed after every smoke test is green. */
export class RunnerImage extends pulumi.ComponentResource {
  /** Where it was published. */
  readonly published: PublishedImage;

  constructor(name: string, args: RunnerImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("runner-pulumi:images:RunnerImage", name, {}, opts);
    const repository = repositoryUri(args.config.registry, args.language.name);
    const { tag } = args.config;
    const image = new dockerBuild.Image(
      `${name}-image`,
      {
        ...buildInputs(args),
        target: "runner",
        tags: [`${repository}:${tag}`],
        // Gzip, because Docker before 23 cannot read zstd; OCI types, because BuildKit's default changed over time.
        exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
        // The smoke tests build in a preview; nothing that could be pushed does.
        buildOnPreview: false,
      },
      {
        parent: this,
        // The Images themselves: children of a component do not inherit its dependsOn.
        dependsOn: args.smokeTests.map((smokeTest) => smokeTest.image),
        // The provider deletes `repository@digest`, so every tag on that digest, when an Image is deleted or replaced.
        retainOnDelete: true,
      },
    );
    const digest = image.digest;
    this.published = { repository, tag, digest, reference: pulumi.interpolate`${repository}:${tag}@${digest}` };
    this.registerOutputs({ published: this.published });
  }
}
