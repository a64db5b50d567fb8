import assert from "node:assert/strict";

import { causeOfConfig, causeOfFiles, likelyCauses } from "../../../../commands/verify/causes";
import type { FileDifference } from "../../../../commands/verify/layer";
import { baseLabels } from "../../../../images/labels";

const file = (path: string, ...aspects: FileDifference["aspects"]) => ({ path, aspects, description: "" });

describe("causeOfFiles", () => {
  for (const [name, files, sentence] of [
    ["times", [file("etc/passwd", "time")], /^modification times only: /],
    ["Debian packages", [file("usr/bin/git", "time"), file("var/lib/dpkg/status")], /^Debian packages: /],
    ["Pulumi's archive", [file("usr/local/bin/pulumi-language-go", "content")], /^Pulumi's archive: /],
    ["the toolchain", [file("usr/local/go/VERSION", "content")], /^another toolchain: .* another image/],
    ["another BuildKit", [], /^another version of BuildKit, /],
  ] as const) {
    it(`names ${name}`, () => assert.match(causeOfFiles(files), sentence));
  }
});

describe("likelyCauses", () => {
  const [base, dockerfile] = [`label ${baseLabels.digest}`, "User"].map(causeOfConfig);
  const lines: string[] = [];

  it("names only another base, whose substitute changes no label, if the first layer differs", () => {
    assert.match(base ?? "", /^another base image: its pin has changed, or `bases` replaces it on this machine$/);
    const layers = [1, 2].map((layer) => ({ lines, layer, cause: `layer ${layer}` }));
    assert.deepEqual(likelyCauses([{ lines, cause: dockerfile! }, ...layers]), [base]);
  });

  it("names another base first, then every other cause once", () => {
    const causes = [dockerfile!, base!, "files", dockerfile!, "files"];
    const findings = [{ lines }, ...causes.map((cause) => ({ lines, cause, layer: 2 }))];
    assert.deepEqual(likelyCauses(findings), [base, "another Dockerfile, catalogue or builder", "files"]);
  });
});
