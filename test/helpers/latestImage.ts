import type { Answer } from "./http";

/** The responses of a registry whose repository has an image with these labels under tag `latest`. */
export function latestImage(repository: string, labels: unknown): Record<string, Answer> {
  const digest = `sha256:${repository}`;
  return {
    [`/v2/${repository}/manifests/latest`]: JSON.stringify({ config: { digest, size: 1 }, layers: [] }),
    [`/v2/${repository}/blobs/${digest}`]: JSON.stringify({ config: { Labels: labels } }),
  };
}
