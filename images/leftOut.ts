import * as pulumi from "@pulumi/pulumi";

import { type ReadRelease, readArchives } from "./archive";
import { type Language, catalogue } from "./catalogue";
import { type Config, warnIfUnpinned } from "./config";
import { layersStack } from "./configReaders";
import { type LeftOut, findLeftOut, findUnused, unusedText } from "./hosts";
import { getPulumiRelease } from "./pulumiRelease";
import type { PublishedImage } from "./tag";

/** What a run can release. */
interface Releasable {
  readonly release: ReadRelease;
  /** The catalogue without the languages that are left out. */
  readonly languages: readonly Language[];
  readonly leftOut: LeftOut;
}

/**
 * Reads Pulumi's release, and finds the languages of the config that it lacks a host for. A language that the config does not
 * select is declared all the same: a targeted update then keeps it, and any other update cannot build it.
 */
export async function readReleasable(config: Config): Promise<Releasable> {
  await warnIfUnpinned(config);
  const { pulumiVersion, platforms } = config;
  const source = { ...config, warn: pulumi.log.warn };
  const release = await readArchives(await getPulumiRelease(pulumiVersion, platforms, source));
  const unused = unusedText(findUnused(release));
  if (unused !== "") await pulumi.log.info(`No image has these files of Pulumi ${pulumiVersion}: ${unused}.`);
  const leftOut = findLeftOut(config.languages, release);
  return { release, leftOut, languages: catalogue.filter(({ name }) => leftOut[name] === undefined) };
}

/** The environment variable by which a command recognizes the outputs of its own update: clocks of machines differ. */
export const runVariable = "RELEASE_RUN";

/** The stack's output `leftOut`, if languages are left out. */
export interface LeftOutReport {
  /** The update that released all other languages; empty if no command started it. */
  readonly run: string;
  /** By language. */
  readonly reasons: LeftOut;
}

/** The stack's outputs. */
interface Outputs {
  /** By language. */
  readonly images: Readonly<Record<string, PublishedImage>>;
  readonly leftOut?: pulumi.Output<LeftOutReport>;
}

/**
 * Returns the stack's outputs. If languages are left out, the run fails with their sentences after it has released the others.
 * The engine then deletes nothing that the program did not declare. After `log.error` alone, it would, and it would report
 * success (tried with Pulumi 3.259.0).
 */
export function conclude(images: Outputs["images"], leftOut: LeftOut): Outputs {
  const reasons = Object.values(leftOut);
  if (reasons.length === 0) return { images };
  // The machine that writes layers has done what it can. The release that reads them fails.
  if (pulumi.getStack() === layersStack) for (const reason of reasons) void pulumi.log.warn(reason);
  // Pulumi prints a RunError that nobody handles without a stack, and lets the program fail when it ends.
  else for (const reason of reasons) void Promise.reject(new pulumi.RunError(reason));
  const moved = pulumi.all(Object.values(images).map(({ digest }) => digest));
  return { images, leftOut: moved.apply(() => ({ run: process.env[runVariable] ?? "", reasons: leftOut })) };
}
