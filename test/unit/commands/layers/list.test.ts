import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";

import { requireList, writeList } from "../../../../commands/layers/list";
import { useFiles } from "../../../helpers/folderOfFiles";
import { isFault } from "../../../helpers/isFault";

const origin = { commit: "c1", pulumiVersion: "3.66.0" };
const again =
  "Nothing was published. Run the job that wrote them again, which is arm64 on GitHub: the release then follows.";

describe("the list of layers", () => {
  const files = useFiles();
  let digest: string;

  beforeEach(async () => {
    files.write("yaml-arm64/index.json", "index");
    files.write("yaml-arm64/blobs/sha256/a", "layer");
    digest = await writeList(files.path(), { ...origin, platform: "linux/arm64" });
  });

  const refuses = (sentence: string, expected: string | undefined = digest, wanted = origin) =>
    assert.rejects(requireList(files.path(), expected, wanted), isFault(sentence));
  const incomplete = (name: string) =>
    `The layers in ${files.path()} are incomplete: ${name} is missing or truncated. ${again}`;
  const exchanged = () =>
    `The layers in ${files.path()} were exchanged: they are not those whose list has the SHA-256 ${digest}. ${again}`;

  it("accepts the layers that were written, and names their platform", async () => {
    const list = await requireList(files.path(), digest, origin);
    assert.equal(list?.platform, "linux/arm64");
    assert.deepEqual(
      list.files.map(({ path }) => path),
      ["yaml-arm64/blobs/sha256/a", "yaml-arm64/index.json"],
    );
  });

  it("is another one for another commit, version, platform or file", async () => {
    const others = [{ commit: "c2" }, { pulumiVersion: "3.64.0" }, { platform: "linux/amd64" as const }, {}];
    files.write("yaml-arm64/index.json", "other");
    const base = { ...origin, platform: "linux/arm64" as const };
    const digests = await Promise.all(others.map((change) => writeList(files.path(), { ...base, ...change })));
    assert.equal(new Set([digest, ...digests]).size, 5);
  });

  it("refuses missing layers", async () => {
    rmSync(files.path("yaml-arm64"), { recursive: true });
    await refuses(`The layers of the other platform are missing: ${files.path()} is empty. ${again}`);
  });

  it("refuses layers of another commit or version", async () => {
    const folder = files.path();
    const of = (what: string, is: string, wanted: string) =>
      `The layers in ${folder} are of ${what} ${is}, and this release is of ${what} ${wanted}. ${again}`;
    await refuses(of("commit", "c1", "c2"), digest, { ...origin, commit: "c2" });
    await refuses(of("Pulumi", "3.66.0", "3.64.0"), digest, { ...origin, pulumiVersion: "3.64.0" });
  });

  it("refuses truncated layers", async () => {
    files.write("yaml-arm64/blobs/sha256/a", "lay");
    await refuses(incomplete("yaml-arm64/blobs/sha256/a"));
    rmSync(files.path("yaml-arm64/index.json"));
    await refuses(incomplete("yaml-arm64/blobs/sha256/a and 1 more"));
    writeFileSync(files.path("layers.json"), "{");
    await refuses(incomplete("layers.json"));
  });

  it("refuses a layer that was exchanged, even with the list", async () => {
    files.write("yaml-arm64/blobs/sha256/a", "LAYER");
    await refuses(exchanged());
    await writeList(files.path(), { ...origin, platform: "linux/arm64" });
    await refuses(exchanged());
  });

  it("refuses a file that is not in it", async () => {
    files.write("python-arm64/index.json", "index");
    await refuses(exchanged());
  });

  it("refuses layers that no job of the run wrote, and accepts that there are none", async () => {
    const remedy = "Remove the folder, or set LAYERS to the output of the job that wrote it.";
    const sentence = `${files.path()} contains layers, but no job of this run wrote any. Nothing was published. ${remedy}`;
    await assert.rejects(requireList(files.path(), undefined, origin), isFault(sentence));
    assert.equal(await requireList(files.path("none"), undefined, origin), undefined);
  });
});
