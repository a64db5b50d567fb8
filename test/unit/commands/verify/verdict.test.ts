import assert from "node:assert/strict";

import type { ImageReference } from "../../../../commands/verify/compareImages";
import { requireImageTag } from "../../../../commands/verify/imageTag";
import type { RebuildTarget } from "../../../../commands/verify/rebuildTargets";
import { judge } from "../../../../commands/verify/verdict";
import { catalogue } from "../../../../images/catalogue";
import { ImageStore } from "../../../helpers/imageStore";

const [language] = catalogue;
const store = new ImageStore();

async function target(version = "3.66.0"): Promise<RebuildTarget> {
  const [digest, source] = [await store.image(), store];
  return { language: language!, tag: "v3.66.0", version, platforms: ["linux/amd64"], digest, source };
}

function rebuiltAs(digest: string): () => Promise<ReadonlyMap<string, ImageReference>> {
  return () => Promise.resolve(new Map([[language!.name, { source: store, digest }]]));
}

describe("judge", () => {
  it("accepts an identical rebuild", async () => {
    const image = await target();
    const { identical, lines } = await judge(requireImageTag("v3.66.0"), [image], rebuiltAs(image.digest));
    assert.equal(identical, true);
    assert.deepEqual(
      lines.map((line) => line.split(/ +/)),
      [
        ["language", "platform", "result", "digest"],
        [language!.name, "linux/amd64", "identical", image.digest],
      ],
    );
  });

  it("lists the differences of a rebuild and their causes", async () => {
    const other = await store.image({ config: { User: "root" } });
    const { identical, lines } = await judge(requireImageTag("v3.66.0"), [await target()], rebuiltAs(other));
    assert.equal(identical, false);
    assert.deepEqual(lines.slice(2), [
      "",
      `${language!.name} linux/amd64, served → rebuilt:`,
      "  User: spacelift → root",
      "  likely cause: another Dockerfile, catalogue or builder",
    ]);
  });

  it("does not accept an index that differs although its images are identical", async () => {
    const image = await target();
    const served = { ...image, digest: store.index(image.digest) };
    const { identical, lines } = await judge(requireImageTag("v3.66.0"), [served], rebuiltAs(image.digest));
    assert.equal(identical, false);
    assert.match(lines.join("\n"), /^\S+ +index +different +sha256:/m);
  });

  it("reports a tag that serves another version first", async () => {
    const image = await target("3.64.0");
    const { identical, lines } = await judge(requireImageTag("v3.66.0"), [image], rebuiltAs(image.digest));
    assert.equal(identical, false);
    assert.match(lines[0] ?? "", /: v3\.66\.0 should be Pulumi 3\.66\.0, but label \S+\.version says 3\.64\.0\.$/);
    assert.equal((await judge(requireImageTag("latest"), [image], rebuiltAs(image.digest))).identical, true);
  });
});
