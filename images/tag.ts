import * as pulumi from "@pulumi/pulumi";

import type { Credentials } from "../lib/oci/repositoryClient";
import type { Language } from "./catalogue";
import type { Config } from "./config";
import { guardLatest } from "./latest";
import { dependenciesOf } from "./pushOrder";
import { asRunError } from "./runError";
import type { TagInputs } from "./tagProvider/tagProvider";

type Properties = Omit<TagInputs, "credentials">;

/** The type of a Tag in a stack's state. */
export const tagType = "oci:index:Tag";

/** A tag in a repository of a registry. The folder tagProvider is what runs it. */
export class Tag extends pulumi.CustomResource {
  declare readonly repository: pulumi.Output<string>;
  declare readonly tag: pulumi.Output<string>;
  /** What the tag serves, after it has moved. */
  declare readonly digest: pulumi.Output<string>;

  constructor(
    name: string,
    inputs: { readonly [Key in keyof Properties]: pulumi.Input<string> },
    credentials: Credentials | undefined,
    opts?: pulumi.CustomResourceOptions,
  ) {
    const login = credentials === undefined ? {} : { credentials: pulumi.secret(credentials) };
    super(tagType, name, { ...inputs, ...login }, opts);
  }
}

/** Where a published image is. */
export interface PublishedImage {
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  readonly tag: pulumi.Output<string>;
  /** sha256:… of the manifest, or of the index if there are several platforms. */
  readonly digest: pulumi.Output<string>;
  /** repository:tag@digest */
  readonly reference: pulumi.Output<string>;
  /** How often it was pushed again, because the registry had lost it. */
  readonly pushesAgain: number;
}

/** An image that a tag can move to. */
export interface TaggedImage {
  readonly language: Language;
  /** host[:port]/path, without a tag */
  readonly repository: pulumi.Output<string>;
  readonly digest: pulumi.Output<string>;
  readonly pushesAgain: number;
  /** What pushes it, before a tag may move. Undefined if it is published already. */
  readonly image?: pulumi.Resource;
}

async function guardAgain(config: Config, credentials: Credentials | undefined): Promise<undefined> {
  await guardLatest(config, credentials).catch((error: unknown) => {
    throw asRunError(error);
  });
}

/**
 * Declares each image's tag. No tag moves before every image that is released is in the registry: all or nothing. Whether
 * `latest` may move is asked again then, because builds take minutes.
 * @returns what the tags serve, by language; of the released languages only
 */
export function declareTags(
  images: readonly TaggedImage[],
  config: Config,
  credentials: Credentials | undefined,
): Record<string, PublishedImage> {
  const { tag, pulumiVersion: version, languages } = config;
  const isReleased = ({ language }: TaggedImage) => languages.includes(language);
  const released = images.filter(isReleased);
  const pushed = pulumi.all(released.map(({ digest }) => digest));
  // In a preview, the digest of one image that changes would make all of them unknown.
  const allowed = pulumi.runtime.isDryRun()
    ? pulumi.output(undefined)
    : pushed.apply(() => guardAgain(config, credentials));
  const tags = images.map((image) => {
    // An image that is not released is not a target of the update, so its digest may be unknown.
    const digest = isReleased(image) ? allowed.apply(() => image.digest) : image.digest;
    const dependsOn = dependenciesOf(image.language, languages, images).flatMap((one) => one.image ?? []);
    const inputs = { repository: image.repository, tag, digest, version };
    return {
      image,
      moved: new Tag(`${image.language.name}-tag`, inputs, credentials, { dependsOn, retainOnDelete: true }),
    };
  });
  const published = tags
    .filter(({ image }) => isReleased(image))
    .map(({ image, moved }) => {
      const { repository, digest } = moved;
      const reference = pulumi.interpolate`${repository}:${moved.tag}@${digest}`;
      return [
        image.language.name,
        { repository, tag: moved.tag, digest, reference, pushesAgain: image.pushesAgain },
      ] as const;
    });
  return Object.fromEntries(published);
}
