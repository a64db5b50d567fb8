import * as dockerBuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "../lib/oci/repositoryClient";
import { type BuildArgs, cacheReference, runnerInputs } from "./build";
import type { Language } from "./catalogue";
import type { Config } from "./config";
import type { SmokeTest } from "./smokeTest";
import type { TaggedImage } from "./tag";

interface RunnerImageArgs extends BuildArgs {
  readonly config: BuildArgs["config"] & Pick<Config, "cache">;
  /** The smoke tests of every language that is released: if one fails, nothing is pushed. And images to push before. */
  readonly dependencies: readonly (SmokeTest | RunnerImage)[];
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  /** Push credentials; undefined for anonymous pushes. */
  readonly credentials: Credentials | undefined;
  /** How often the image was pushed again. Another number pushes it once more, with an unchanged digest. */
  readonly pushesAgain: number;
}

/** One language's image: stage `runner` of its Dockerfile, pushed by digest after every smoke test has passed. */
export class RunnerImage extends pulumi.ComponentResource implements TaggedImage {
  readonly language: Language;
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  /** sha256:… of the manifest, or of the index if there are several platforms. */
  readonly digest: pulumi.Output<string>;
  readonly pushesAgain: number;
  readonly image: dockerBuild.Image;

  constructor(name: string, args: RunnerImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("runner-pulumi:images:RunnerImage", name, {}, opts);
    this.language = args.language;
    const { repository, credentials, pushesAgain } = args;
    const { cache } = args.config;
    const inputs = runnerInputs(args);
    const image = new dockerBuild.Image(
      `${name}-image`,
      {
        ...inputs,
        buildArgs: { ...inputs.buildArgs, ...(pushesAgain === 0 ? {} : { PUSHES_AGAIN: String(pushesAgain) }) },
        // On the Image, because a changed provider config would replace every Image.
        ...(credentials === undefined ? {} : { registries: [login(repository, credentials)] }),
        // Docker before 23 cannot read zstd. OCI media types are explicit, because BuildKit's default has changed.
        exports: [{ registry: { names: [repository], pushByDigest: true, ociMediaTypes: true, compression: "gzip" } }],
        ...(cache === undefined ? {} : { cacheTo: [cacheExport(cacheReference(cache, args.language))] }),
        // In previews, only the smoke tests are built.
        buildOnPreview: false,
      },
      {
        parent: this,
        // The Images, not the components: a component's children do not inherit its dependsOn.
        dependsOn: args.dependencies.map(({ image }) => image),
        // State from before Images had no tags: on delete, the provider would delete its tags' digests.
        retainOnDelete: true,
      },
    );
    this.repository = repository;
    this.digest = image.digest;
    this.image = image;
    this.pushesAgain = pushesAgain;
    this.registerOutputs({ digest: this.digest });
  }
}

/** Exports every stage's layers. If the registry rejects them, the release goes on. */
function cacheExport(ref: string) {
  return { registry: { ref, mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } } as const;
}

function login(repository: pulumi.Output<string>, { username, password }: Credentials) {
  return { address: repository.apply((uri) => uri.replace(/\/.*$/, "")), username, password: pulumi.secret(password) };
}
