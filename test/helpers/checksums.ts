/** The checksums of the archives for Linux in `checksumsOf`, by Pulumi's name of the architecture. */
export const sums = { x64: "a".repeat(64), arm64: "b".repeat(64) } as const;

/** The checksum file of a version, in Pulumi's format. */
export function checksumsOf(version: string): string {
  return [
    `${sums.x64}  pulumi-v${version}-linux-x64.tar.gz`,
    `${"c".repeat(64)}  pulumi-v${version}-darwin-arm64.tar.gz`,
    `${sums.arm64}  pulumi-v${version}-linux-arm64.tar.gz`,
    "",
  ].join("\n");
}
