/** The platforms of the images in BuildKit's notation, and what Docker, Pulumi and the ECR Gallery call them. */
export const platforms = {
  "linux/amd64": { targetArch: "amd64", pulumiArch: "x64", galleryArch: "x86-64" },
  "linux/arm64": { targetArch: "arm64", pulumiArch: "arm64", galleryArch: "ARM 64" },
} as const;

/** A platform in BuildKit's notation. */
export type Platform = keyof typeof platforms;

/** Every platform, in the order of the list above. */
export const allPlatforms = Object.keys(platforms) as readonly Platform[];

/** Whether images can be built for this platform. */
export function isPlatform(text: string): text is Platform {
  return Object.hasOwn(platforms, text);
}
