import { gzipSync } from "node:zlib";

import type { Credentials } from "../../lib/oci/repositoryClient";
import { RepositoryWriter, digestOf } from "./repositoryWriter";

/** An empty layer: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const emptyTar = Buffer.alloc(1024);

/**
 * Pushes an image with one empty layer and these labels.
 * @returns the digest of its manifest
 */
export async function pushImage(
  repository: string,
  tag: string,
  labels: Record<string, string>,
  credentials?: Credentials,
): Promise<string> {
  const writer = new RepositoryWriter(repository, credentials);
  const rootfs = { type: "layers", diff_ids: [digestOf(emptyTar)] };
  const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs, config: { Labels: labels } });
  return writer.pushManifest(tag, {
    ...{ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json" },
    config: await writer.pushBlob(Buffer.from(config), "application/vnd.oci.image.config.v1+json"),
    layers: [await writer.pushBlob(gzipSync(emptyTar), "application/vnd.oci.image.layer.v1.tar+gzip")],
  });
}
