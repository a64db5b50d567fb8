import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { type Header, pack } from "tar-stream";

import { Clone } from "../../../lib/git";
import type { ImageSource } from "../../../lib/oci/image";
import { type Comparison, compareImages } from "../../../commands/verify/compare";
import { readLayer } from "../../../commands/verify/layer";
import { askedTag } from "../../../commands/verify/published";
import { declareRebuild } from "../../../commands/verify/rebuild";
import { changedSources } from "../../../commands/verify/verify";
import { catalogue } from "../../../images/catalogue";
import type { Manifest } from "../../../lib/oci/repositoryClient";
import { verifyTag } from "../../../local/verify";
import { bytesOf } from "../../helpers/layers";
import { Recorder } from "../../helpers/mocks";
import { git } from "../../helpers/scratchRepository";

type Entry = Partial<Header> & { readonly name: string; readonly text?: string };

const epoch = new Date("2026-10-05T00:00:00Z");
const base: Entry[] = [
  { name: "etc/", type: "directory", mode: 0o755 },
  { name: "etc/passwd", text: "root\n" },
  { name: "usr/bin/tool", text: "#!/bin/sh\n", mode: 0o755 },
  { name: "usr/bin/alias", type: "symlink", linkname: "tool" },
  { name: "opt/.wh.gone" },
];

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { text = "", ...header } of entries) archive.entry({ mtime: epoch, ...header }, text);
  archive.finalize();
  return bytesOf(archive as AsyncIterable<Buffer>);
}

function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A registry in memory. */
class Store implements ImageSource {
  private readonly blobs = new Map<string, Buffer>();

  put(bytes: Buffer | string): { digest: string; size: number } {
    this.blobs.set(digestOf(bytes), Buffer.from(bytes));
    return { digest: digestOf(bytes), size: bytes.length };
  }

  blob(digest: string): Promise<Buffer> {
    return Promise.resolve(this.blobs.get(digest) ?? Buffer.from("nothing"));
  }

  manifest(digest: string): Promise<Manifest | undefined> {
    const bytes = this.blobs.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Manifest));
  }

  /** Replaces a blob behind its digest. */
  corrupt(digest: string): void {
    this.blobs.set(digest, Buffer.from("something else"));
  }
}

interface Variant {
  readonly layers?: readonly (readonly Entry[])[];
  readonly compress?: (archive: Buffer) => Buffer;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly others?: Readonly<Record<string, unknown>>;
  readonly diffIds?: readonly string[];
  readonly architecture?: string;
}

const store = new Store();

/** Puts an image into the store. Gives its digest. */
async function image({ layers = [base], compress = gzipSync, config = {}, ...rest }: Variant = {}): Promise<string> {
  const archives = await Promise.all(layers.map(tar));
  const text = JSON.stringify({
    os: "linux",
    architecture: rest.architecture ?? "amd64",
    config: { Labels: { "org.opencontainers.image.version": "3.66.0" }, User: "spacelift", Env: ["A=1"], ...config },
    rootfs: { type: "layers", diff_ids: rest.diffIds ?? archives.map(digestOf) },
    history: layers.map((_, index) => ({ created_by: `RUN step ${index + 1} # buildkit` })),
    ...rest.others,
  });
  const manifest = { config: store.put(text), layers: archives.map((archive) => store.put(compress(archive))) };
  return store.put(JSON.stringify(manifest)).digest;
}

/** An index of images, each with the architecture that the index claims it to be for, if it claims one. */
function index(...entries: (string | [digest: string, architecture: string])[]): string {
  const manifests = entries.map((entry) => {
    if (typeof entry === "string") return { digest: entry };
    return { digest: entry[0], platform: { os: entry[1] === "unknown" ? "unknown" : "linux", architecture: entry[1] } };
  });
  return store.put(JSON.stringify({ manifests })).digest;
}

function compare(served: string, rebuilt: string, platforms = ["linux/amd64"]): Promise<Comparison[]> {
  return compareImages({ source: store, digest: served }, { source: store, digest: rebuilt }, platforms);
}

/** The base layer with one of its entries changed. */
function changed(name: string, change: Partial<Entry>): Entry[] {
  assert.ok(base.some((entry) => entry.name === name));
  return base.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
}

