import type { FileDifference } from "./files";

/** One difference between two images, and the lines that describe it. */
export type Finding = { readonly lines: readonly string[] } & (
  | { readonly kind: "config"; readonly key: string }
  /** Of a layer, the lowest of which is 1. */
  | { readonly kind: "files"; readonly layer: number; readonly files: readonly FileDifference[] }
  /** The number of layers, or what a config says of one. */
  | { readonly kind: "layers" }
  /** Another compression of the same content. */
  | { readonly kind: "bytes" }
);

/** What may have made these differences, the likeliest first. */
export function likelyCauses(findings: readonly Finding[]): string[] {
  const keys = findings.flatMap((finding) => (finding.kind === "config" ? [finding.key] : []));
  const others = keys.filter((key) => !key.startsWith("label org.opencontainers.image.base."));
  const isNamedOtherwise = others.length < keys.length;
  const layers = findings.filter((finding) => finding.kind === "files");
  // Every layer on another base differs: no file of theirs tells more.
  if (isNamedOtherwise && layers.some(({ layer }) => layer === 1)) return [anotherBase];
  return [
    ...(isNamedOtherwise ? [anotherName] : []),
    ...(others.length > 0 ? [anotherDockerfile] : []),
    ...new Set(layers.map(({ files }) => causeOf(files))),
  ];
}

const anotherBase =
  "another base image: the Dockerfiles have another pin by now, or `bases` replaces it on this machine (a stand-in)";
const anotherName = "the same base under another name or digest: `bases` replaces it on this machine (a stand-in)";
const anotherDockerfile = "another Dockerfile, catalogue or builder made the image than this one";

/** What the differing files of a layer tell. The rules are asked in their order. */
function causeOf(files: readonly FileDifference[]): string {
  if (files.length === 0) return "another version of BuildKit wrote the archive";
  if (files.every(({ aspects }) => aspects.every((aspect) => aspect === "time"))) {
    return "times alone: a step of the build left a time that is not SOURCE_DATE_EPOCH";
  }
  return rules.find(([pattern]) => files.some(({ path }) => pattern.test(path)))?.[1] ?? anotherImage;
}

const rules: readonly (readonly [RegExp, string])[] = [
  [/^var\/lib\/dpkg\//, "Debian's packages: they have changed since, and no snapshot pins them"],
  [
    /^usr\/local\/bin\/pulumi/,
    "Pulumi's archive: this version holds something else by now, or comes from another mirror",
  ],
  [/^usr\/local\/|^usr\/share\/dotnet\//, "the toolchain: what its stage starts from or installs is another one"],
];
const anotherImage = "another image was pushed under the tag, or another Dockerfile made it";
