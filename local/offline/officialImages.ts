import { catalogue } from "../../images/catalogue";
import { readDockerfile, sourceDateEpoch, stages } from "../../images/dockerfile";

/** The stages that start from an official image, by that image. The first stage names the image's substitute. */
export function officialImages(languages = catalogue.map(({ name }) => name)): Map<string, string[]> {
  const images = new Map<string, string[]>();
  for (const [stage, image] of new Map(languages.flatMap((name) => [...stages(readDockerfile(name))]))) {
    if (image.includes("@sha256:")) images.set(image, [...(images.get(image) ?? []), stage]);
  }
  return images;
}

/** The time of a substitute's files in seconds since 1970: that of the builds that start from it. */
export function buildEpoch(): string {
  return String(sourceDateEpoch(readDockerfile(catalogue[0]?.name ?? "")));
}

/** An official image's tag: name:tag@digest. */
export function tagOf(image: string): string {
  return image.replace(/^.*:([^@]+)@.*$/, "$1");
}

/** An official image without its digest. */
export function shortName(image: string): string {
  return image.replace(/@.*$/, "");
}
