import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

import { type Comparison, compareImages } from "../../../../commands/verify/compare";
import { type Entry, ImageStore, type Variant, baseLayer, changeEntry, epoch, tar } from "../../../helpers/imageStore";
import { digestOf } from "../../../helpers/repositoryWriter";

const store = new ImageStore();
const both = ["linux/amd64", "linux/arm64"];

function compare(served: string, rebuilt: string, platforms = ["linux/amd64"]): Promise<Comparison[]> {
  return compareImages({ source: store, digest: served }, { source: store, digest: rebuilt }, platforms);
}

/** What differs between two images, without the likely causes. */
async function differences(served: Variant, rebuilt: Variant): Promise<string[]> {
  const [comparison] = await compare(await store.image(served), await store.image(rebuilt));
  return comparison!.differences.filter((line) => !line.startsWith("likely cause: "));
}

const image = "layer 1 of 1 (RUN step 1)";
const sum = (text: string) => `${digestOf(Buffer.from(text)).slice(0, 19)}…`;

describe("a difference between configs", () => {
  const history = [{ created_by: "RUN b" }];
  const cases: [Variant, string][] = [
    [{ config: { Labels: {} } }, "label org.opencontainers.image.version: 3.66.0 → none"],
    [{ config: { Env: ["A=2"] } }, "variable A: 1 → 2"],
    // A duplicate: runtimes differ on which value wins.
    [{ config: { Env: ["A=1", "A="] } }, "variable A: 1 → 1, then "],
    [{ config: { Env: [`A=${"x".repeat(500)}`] } }, `variable A: 1 → ${"x".repeat(160)}…`],
    [{ config: { User: "root" } }, "User: spacelift → root"],
    [{ config: { Entrypoint: ["/bin/sh"] } }, 'Entrypoint: none → ["/bin/sh"]'],
    [{ others: { created: "2026-10-05T00:00:00Z" } }, "created: none → 2026-10-05T00:00:00Z"],
    [{ others: { history } }, "step 1: RUN step 1 # buildkit (undefined) → RUN b (undefined)"],
  ];
  for (const [rebuilt, line] of cases) {
    it(`is reported: ${line}`, async () => assert.deepEqual(await differences({}, rebuilt), [line]));
  }

  it("is reported: the number of layers", async () => {
    const diffIds = [digestOf(await tar(baseLayer)), "sha256:2"];
    assert.deepEqual(await differences({}, { diffIds }), ["layers: 1 → 2"]);
  });
});

describe("a difference between files", () => {
  const passwd = (change: Partial<Entry>) => changeEntry("etc/passwd", change);
  const tool = (change: Partial<Entry>) => changeEntry("usr/bin/tool", change);
  const more = (...names: string[]) => [...baseLayer, ...names.map((name) => ({ name }))];
  const pax = { "SCHILY.xattr.security.capability": "caps" };
  const seconds = epoch.getTime() / 1000;
  const root = `5 bytes, ${sum("root\n")}`;
  const cases: [readonly Entry[], string][] = [
    [passwd({ text: "root\nme\n" }), `etc/passwd: content ${root} → 8 bytes, ${sum("root\nme\n")}`],
    [tool({ mode: 0o4755 }), "usr/bin/tool: mode 0755 → 4755"],
    [passwd({ uid: 1983, gid: 7 }), "etc/passwd: owner 0:0 → 1983:7"],
    [passwd({ mtime: new Date(0) }), "etc/passwd: time 2026-10-05T00:00:00Z → 1970-01-01T00:00:00Z"],
    [passwd({ pax: { mtime: `${seconds}.25` } }), "etc/passwd: time 2026-10-05T00:00:00Z → 2026-10-05T00:00:00.25Z"],
    [changeEntry("usr/bin/alias", { linkname: "other" }), "usr/bin/alias: link tool → other"],
    [passwd({ type: "fifo", text: "" }), `etc/passwd: type file → fifo; content ${root} → none`],
    [tool({ pax }), 'usr/bin/tool: attributes none → security.capability="caps"'],
    [more("new"), "new: only in the rebuild"],
    [baseLayer.filter(({ name }) => name !== "usr/bin/tool"), "usr/bin/tool: only in the registry"],
    [baseLayer.slice(0, -1), "opt/.wh.gone: only in the registry (removes opt/gone of a lower layer)"],
    [more("a/.wh..wh..opq"), "a/.wh..wh..opq: only in the rebuild (hides what lower layers have in a/)"],
  ];
  for (const [entries, line] of cases) {
    it(`is reported: ${line}`, async () =>
      assert.deepEqual(await differences({}, { layers: [entries] }), [`${image}: 1 file differs`, `  ${line}`]));
  }

  it("is reported for ten files, and the rest is counted", async () => {
    const names = [...Array(25).keys()].map((index) => `file-${index}`);
    const lines = await differences({}, { layers: [more(...names)] });
    assert.deepEqual(lines.slice(0, 2), [`${image}: 25 files differ`, "  file-0: only in the rebuild"]);
    assert.deepEqual(lines.slice(11), ["  … and 15 more"]);
  });
});

