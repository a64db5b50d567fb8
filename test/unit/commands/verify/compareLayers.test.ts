import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { compareLayers } from "../../../../commands/verify/compareLayers";
import type { Finding } from "../../../../commands/verify/likelyCauses";
import { Fault } from "../../../../lib/errors";
import { readImages } from "../../../../lib/oci/image";
import { ImageStore, type Variant, baseLayer, changeEntry, tar } from "../../../helpers/imageStore";
import { digestOf } from "../../../helpers/repositoryWriter";

const store = new ImageStore();

async function compare(served: Variant, rebuilt: Variant): Promise<Finding[]> {
  const [ours, theirs] = await Promise.all([served, rebuilt].map(sideOf));
  return compareLayers(ours!, theirs!);
}

async function sideOf(variant: Variant) {
  const [image] = await readImages(store, await store.image(variant));
  return { source: store, image: image! };
}

async function linesOf(served: Variant, rebuilt: Variant): Promise<string[]> {
  return (await compare(served, rebuilt)).flatMap(({ lines }) => lines);
}

const changed = changeEntry("usr/bin/tool", { mode: 0o4755 });

describe("compareLayers", () => {
  it("finds no difference between equal layers", async () => assert.deepEqual(await compare({}, {}), []));

  it("names the layer, its step and its files that differ", async () => {
    const other = [{ name: "other", text: "the same" }];
    const found = await compare({ layers: [other, baseLayer] }, { layers: [other, changed] });
    assert.deepEqual(
      found.map((finding) => [finding.kind, "layer" in finding ? finding.layer : undefined, ...finding.lines]),
      [["files", 2, "layer 2 of 2 (RUN step 2): 1 file differs", "  usr/bin/tool: mode 0755 → 4755"]],
    );
  });

  it("names no step if the history does not match the layers", async () => {
    const history = [{ created_by: "RUN step 1" }, { created_by: "RUN step 2" }];
    const lines = await linesOf({ others: { history } }, { layers: [changed] });
    assert.equal(lines[0], "layer 1 of 1: 1 file differs");
  });

  it("ignores steps that create no layer", async () => {
    const history = [{ created_by: "ENV A=1", empty_layer: true }, { created_by: "COPY /tree/\n  / # buildkit" }];
    const lines = await linesOf({ others: { history } }, { layers: [changed] });
    assert.equal(lines[0], "layer 1 of 1 (COPY /tree/ /): 1 file differs");
  });

  const sameFiles: [string, Variant][] = [
    ["in another order", { layers: [baseLayer.toReversed()] }],
    ["compressed differently", { compress: (archive) => gzipSync(archive, { level: 1 }) }],
  ];
  for (const [name, variant] of sameFiles) {
    it(`reports the same files ${name}`, async () => {
      const many = [{ name: "big", text: "0123456789abcdef".repeat(10_000) }];
      const layers = [...(variant.layers ?? [baseLayer]), many];
      const lines = await linesOf({ layers: [baseLayer, many] }, { ...variant, layers });
      assert.match(
        lines.join("\n"),
        /^layer \d of 2 \(RUN step \d\): the same files, in another order, tar format or compression$/m,
      );
    });
  }

  it("names the layers that only one image has", async () => {
    const more = { layers: [baseLayer, [{ name: "x" }]] };
    assert.deepEqual(await linesOf(more, {}), ["layer 2 of 2 (RUN step 2): served → not rebuilt"]);
    assert.deepEqual(await linesOf({}, more), ["layer 2 of 2: not served → rebuilt"]);
  });

  it("reports a diff id in the config that is not the layer's", async () => {
    const claim = digestOf(Buffer.from("a lie"));
    const archive = digestOf(await tar(baseLayer));
    const line = `layer 1 of 1 (RUN step 1): the config says ${claim}, but it is ${archive}`;
    for (const compress of [gzipSync, (bytes: Buffer) => gzipSync(bytes, { level: 1 })]) {
      assert.deepEqual(await compare({ diffIds: [claim] }, { compress }), [{ kind: "layers", lines: [line] }]);
    }
    assert.deepEqual(await linesOf({}, { diffIds: [claim] }), [line]);
  });

  it("refuses a layer that is not in gzip", async () => {
    await assert.rejects(compare({ compress: zstdCompressSync }, {}), (error: Error) => {
      assert.ok(error instanceof Fault);
      assert.match(
        error.message,
        /^sha256:\S+ is not a layer in gzip, as releases write it: .*\. Release the tag again\.$/,
      );
      return true;
    });
  });
});
