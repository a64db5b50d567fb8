import { baseLabels } from "../../images/labels";
import type { FileDifference } from "./fileDifferences";

/** One difference between two images, and the lines that describe it. */
export type Finding = { readonly lines: readonly string[] } & (
  | { readonly kind: "config"; readonly key: string }
  /** Layers are counted from 1, the lowest. No files: the archives differ, but not what is in them. */
  | { readonly kind: "files"; readonly layer: number; readonly files: readonly FileDifference[] }
  /** The number of layers, or a layer's digest in the config. */
  | { readonly kind: "layers" }
);

/** The likely causes of differences, likeliest first. */
export function likelyCauses(findings: readonly Finding[]): string[] {
  const keys = findings.flatMap((finding) => (finding.kind === "config" ? [finding.key] : []));
  const isBase = (key: string) => Object.values(baseLabels).some((label) => key === `label ${label}`);
  const layers = findings.filter((finding) => finding.kind === "files");
  // Other layers depend on the first one, so that their files tell nothing more.
  if (layers.some(({ layer }) => layer === 1)) return [otherBase];
  return [
    ...(keys.some(isBase) ? [otherBase] : []),
    ...(keys.every(isBase) ? [] : [otherDockerfile]),
    ...new Set(layers.map(({ files }) => causeOf(files))),
  ];
}

const otherBase = "another base image: its pin has changed, or `bases` replaces it on this machine";
const otherDockerfile = "another Dockerfile, catalogue or builder";
const otherBuildKit = "another version of BuildKit, which writes layers differently";
const otherTimes = "modification times only: a build step set a time other than SOURCE_DATE_EPOCH";
const otherPackages = "Debian packages: they have changed, and no snapshot pins them";
const otherPulumi = "Pulumi's archive: its content has changed, or it comes from another mirror";
const otherContent =
  "another toolchain: the image of its stage has changed, or `bases` replaces it on this machine. " +
  "Otherwise, another image was pushed under the tag";

function causeOf(files: readonly FileDifference[]): string {
  const hasFile = (pattern: RegExp) => files.some(({ path }) => pattern.test(path));
  if (files.length === 0) return otherBuildKit;
  if (files.every(({ aspects }) => aspects.every((aspect) => aspect === "time"))) return otherTimes;
  if (hasFile(/^var\/lib\/dpkg\//)) return otherPackages;
  return hasFile(/^usr\/local\/bin\/pulumi/) ? otherPulumi : otherContent;
}
