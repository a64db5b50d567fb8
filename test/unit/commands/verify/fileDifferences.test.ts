import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

import { describeFiles, fileDifferences } from "../../../../commands/verify/fileDifferences";
import { readLayer } from "../../../../commands/verify/layer";
import { type Entry, baseLayer, changeEntry, epoch, tar } from "../../../helpers/imageStore";

async function compare(served: readonly Entry[], rebuilt: readonly Entry[]) {
  const [ours, theirs] = await Promise.all(
    [served, rebuilt].map(async (entries) => (await readLayer(gzipSync(await tar(entries)))).files),
  );
  return fileDifferences(ours!, theirs!);
}

const pax = { "SCHILY.xattr.security.capability": "caps" };
const cases: [string, readonly Entry[], RegExp][] = [
  [
    "its content",
    changeEntry("etc/passwd", { text: "root\nme\n" }),
    /^etc\/passwd: content 5 bytes, sha256:[0-9a-f]{12}… → 8 bytes, sha256:[0-9a-f]{12}…$/,
  ],
  ["its mode", changeEntry("usr/bin/tool", { mode: 0o4755 }), /^usr\/bin\/tool: mode 0755 → 4755$/],
  ["its owner", changeEntry("etc/passwd", { uid: 1983, gid: 7 }), /^etc\/passwd: owner 0:0 → 1983:7$/],
  [
    "its time",
    changeEntry("etc/passwd", { mtime: new Date(0) }),
    /^etc\/passwd: time 2026-10-05T00:00:00Z → 1970-01-01T00:00:00Z$/,
  ],
  [
    "a fraction of a second",
    changeEntry("etc/passwd", { pax: { mtime: `${epoch.getTime() / 1000}.25` } }),
    /^etc\/passwd: time 2026-10-05T00:00:00Z → 2026-10-05T00:00:00\.25Z$/,
  ],
  ["its link", changeEntry("usr/bin/alias", { linkname: "other" }), /^usr\/bin\/alias: link tool → other$/],
  ["its type", changeEntry("etc/passwd", { type: "fifo", text: "" }), /^etc\/passwd: type file → fifo/],
  [
    "its attributes",
    changeEntry("usr/bin/tool", { pax }),
    /^usr\/bin\/tool: attributes none → security\.capability="caps"$/,
  ],
  ["being new", [...baseLayer, { name: "new", text: "" }], /^new: only in the rebuild$/],
  ["being gone", baseLayer.filter(({ name }) => name !== "usr/bin/tool"), /^usr\/bin\/tool: only in the registry$/],
  [
    "being a whiteout",
    baseLayer.slice(0, -1),
    /^opt\/\.wh\.gone: only in the registry \(removes opt\/gone of a lower layer\)$/,
  ],
  [
    "being an opaque folder",
    [...baseLayer, { name: "opt/x/.wh..wh..opq" }],
    /^opt\/x\/\.wh\.\.wh\.\.opq: only in the rebuild \(hides what lower layers have in opt\/x\/\)$/,
  ],
];

describe("fileDifferences", () => {
  for (const [name, entries, sentence] of cases) {
    it(`reports a file that differs by ${name}`, async () => {
      const [difference, ...others] = await compare(baseLayer, entries);
      assert.deepEqual(others, []);
      assert.match(`${difference?.path}: ${difference?.description}`, sentence);
    });
  }

  it("ignores the order of files", async () => assert.deepEqual(await compare(baseLayer, baseLayer.toReversed()), []));
});

describe("describeFiles", () => {
  it("lists ten files and counts the rest", async () => {
    const more = Array.from({ length: 25 }, (_, index) => ({ name: `file-${index}` }));
    const lines = describeFiles(await compare(baseLayer, [...baseLayer, ...more]));
    assert.equal(lines.length, 11);
    assert.equal(lines[0], "  file-0: only in the rebuild");
    assert.equal(lines.at(-1), "  … and 15 more");
  });
});
