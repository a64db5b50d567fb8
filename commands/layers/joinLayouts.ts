import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const blobs = join("blobs", "sha256");

/**
 * Joins the OCI layouts below a folder into one in the folder itself, so that layers which several languages share are stored
 * once. Every manifest keeps its tag: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function joinLayouts(folder: string): void {
  const layouts = readdirSync(folder).map((name) => join(folder, name));
  mkdirSync(join(folder, blobs), { recursive: true });
  const manifests = layouts.flatMap((layout) => {
    for (const blob of readdirSync(join(layout, blobs)))
      renameSync(join(layout, blobs, blob), join(folder, blobs, blob));
    cpSync(join(layout, "oci-layout"), join(folder, "oci-layout"));
    return (JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: unknown[] }).manifests;
  });
  for (const layout of layouts) rmSync(layout, { recursive: true });
  const mediaType = "application/vnd.oci.image.index.v1+json";
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
}
