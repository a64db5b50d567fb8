/** The platforms that images are built for, and what Pulumi and Docker call the architecture of each. */
export const platforms = {
  "linux/amd64": { targetArch: "amd64", pulumiArch: "x64" },
  "linux/arm64": { targetArch: "arm64", pulumiArch: "arm64" },
} as const;

/** A platform as BuildKit writes it. */
export type Platform = keyof typeof platforms;

/** Whether the text is a platform that images can be built for. */
export function isPlatform(text: string): text is Platform {
  return Object.hasOwn(platforms, text);
}
