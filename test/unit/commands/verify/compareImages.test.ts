import assert from "node:assert/strict";

import { type Comparison, compareImages } from "../../../../commands/verify/compareImages";
import { ImageStore, baseLayer, changeEntry } from "../../../helpers/imageStore";

const store = new ImageStore();
const both = ["linux/amd64", "linux/arm64"];

function compare(served: string, rebuilt: string, platforms = ["linux/amd64"]): Promise<Comparison[]> {
  return compareImages({ source: store, digest: served }, { source: store, digest: rebuilt }, platforms);
}

function results(comparisons: readonly Comparison[]): string[][] {
  return comparisons.map(({ platform, result }) => [platform, result]);
}

const attestation = () => store.image({ architecture: "unknown", layers: [], others: { os: "unknown" } });

describe("compareImages", () => {
  it("reports the same digest as identical", async () =>
    assert.deepEqual(await compare(await store.image(), await store.image()), [
      { platform: "linux/amd64", result: "identical", digest: await store.image(), details: [], causes: [] },
    ]));

  it("reports differences of the config and of layers, with their likely causes", async () => {
    const served = await store.image({ layers: [baseLayer, baseLayer] });
    const changed = { config: { User: "root" }, layers: [baseLayer, changeEntry("etc/passwd", { mode: 0o600 })] };
    const [comparison] = await compare(served, await store.image(changed));
    assert.equal(comparison?.result, "different");
    assert.deepEqual(comparison.details, [
      "User: spacelift → root",
      "layer 2 of 2 (RUN step 2): 1 file differs",
      "  etc/passwd: mode 0644 → 0600",
    ]);
    assert.equal(comparison.causes.length, 2);
    assert.match(comparison.causes.join("\n"), /^another Dockerfile.*\nanother toolchain/);
  });

  it("reports more diff ids than layers", async () => {
    const digest = await store.image();
    const { config } = (await store.manifest(digest))!;
    const { rootfs } = JSON.parse((await store.blob(config!.digest)).toString()) as { rootfs: { diff_ids: string[] } };
    const more = await store.image({ diffIds: [...rootfs.diff_ids, "sha256:2"] });
    const [comparison] = await compare(more, digest);
    assert.deepEqual([comparison?.result, ...(comparison?.details ?? [])], ["different", "layers: 2 → 1"]);
  });

  it("reports a manifest that is written differently", async () => {
    const digest = await store.image();
    const [comparison] = await compare(digest, store.put({ ...(await store.manifest(digest)), mediaType: "docker" }));
    assert.equal(comparison?.result, "different");
    assert.deepEqual(comparison.details, [
      "the manifest or the config is written differently: media types, annotations or JSON",
    ]);
  });

  it("compares platform by platform and skips attestations", async () => {
    const arm = (entries = baseLayer) => store.image({ architecture: "arm64", layers: [entries] });
    const served = store.index(await store.image(), await arm(), await attestation());
    const rebuilt = store.index(await store.image(), await arm(changeEntry("etc/passwd", { mode: 0o600 })));
    assert.deepEqual(results(await compare(served, rebuilt, both)), [
      ["linux/amd64", "identical"],
      ["linux/arm64", "different"],
    ]);
    assert.deepEqual(results(await compare(served, await store.image())), [["linux/amd64", "identical"]]);
    const [, missing] = await compare(served, await store.image(), both);
    assert.deepEqual(missing?.details, ["served → not rebuilt"]);
    const [, more] = await compare(await store.image(), served);
    assert.deepEqual([more?.platform, more?.result, more?.digest], ["linux/arm64", "different", ""]);
    assert.deepEqual(more?.details, ["not served → rebuilt"]);
  });

  it("reports an index that differs although its images are identical", async () => {
    const [amd64, arm64] = [await store.image(), await store.image({ architecture: "arm64" })];
    const served = store.index(amd64, [await attestation(), "unknown"], arm64);
    const found = await compare(served, store.index(amd64, arm64), both);
    assert.deepEqual(results(found), [
      ["linux/amd64", "identical"],
      ["linux/arm64", "identical"],
      ["index", "different"],
    ]);
    assert.match(found.at(-1)?.details.join() ?? "", /other entries beside the images/);
  });

  it("refuses an index that lists an image under another platform", async () => {
    const [amd64, arm64] = [await store.image(), await store.image({ architecture: "arm64" })];
    const rebuilt = store.index(amd64, arm64);
    await assert.rejects(
      compare(store.index([amd64, "arm64"], [arm64, "amd64"]), rebuilt),
      /sha256:\S+ lists sha256:\S+ for linux\/arm64, but its config says linux\/amd64/,
    );
    const hidden = await store.image({ architecture: "unknown", others: { os: "unknown" } });
    await assert.rejects(
      compare(store.index([hidden, "amd64"], amd64), rebuilt),
      /for linux\/amd64, .* unknown\/unknown/,
    );
    const other = await store.image({ config: { User: "root" } });
    await assert.rejects(compare(store.index(amd64, other), rebuilt), /lists two images for linux\/amd64/);
  });
});
