import assert from "node:assert/strict";
import type { Server } from "node:http";

import { readSubject } from "../../../commands/attestationSubjects";
import { RepositoryClient } from "../../../lib/oci/repositoryClient";
import { serve } from "../../helpers/http";

describe("attestationSubjects", () => {
  let server: Server;
  after(() => server.close());

  it("names each platform's image of an index, without attestations", async () => {
    const entry = (digest: string, os: string, architecture: string) => ({ digest, platform: { os, architecture } });
    const manifests = [entry("a", "linux", "amd64"), entry("b", "linux", "arm64"), entry("c", "unknown", "unknown")];
    const config = (os: string, architecture: string) => JSON.stringify({ os, architecture });
    const opened = await serve({
      "/v2/image/manifests/sha256:index": JSON.stringify({ manifests }),
      ...Object.fromEntries(
        ["a", "b", "c"].map((name) => [`/v2/image/manifests/${name}`, `{"config":{"digest":"${name}"},"layers":[]}`]),
      ),
      "/v2/image/blobs/a": config("linux", "amd64"),
      "/v2/image/blobs/b": config("linux", "arm64"),
      "/v2/image/blobs/c": config("unknown", "unknown"),
    });
    server = opened.server;
    const repository = `${opened.url.replace("http://", "")}/image`;
    assert.deepEqual(await readSubject("python", new RepositoryClient(repository), "sha256:index"), {
      language: "python",
      ...{ repository, digest: "sha256:index" },
      platforms: { "linux/amd64": "a", "linux/arm64": "b" },
    });
  });
});
