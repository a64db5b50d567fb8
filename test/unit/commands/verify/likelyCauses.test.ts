import assert from "node:assert/strict";

import type { FileDifference } from "../../../../commands/verify/fileDifferences";
import { type Finding, likelyCauses } from "../../../../commands/verify/likelyCauses";

function config(key: string): Finding {
  return { kind: "config", key, lines: [] };
}

function files(layer: number, ...paths: string[]): Finding {
  const differences = paths.map((path): FileDifference => ({ path, aspects: ["content"], description: "" }));
  return { kind: "files", layer, files: differences, lines: [] };
}

const time: FileDifference = { path: "etc/passwd", aspects: ["time"], description: "" };
const base = "label org.opencontainers.image.base.digest";

const cases: [string, Finding[], RegExp[]][] = [
  [
    "another base, whose substitute changes no label, and nothing else, if the first layer differs",
    [files(1, "etc/passwd"), files(4, "usr/local/bin/pulumi")],
    [/^another base image: its pin has changed, or `bases` replaces it on this machine$/],
  ],
  [
    "another base if its label differs, and what the files of other layers tell",
    [config(base), files(4, "usr/local/bin/pulumi")],
    [/^another base image: /, /^Pulumi's archive: /],
  ],
  ["another Dockerfile", [config("User"), config("variable A")], [/^another Dockerfile, catalogue or builder$/]],
  ["times", [{ kind: "files", layer: 2, files: [time], lines: [] }], [/^modification times only: /]],
  ["Debian packages", [files(2, "usr/bin/git", "var/lib/dpkg/status")], [/^Debian packages: /]],
  ["Pulumi's archive", [files(4, "usr/local/bin/pulumi-language-go")], [/^Pulumi's archive: /]],
  ["the toolchain or another image", [files(3, "usr/local/go/VERSION")], [/^another toolchain: .* another image/]],
  ["another BuildKit", [files(2)], [/^another version of BuildKit, /]],
  ["each cause once", [files(3, "opt/a"), files(4, "opt/b")], [/^another toolchain: /]],
  ["nothing for layers that are missing or claimed falsely", [{ kind: "layers", lines: [] }], []],
];

describe("likelyCauses", () => {
  for (const [name, findings, sentences] of cases) {
    it(`names ${name}`, () => {
      const causes = likelyCauses(findings);
      assert.equal(causes.length, sentences.length, causes.join("\n"));
      for (const [index, sentence] of sentences.entries()) assert.match(causes[index] ?? "", sentence);
    });
  }
});