describe("the comparison of images", () => {
  async function only(served: Variant, rebuilt: Variant): Promise<Comparison> {
    const [comparison, ...others] = await compare(await image(served), await image(rebuilt));
    assert.ok(comparison !== undefined);
    assert.deepEqual(others, []);
    return comparison;
  }

  it("finds the same digest identical", async () => {
    assert.deepEqual(await compare(await image(), await image()), [
      { platform: "linux/amd64", result: "identical", digest: await image(), details: [], causes: [] },
    ]);
  });

  const compressions: [string, (archive: Buffer) => Buffer, RegExp][] = [
    ["zstd", zstdCompressSync, /layer 1 of 1 \(RUN step 1\): identical content, other compression \(gzip → zstd\)/],
    ["none", (archive) => archive, /other compression \(gzip → none\)/],
    ["another gzip", (archive) => gzipSync(archive, { level: 1 }), /\(gzip → gzip, by another compressor\)/],
  ];
  for (const [name, compress, sentence] of compressions) {
    it(`finds identical content in other compression: ${name}`, async () => {
      const many = [...base, { name: "big", text: "0123456789abcdef".repeat(10_000) }];
      const { result, details, causes } = await only({ layers: [many] }, { layers: [many], compress });
      assert.equal(result, "identical content");
      assert.match(details.join("\n"), sentence);
      assert.deepEqual(causes, []);
    });
  }

  const pax = { "SCHILY.xattr.security.capability": "caps" };
  const fileChanges: [string, Entry[], RegExp][] = [
    [
      "content",
      changed("etc/passwd", { text: "root\nme\n" }),
      /etc\/passwd: content 5 bytes, sha256:[0-9a-f]{12}… → 8 bytes, sha256:/,
    ],
    ["the mode", changed("usr/bin/tool", { mode: 0o4755 }), /usr\/bin\/tool: mode 0755 → 4755/],
    ["the owner", changed("etc/passwd", { uid: 1983, gid: 7 }), /etc\/passwd: owner 0:0 → 1983:7/],
    [
      "the time",
      changed("etc/passwd", { mtime: new Date(0) }),
      /etc\/passwd: time 2026-10-05T00:00:00Z → 1970-01-01T00:00:00Z/,
    ],
    [
      "a part of a second",
      changed("etc/passwd", { pax: { mtime: `${epoch.getTime() / 1000}.25` } }),
      /etc\/passwd: time 2026-10-05T00:00:00Z → 2026-10-05T00:00:00\.25Z/,
    ],
    ["a link", changed("usr/bin/alias", { linkname: "other" }), /usr\/bin\/alias: link tool → other/],
    ["the type", changed("etc/passwd", { type: "fifo", text: "" }), /etc\/passwd: type file → fifo/],
    ["attributes", changed("usr/bin/tool", { pax }), /attributes none → security\.capability="caps"/],
    ["a file more", [...base, { name: "new", text: "" }], /new: only in the rebuild$/m],
    ["a file less", base.slice(0, -3), /usr\/bin\/tool: only in the registry$/m],
    [
      "a whiteout less",
      base.slice(0, -1),
      /opt\/\.wh\.gone: only in the registry \(removes opt\/gone of a lower layer\)/,
    ],
    [
      "an opaque folder",
      [...base, { name: "opt/x/.wh..wh..opq" }],
      /only in the rebuild \(hides what lower layers have in opt\/x\/\)/,
    ],
    ["the order", [...base].reverse(), /the same files, in another order or another form of tar/],
  ];
  for (const [name, entries, sentence] of fileChanges) {
    it(`names a file by ${name}, in the layer that has it`, async () => {
      const other = [{ name: "other", text: "the same" }];
      const { result, details } = await only(
        { layers: [other, base] },
        { layers: [other, entries], compress: zstdCompressSync },
      );
      assert.equal(result, "different");
      const [first = "", ...rest] = details;
      assert.match(first, /^layer 1 of 2 \(RUN step 1\): identical content, other compression \(gzip → zstd\)$/);
      assert.match(rest.join("\n"), /^layer 2 of 2 \(RUN step 2\): /);
      assert.match(rest.join("\n"), sentence);
    });
  }

  it("names ten files of a layer and counts the rest", async () => {
    const more = Array.from({ length: 25 }, (_, index) => ({ name: `file-${index}` }));
    const { details } = await only({}, { layers: [[...base, ...more]] });
    assert.equal(details.length, 12);
    assert.match(details[0] ?? "", /25 files differ/);
    assert.equal(details.at(-1), "  … and 15 more");
  });

  const configChanges: [string, Variant, RegExp][] = [
    ["a label", { config: { Labels: {} } }, /^label org\.opencontainers\.image\.version: 3\.66\.0 → none$/],
    ["a variable", { config: { Env: ["A=2"] } }, /^variable A: 1 → 2$/],
    ["the user", { config: { User: "root" } }, /^User: spacelift → root$/],
    ["an entrypoint", { config: { Entrypoint: ["/bin/sh"] } }, /^Entrypoint: none → \["\/bin\/sh"\]$/],
    ["a creation time", { others: { created: "2026-10-05T00:00:00Z" } }, /^created: none → 2026-10-05T00:00:00Z$/],
    ["a step", { others: { history: [{ created_by: "RUN another" }] } }, /^step 1: RUN step 1 .* → RUN another/],
  ];
  for (const [name, variant, sentence] of configChanges) {
    it(`names ${name} of the config`, async () => {
      const { result, details, causes } = await only({}, variant);
      assert.equal(result, "different");
      assert.match(details.join("\n"), sentence);
      assert.match(causes.join("\n"), /another Dockerfile/);
    });
  }

  it("names the layers that only one image has", async () => {
    const { details } = await only({ layers: [base, [{ name: "x" }]] }, { layers: [base] });
    assert.match(details.join("\n"), /^layer 2 of 2 \(RUN step 2\): served → not rebuilt$/m);
    const more = await only({ layers: [base] }, { layers: [base, [{ name: "x" }]] });
    assert.match(more.details.join("\n"), /^layer 2 of 2: not served → rebuilt$/m);
  });

  it("does not believe what a config says of its layers", async () => {
    const claim = digestOf("a lie");
    const archive = digestOf(await tar(base));
    const sentence = `layer 1 of 1 (RUN step 1): its config says ${claim}, and it is ${archive}`;
    for (const compress of [gzipSync, zstdCompressSync]) {
      const { result, details } = await only({ diffIds: [claim] }, { compress });
      assert.equal(result, "different");
      assert.equal(details.join("\n"), sentence);
    }
    const more = await only({ diffIds: [archive, claim] }, {});
    assert.deepEqual([more.result, ...more.details], ["different", "layers: 2 → 1"]);
  });

  it("refuses a blob that is not what its digest names, and one that is no layer", async () => {
    const served = await image({ layers: [[{ name: "corrupted" }]] });
    const [layer] = (await store.manifest(served))?.layers ?? [];
    store.corrupt(layer?.digest ?? "");
    await assert.rejects(
      compare(served, await image()),
      /The registry gives sha256:\S+ for sha256:\S+: it has another/,
    );
    for (const compress of [gzipSync, zstdCompressSync]) {
      const broken = await image({ compress: (archive) => compress(archive).subarray(0, 60) });
      await assert.rejects(compare(broken, await image()), /sha256:\S+ cannot be read as a layer: .*unexpected end/i);
    }
  });

  it("tells another form of the manifest from another image", async () => {
    const digest = await image();
    const manifest = store.put(JSON.stringify({ ...(await store.manifest(digest)), mediaType: "docker" })).digest;
    const [comparison] = await compare(digest, manifest);
    assert.equal(comparison?.result, "identical content");
    assert.match(comparison.details.join(), /written in another form/);
  });

  it("compares platform by platform, without attestations", async () => {
    const arm = (layers: Entry[]) => image({ architecture: "arm64", layers: [layers] });
    const attestation = await image({ architecture: "unknown", layers: [], others: { os: "unknown" } });
    const served = index(await image(), await arm(base), attestation);
    const rebuilt = index(await image(), await arm(changed("etc/passwd", { mode: 0o600 })));
    const both = await compare(served, rebuilt, ["linux/amd64", "linux/arm64"]);
    assert.deepEqual(
      both.map(({ platform, result }) => [platform, result]),
      [
        ["linux/amd64", "identical"],
        ["linux/arm64", "different"],
      ],
    );
    const one = await compare(served, await image());
    assert.deepEqual(
      one.map(({ platform, result }) => [platform, result]),
      [["linux/amd64", "identical"]],
    );
    const [, missing] = await compare(served, await image(), ["linux/amd64", "linux/arm64"]);
    assert.deepEqual(missing?.details, ["served → not rebuilt"]);
    const [, more] = await compare(await image(), served);
    assert.deepEqual([more?.platform, more?.result, more?.digest], ["linux/arm64", "different", ""]);
  });

  it("finds an index another one where its images are the same", async () => {
    const [amd64, arm64] = [await image(), await image({ architecture: "arm64" })];
    const attestation = await image({ architecture: "unknown", layers: [], others: { os: "unknown" } });
    const platforms = ["linux/amd64", "linux/arm64"];
    const found = await compare(index(amd64, [attestation, "unknown"], arm64), index(amd64, arm64), platforms);
    assert.deepEqual(
      found.map(({ platform, result }) => [platform, result]),
      [
        ["linux/amd64", "identical"],
        ["linux/arm64", "identical"],
        ["index", "identical content"],
      ],
    );
    assert.match(found.at(-1)?.details.join() ?? "", /other entries beside the images/);
  });

  it("refuses an index that leads a platform to an image which is not its own", async () => {
    const [amd64, arm64] = [await image(), await image({ architecture: "arm64" })];
    const rebuilt = index(amd64, arm64);
    const swapped = index([amd64, "arm64"], [arm64, "amd64"]);
    await assert.rejects(
      compare(swapped, rebuilt),
      /sha256:\S+ names sha256:\S+ for linux\/arm64, and its own config says linux\/amd64/,
    );
    const hidden = await image({ architecture: "unknown", others: { os: "unknown" } });
    await assert.rejects(
      compare(index([hidden, "amd64"], amd64), rebuilt),
      /for linux\/amd64, and .* unknown\/unknown/,
    );
    const other = await image({ config: { User: "root" } });
    await assert.rejects(compare(index(amd64, other), rebuilt), /names two images for linux\/amd64/);
  });

  it("sees a variable that stands there twice", async () => {
    const { result, details } = await only(
      { config: { Env: ["LD_PRELOAD=/x.so", "LD_PRELOAD="] } },
      { config: { Env: ["LD_PRELOAD="] } },
    );
    assert.deepEqual([result, ...details], ["different", "variable LD_PRELOAD: /x.so, then  → "]);
  });

  it("looks into the layers on a base of the same content by another name", async () => {
    const pulumi = (text: string) => [base, [{ name: "usr/local/bin/pulumi", text }]];
    const labels = (name: string) => ({ Labels: { "org.opencontainers.image.base.name": name } });
    const { causes } = await only(
      { config: labels("debian"), layers: pulumi("one") },
      { config: labels("localhost:5000/debian"), layers: pulumi("another") },
    );
    assert.match(causes.join("\n"), /^the same base under another name .*\nPulumi's archive: .*$/);
  });

  const causes: [string, Variant, RegExp][] = [
    [
      "another base",
      { config: { Labels: { "org.opencontainers.image.base.digest": "sha256:1" } }, layers: [[]] },
      /^another base image: /,
    ],
    ["times", { layers: [base.map((entry) => ({ ...entry, mtime: new Date(0) }))] }, /^times alone: /],
    ["Debian's packages", { layers: [[...base, { name: "var/lib/dpkg/status" }]] }, /^Debian's packages: /],
    ["Pulumi's archive", { layers: [[...base, { name: "usr/local/bin/pulumi-x" }]] }, /^Pulumi's archive: /],
    ["the toolchain", { layers: [[...base, { name: "usr/local/go/VERSION" }]] }, /^the toolchain: /],
    ["another builder", { layers: [base.toReversed()] }, /^another version of BuildKit wrote the archive$/],
    ["another image", { layers: [[...base, { name: "opt/backdoor" }]] }, /^another image was pushed under the tag/],
  ];
  for (const [name, variant, sentence] of causes) {
    it(`tells the likely cause: ${name}`, async () => {
      const found = await only({}, variant);
      assert.equal(found.causes.length, 1);
      assert.match(found.causes.join("\n"), sentence);
    });
  }
});

describe("a layer", () => {
  it("is read to its end, in whatever frames it was compressed", async () => {
    const archive = await tar(base);
    const [first, second] = [archive.subarray(0, 700), archive.subarray(700)];
    for (const compress of [gzipSync, zstdCompressSync]) {
      const { diffId, files } = await readLayer(Buffer.concat([compress(first), compress(second)]));
      assert.equal(diffId, digestOf(archive));
      assert.deepEqual([...files.keys()], ["etc", "etc/passwd", "usr/bin/tool", "usr/bin/alias", "opt/.wh.gone"]);
    }
  });
});

describe("make verify", () => {
  it("tells which sources of the images are another than at the tag", async () => {
    const folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
    const clone = new Clone(folder);
    try {
      mkdirSync(join(folder, "dockerfiles"));
      writeFileSync(join(folder, "dockerfiles", "base.Dockerfile"), "FROM scratch\n");
      await git(folder, "init", "--quiet");
      await git(folder, "add", ".");
      await git(folder, "commit", "--quiet", "--message=Start");
      await git(folder, "tag", "v3.66.0");
      assert.equal(await changedSources(clone, "v3.66.0"), undefined);
      assert.match((await changedSources(clone, "v3.64.0")) ?? "", /^This checkout has no tag v3\.64\.0: /);
      writeFileSync(join(folder, "dockerfiles", "base.Dockerfile"), "FROM debian\n");
      const sentence =
        /^This checkout is not what v3\.66\.0 \([0-9a-f]{12}\) .*: dockerfiles\/base\.Dockerfile differ\. Check/;
      assert.match((await changedSources(clone, "v3.66.0")) ?? "", sentence);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("rebuilds what is published, without any cache, whatever the builder has", async () => {
    const recorder = new Recorder();
    await recorder.install("rebuild");
    const [language] = catalogue;
    assert.ok(language !== undefined);
    const image = {
      ...{ language, tag: "v3.66.0", version: "3.66.0", platforms: ["linux/amd64"] as const },
      ...{ digest: "sha256:1", source: new Store() },
    };
    const release = { version: "3.66.0", url: "https://example.com", sha256: { "linux/amd64": "1" } };
    const digest = declareRebuild(image, release, {
      ...{ folder: "/none", env: {}, builder: "any", registry: "localhost:5000/verify", bases: {} },
      ...{ pulumiReleases: release.url, signatures: "off" as const, debianSnapshots: "" },
    });
    assert.equal(await new Promise((resolve) => digest.apply(resolve)), `sha256:${language.name}-image`);
    const [[, { inputs }] = ["", { inputs: undefined }], ...others] = recorder.ofType("docker-build:index:Image");
    assert.equal(others.length, 0);
    assert.equal(inputs.noCache, true);
    assert.equal(inputs.target, "runner");
    assert.deepEqual(inputs.tags, [`localhost:5000/verify/runner-pulumi-${language.name}:v3.66.0`]);
  });

  it("takes every published tag", () => {
    assert.deepEqual(askedTag("v3.66.0"), { tag: "v3.66.0", version: "3.66.0", stack: "prod" });
    assert.deepEqual(askedTag("dev-v3.66.0"), { tag: "dev-v3.66.0", version: "3.66.0", stack: "dev" });
    assert.deepEqual(askedTag("latest-v3.66.0"), { tag: "latest", version: "3.66.0", stack: "prod" });
    assert.deepEqual(askedTag("latest"), { tag: "latest", version: undefined, stack: "prod" });
  });

  it("says what cannot be verified, before anything is set up", async () => {
    await assert.rejects(verifyTag("3.66.0", catalogue), /"3\.66\.0" is not a release tag\. Give .*, or latest\.$/);
    const { STACK } = process.env;
    process.env["STACK"] = "dev";
    try {
      await assert.rejects(verifyTag("v3.66.0", catalogue), /STACK "dev" does not publish that tag: stack prod does/);
    } finally {
      if (STACK === undefined) delete process.env["STACK"];
      else process.env["STACK"] = STACK;
    }
  });
});
