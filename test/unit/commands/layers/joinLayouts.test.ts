import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

import { joinLayouts } from "../../../../commands/layers/joinLayouts";
import { useFiles } from "../../../helpers/folderOfFiles";

describe("joining OCI layouts", () => {
  const files = useFiles();

  it("keeps every manifest with its tag, and stores a blob once", () => {
    const manifest = (tag: string) => ({
      digest: `sha256:${tag}`,
      annotations: { "org.opencontainers.image.ref.name": tag },
    });
    for (const tag of ["golang-arm64", "yaml-arm64"]) {
      files.write(`${tag}/oci-layout`, "layout");
      files.write(`${tag}/index.json`, JSON.stringify({ manifests: [manifest(tag)] }));
      files.write(`${tag}/blobs/sha256/${tag}`, tag);
      files.write(`${tag}/blobs/sha256/base`, "base");
    }
    joinLayouts(files.path());
    assert.deepEqual(readdirSync(files.path()).sort(), ["blobs", "index.json", "oci-layout"]);
    assert.deepEqual(readdirSync(files.path("blobs/sha256")).sort(), ["base", "golang-arm64", "yaml-arm64"]);
    const { manifests } = JSON.parse(readFileSync(files.path("index.json"), "utf8")) as { manifests: unknown };
    assert.deepEqual(manifests, [manifest("golang-arm64"), manifest("yaml-arm64")]);
  });
});