describe("a difference between layers", () => {
  const changed = { layers: [changeEntry("usr/bin/tool", { mode: 0o4755 })] };
  const other = [{ name: "other", text: "the same" }];
  const withHistory = (...history: object[]): Variant => ({ others: { history } });
  const skipped = { created_by: "ENV A=1", empty_layer: true };
  const copied = { created_by: "COPY /tree/\n  / # buildkit" };
  const more = { layers: [baseLayer, other] };
  const above = (layer: readonly Entry[]) => ({ layers: [other, layer] });
  const faster = (archive: Buffer) => gzipSync(archive, { level: 1 });
  const sameFiles = `${image}: the same files, in another order, tar format or compression`;
  const step2 = "layer 2 of 2 (RUN step 2)";
  const cases: [string, Variant, Variant, string][] = [
    ["names its step", above(baseLayer), above(changed.layers[0]!), `${step2}: 1 file differs`],
    ["names no step if the history does not match", withHistory({}, {}), changed, "layer 1 of 1: 1 file differs"],
    ["ignores empty steps", withHistory(skipped, copied), changed, "layer 1 of 1 (COPY /tree/ /): 1 file differs"],
    ["can be the order of its files", {}, { layers: [baseLayer.toReversed()] }, sameFiles],
    ["can be its compression", {}, { compress: faster }, sameFiles],
    ["can be that it is not rebuilt", more, {}, `${step2}: served → not rebuilt`],
    ["can be that it is not served", {}, more, "layer 2 of 2: not served → rebuilt"],
  ];
  for (const [name, served, rebuilt, line] of cases) {
    it(name, async () => assert.ok((await differences(served, rebuilt)).includes(line), line));
  }

  it("can be a diff id in the config that is not the layer's", async () => {
    const claim = digestOf(Buffer.from("a lie"));
    const line = `${image}: the config says ${claim}, but it is ${digestOf(await tar(baseLayer))}`;
    for (const compress of [gzipSync, faster]) {
      assert.deepEqual(await differences({ diffIds: [claim] }, { compress }), [line]);
    }
    assert.deepEqual(await differences({}, { diffIds: [claim] }), [line]);
  });
});

describe("compareImages", () => {
  const arm = (entries = baseLayer) => store.image({ architecture: "arm64", layers: [entries] });
  const attestation = () => store.image({ architecture: "unknown", layers: [], others: { os: "unknown" } });
  const [amd64Same, arm64Same] = both.map((platform) => [platform, 0]);
  /** The platforms, and how many differences each has. */
  const counts = (comparisons: readonly Comparison[]) =>
    comparisons.map(({ platform, differences: { length } }) => [platform, length]);

  it("reports differences of the config and of layers, then their likely causes", async () => {
    const digest = await store.image({ layers: [baseLayer, baseLayer] });
    const changed = { config: { User: "root" }, layers: [baseLayer, changeEntry("etc/passwd", { mode: 0o600 })] };
    const [comparison] = await compare(digest, await store.image(changed));
    const [last, ...lines] = comparison!.differences.toReversed();
    assert.deepEqual(lines.reverse(), [
      "User: spacelift → root",
      "layer 2 of 2 (RUN step 2): 1 file differs",
      "  etc/passwd: mode 0644 → 0600",
      "likely cause: another Dockerfile, catalogue or builder",
    ]);
    assert.match(last ?? "", /^likely cause: another toolchain/);
  });

  it("reports a manifest that is written differently", async () => {
    const digest = await store.image();
    const rebuilt = store.put({ ...(await store.manifest(digest)), mediaType: "docker" });
    const line = "the manifest or the config is written differently: media types, annotations or JSON";
    assert.deepEqual(await compare(digest, rebuilt), [{ platform: "linux/amd64", digest, differences: [line] }]);
  });

  it("compares platform by platform and skips attestations", async () => {
    const served = store.index(await store.image(), await arm(), await attestation());
    const rebuilt = store.index(await store.image(), await arm(changeEntry("etc/passwd", { mode: 0o600 })));
    assert.deepEqual(counts(await compare(served, rebuilt, both)), [amd64Same, ["linux/arm64", 3]]);
    assert.deepEqual(counts(await compare(served, await store.image())), [amd64Same]);
    const [, missing] = await compare(served, await store.image(), both);
    assert.deepEqual(missing?.differences, ["served → not rebuilt"]);
    const [, more] = await compare(await store.image(), served);
    assert.deepEqual(more, { platform: "linux/arm64", digest: "", differences: ["not served → rebuilt"] });
  });

  it("reports an index that differs although its images are identical", async () => {
    const [amd64, arm64] = [await store.image(), await arm()];
    const served = store.index(amd64, [await attestation(), "unknown"], arm64);
    const found = await compare(served, store.index(amd64, arm64), both);
    assert.deepEqual(counts(found), [amd64Same, arm64Same, ["index", 1]]);
    assert.match(found.at(-1)?.differences.join() ?? "", /other entries beside the images/);
  });

  it("refuses an index that lists an image under another platform, or a platform twice", async () => {
    const [amd64, arm64] = [await store.image(), await arm()];
    const hidden = await store.image({ architecture: "unknown", others: { os: "unknown" } });
    const other = await store.image({ config: { User: "root" } });
    const swapped = /sha256:\S+ lists sha256:\S+ for linux\/arm64, but its config says linux\/amd64/;
    for (const [served, sentence] of [
      [store.index([amd64, "arm64"], [arm64, "amd64"]), swapped],
      [store.index([hidden, "amd64"], amd64), /for linux\/amd64, .* unknown\/unknown/],
      [store.index(amd64, other), /lists two images for linux\/amd64/],
    ] as const) {
      await assert.rejects(compare(served, store.index(amd64, arm64)), sentence);
    }
  });
});
