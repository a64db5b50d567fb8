import type { Language } from "./catalogue";

const prefix = "org.opencontainers.image.";

/** The label with an image's Pulumi version, X.Y.Z. Images from before this project do not have it. */
export const versionLabel = `${prefix}version`;

/** The labels with the name and the digest of the image that an image is based on. */
export const baseLabels = { name: `${prefix}base.name`, digest: `${prefix}base.digest` } as const;

/** An image's labels, with its base, name@sha256:… https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function imageLabels(language: Language, version: string, base: string): Record<string, string> {
  const [name = "", digest = ""] = base.split("@");
  return {
    [`${prefix}title`]: language.title,
    [`${prefix}description`]: language.description,
    [`${prefix}licenses`]: "MIT",
    [`${prefix}source`]: "https://github.com/spacelift-io/runner-pulumi",
    [versionLabel]: version,
    [baseLabels.name]: name,
    [baseLabels.digest]: digest,
  };
}
