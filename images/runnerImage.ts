import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "../lib/oci/repositoryClient";
import { type BuildArgs, cacheReference, runnerInputs } from "./build";
import type { Language } from "./catalogue";
import type { Config } from "./config";
import type { SmokeTest } from "./smokeTest";

interface RunnerImageArgs extends BuildArgs {
  readonly config: BuildArgs["config"] & Pick<Config, "tag" | "repair">;
  /** The smoke tests of every language that is released: if one fails, no tag moves. */
  readonly smokeTests: readonly SmokeTest[];
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  /** Push credentials; undefined for anonymous pushes. */
  readonly credentials: Credentials | undefined;
}

/** Where a published image is. */
export interface PublishedImage {
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  readonly tag: string;
  /** sha256:… of the manifest, or of the index if there are several platforms. */
  readonly digest: pulumi.Output<string>;
  /** repository:tag@digest */
  readonly reference: pulumi.Output<string>;
}

/** One language's published image: stage `runner` of its Dockerfile, pushed after every smoke test has passed. */
export class RunnerImage extends pulumi.ComponentResource {
  readonly language: Language;
  readonly published: PublishedImage;

  constructor(name: string, args: RunnerImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("runner-pulumi:images:RunnerImage", name, {}, opts);
    this.language = args.language;
    const { repository, credentials } = args;
    const { tag, repair, cache } = args.config;
    const inputs = runnerInputs(args);
    const { digest } = new dockerBuild.Image(
      `${name}-image`,
      {
        ...inputs,
        buildArgs: { ...inputs.buildArgs, ...(repair === "" ? {} : { REPAIR: repair }) },
        tags: [pulumi.interpolate`${repository}:${tag}`],
        // On the Image, because a changed provider config would replace every Image.
        ...(credentials === undefined ? {} : { registries: [login(repository, credentials)] }),
        // Docker before 23 cannot read zstd. OCI media types are explicit, because BuildKit's default has changed.
        exports: [{ registry: { ociMediaTypes: true, compression: "gzip" } }],
        ...(cache === undefined ? {} : { cacheTo: [cacheExport(cacheReference(cache, args.language))] }),
        // In previews, only the smoke tests are built.
        buildOnPreview: false,
      },
      {
        parent: this,
        // The Images, not the components: a component's children do not inherit its dependsOn.
        dependsOn: args.smokeTests.map((smokeTest) => smokeTest.image),
        // On delete or replace, the provider would delete repository@digest and thereby every tag of that digest.
        retainOnDelete: true,
      },
    );
    this.published = { repository, tag, digest, reference: pulumi.interpolate`${repository}:${tag}@${digest}` };
    this.registerOutputs({ published: this.published });
  }
}

/** Exports every stage's layers. If the registry rejects them, the release goes on. */
function cacheExport(ref: string) {
  return { registry: { ref, mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } } as const;
}

function login(repository: pulumi.Output<string>, { username, password }: Credentials) {
  return { address: repository.apply((uri) => uri.replace(/\/.*$/, "")), username, password: pulumi.secret(password) };
}
