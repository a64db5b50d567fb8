import type { Platform } from "../../images/platform";
import type { Contents } from "./contents";

/** What is inside the images of a release. */
export interface Inventory {
  /** The Pulumi version, X.Y.Z. */
  readonly version: string;
  /** The image tag: `vX.Y.Z`, `dev-vX.Y.Z` or `latest`. */
  readonly tag: string;
  /** The images by language, in the order of the catalogue. */
  readonly images: Readonly<Record<string, ImageInventory>>;
}

/** What is inside an image. */
export interface ImageInventory {
  /** repository:tag@digest */
  readonly reference: string;
  readonly digest: string;
  /** What it was built from, by its labels. Images from before this project do not say. */
  readonly base?: { readonly name: string; readonly digest: string };
  readonly platforms: Readonly<Partial<Record<Platform, Contents>>>;
}

/** What is known of the release before, for one image: nothing where it is the first. */
export type Before =
  | { readonly tag: string; readonly image: ImageInventory }
  /** It is in the registry, and does not tell what is inside: why. */
  | { readonly tag: string; readonly untold: string }
  | undefined;

/** A language's image of one platform. */
export interface Place {
  readonly language: string;
  readonly platform: Platform;
}

/** The platforms of an image with what is inside each. */
export function contentsOf({ platforms }: ImageInventory): [Platform, Contents][] {
  return Object.entries(platforms) as [Platform, Contents][];
}

/** Every place of some images, in their order. */
export function placesOf(images: Readonly<Record<string, ImageInventory>>): Place[] {
  return Object.entries(images).flatMap(([language, image]) =>
    contentsOf(image).map(([platform]) => ({ language, platform })),
  );
}

/** What of an image's contents has a name and one value, in the order of the probes: its tools, its language hosts. */
export function factsOf({ tools, hosts }: Contents): Record<string, string> {
  return { ...tools, hosts: hosts.join(", ") };
}

/** What an image was built from, name@digest, where it says so. */
export function baseOf({ base }: ImageInventory): string | undefined {
  return base === undefined ? undefined : `${base.name}@${base.digest}`;
}
