import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { downloadLayer, readLayer } from "../../../../commands/verify/layer";
import { ImageStore, baseLayer, tar } from "../../../helpers/imageStore";
import { isFault } from "../../../helpers/isFault";
import { digestOf } from "../../../helpers/repositoryWriter";

describe("readLayer", () => {
  it("reads all members of a gzip file", async () => {
    const archive = await tar(baseLayer);
    const [first, second] = [archive.subarray(0, 700), archive.subarray(700)];
    const { diffId, files } = await readLayer(Buffer.concat([gzipSync(first), gzipSync(second)]));
    assert.equal(diffId, digestOf(archive));
    assert.deepEqual([...files.keys()], ["etc", "etc/passwd", "usr/bin/tool", "usr/bin/alias", "opt/.wh.gone"]);
  });
});

describe("downloadLayer", () => {
  const remedy = "Re-release the tag\\.";
  const corrupt = `The registry returned sha256:\\S+ for sha256:\\S+: .* corrupt\\. ${remedy}`;
  for (const [name, compress, sentence] of [
    ["that has another digest", undefined, corrupt],
    ["that is truncated", (archive: Buffer) => gzipSync(archive).subarray(0, 60), `.*unexpected end.* ${remedy}`],
    ["in zstd", zstdCompressSync, `.*incorrect header.* ${remedy}`],
    ["without compression", (archive: Buffer) => archive, `.*incorrect header.* ${remedy}`],
  ] as const) {
    it(`refuses a layer ${name}`, async () => {
      const store = new ImageStore();
      const digest = await store.image(compress === undefined ? {} : { compress });
      const layer = (await store.manifest(digest))!.layers![0]!.digest;
      if (compress === undefined) store.corrupt(layer);
      const prefix = compress === undefined ? "" : `${layer} is not a layer in gzip, as releases write it: `;
      await assert.rejects(downloadLayer(store, layer), isFault(new RegExp(`^${prefix}${sentence}$`, "i")));
    });
  }
});
