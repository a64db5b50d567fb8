import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

import { downloadLayer, readLayer } from "../../../../commands/verify/layer";
import { Fault } from "../../../../lib/errors";
import { ImageStore, type Variant, baseLayer, tar } from "../../../helpers/imageStore";
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
  const store = new ImageStore();

  async function digestOfLayer(variant: Variant): Promise<string> {
    const { layers = [] } = (await store.manifest(await store.image(variant))) ?? {};
    return layers[0]?.digest ?? "";
  }

  const refused = (digest: string, sentence: RegExp) =>
    assert.rejects(
      downloadLayer(store, digest),
      (error: Error) => error instanceof Fault && sentence.test(error.message),
    );

  it("refuses a blob that has another digest", async () => {
    const digest = await digestOfLayer({ layers: [[{ name: "corrupted" }]] });
    store.corrupt(digest);
    await refused(digest, /^The registry returned sha256:\S+ for sha256:\S+: its storage is corrupt\. Release/);
  });

  it("refuses a truncated layer", async () => {
    const digest = await digestOfLayer({ compress: (archive) => gzipSync(archive).subarray(0, 60) });
    await refused(digest, /^sha256:\S+ is not a layer in gzip, .*unexpected end/i);
  });

  it("refuses a layer without compression", async () => {
    const digest = await digestOfLayer({ compress: (archive) => archive });
    await refused(digest, /^sha256:\S+ is not a layer in gzip, .*incorrect header/i);
  });
});
