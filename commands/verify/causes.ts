import { baseLabels } from "../../images/labels";
import type { FileDifference } from "./layer";

/** One difference between two images, described as `served → rebuilt`. */
export interface Finding {
  readonly lines: readonly string[];
  /** The likely cause, if it tells one. */
  readonly cause?: string;
  /** Of files: the number of their layer, from 1, the lowest. */
  readonly layer?: number;
}

const otherBase = "another base image: its pin has changed, or `bases` replaces it on this machine";

/** The likely causes of differences, likeliest first. */
export function likelyCauses(findings: readonly Finding[]): string[] {
  // Other layers depend on the first one, so that their files tell nothing more.
  if (findings.some(({ layer }) => layer === 1)) return [otherBase];
  const causes = findings.flatMap(({ cause }) => cause ?? []);
  return [...new Set(causes.includes(otherBase) ? [otherBase, ...causes] : causes)];
}

/** The likely cause of another value of a key of the config. */
export function causeOfConfig(key: string): string {
  const isBase = Object.values(baseLabels).some((label) => key === `label ${label}`);
  return isBase ? otherBase : "another Dockerfile, catalogue or builder";
}

/** The likely cause of differences between a layer's files; of none, if only the archive differs. */
export function causeOfFiles(files: readonly FileDifference[]): string {
  const hasFile = (pattern: RegExp) => files.some(({ path }) => pattern.test(path));
  if (files.length === 0) return "another version of BuildKit, which writes layers differently";
  if (files.every(({ aspects }) => aspects.join() === "time")) {
    return "modification times only: a build step set a time other than SOURCE_DATE_EPOCH";
  }
  if (hasFile(/^var\/lib\/dpkg\//)) return "Debian packages: they have changed, and no snapshot pins them";
  if (hasFile(/^usr\/local\/bin\/pulumi/)) {
    return "Pulumi's archive: its content has changed, or it comes from another mirror";
  }
  return (
    "another toolchain: the image of its stage has changed, or `bases` replaces it on this machine. " +
    "Otherwise, another image was pushed under the tag"
  );
}
