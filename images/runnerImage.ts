import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import { type BuildArgs, buildInputs, cacheReference } from "./build";
import type { Credentials } from "./registryClient";
import type { SmokeTest } from "./smokeTest";

/** What a runner image is built from, and what must be green before it is published. */
export interface RunnerImageArgs extends BuildArgs {
  /** The smoke tests of every language: one that is red keeps the tags of all where they are. */
  readonly smokeTests: readonly SmokeTest[];
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  /** What the registry is logged in to with, where it asks for it. */
  readonly credentials: Credentials | undefined;
}

/** Where a published image is. */
export interface PublishedImage {
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
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
    const { repository, credentials } = args;
    const { tag, repair, cache } = args.config;
    const inputs = buildInputs(args);
    const image = new dockerBuild.Image(
      `${name}-image`,
      {
        ...inputs,
        buildArgs: { ...inputs.buildArgs, ...(repair === "" ? {} : { REPAIR: repair }) },
        target: "runner",
        tags: [pulumi.interpolate`${repository}:${tag}`],
        // On the Image, not on the provider: a provider whose config changes replaces its Images.
        ...(credentials === undefined ? {} : { registries: [login(repository, credentials)] }),
        // Gzip, because Docker before 23 cannot read zstd; OCI types, because BuildKit's default changed over time.
        exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
        ...(cache === undefined ? {} : { cacheTo: [cacheExport(cacheReference(cache, args.language))] }),
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

/** Every stage's layers. A registry that does not take them stops no release. */
function cacheExport(ref: string): dockerBuild.types.input.CacheToArgs {
  const mode = dockerBuild.CacheMode.Max;
  return { registry: { ref, mode, imageManifest: true, ociMediaTypes: true, ignoreError: true } };
}

function login(
  repository: pulumi.Output<string>,
  { username, password }: Credentials,
): dockerBuild.types.input.RegistryArgs {
  return { address: repository.apply((uri) => uri.replace(/\/.*$/, "")), username, password: pulumi.secret(password) };
}
