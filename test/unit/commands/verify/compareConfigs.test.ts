import assert from "node:assert/strict";

import { compareConfigs } from "../../../../commands/verify/compareConfigs";
import type { ImageConfig } from "../../../../lib/oci/image";

const version = "org.opencontainers.image.version";
const config = { Labels: { [version]: "3.66.0" }, User: "spacelift", Env: ["A=1"] };
const image: ImageConfig = {
  ...{ os: "linux", architecture: "amd64", config, history: [{ created_by: "RUN step 1" }] },
  rootfs: { diff_ids: ["sha256:1", "sha256:2"] },
};

function linesOf(served: ImageConfig, rebuilt: ImageConfig): string[] {
  return compareConfigs(served, rebuilt).flatMap(({ lines }) => lines);
}

describe("compareConfigs", () => {
  it("finds no difference between equal configs", () => assert.deepEqual(compareConfigs(image, { ...image }), []));

  const changes: [string, ImageConfig & Record<string, unknown>, string][] = [
    ["a label", { ...image, config: { ...config, Labels: {} } }, `label ${version}: 3.66.0 → none`],
    ["a variable", { ...image, config: { ...config, Env: ["A=2"] } }, "variable A: 1 → 2"],
    ["the user", { ...image, config: Object.assign({}, config, { User: "root" }) }, "User: spacelift → root"],
    [
      "an entrypoint",
      { ...image, config: Object.assign({}, config, { Entrypoint: ["/bin/sh"] }) },
      'Entrypoint: none → ["/bin/sh"]',
    ],
    ["a creation time", { ...image, created: "2026-10-05T00:00:00Z" }, "created: none → 2026-10-05T00:00:00Z"],
    [
      "a step",
      { ...image, history: [{ created_by: "RUN another" }] },
      "step 1: RUN step 1 (undefined) → RUN another (undefined)",
    ],
    ["the number of layers", { ...image, rootfs: { diff_ids: ["sha256:1"] } }, "layers: 2 → 1"],
  ];
  for (const [name, other, line] of changes) {
    it(`reports ${name}`, () => assert.deepEqual(linesOf(image, other), [line]));
  }

  it("reports both values of a duplicate variable", () =>
    assert.deepEqual(
      linesOf(
        { ...image, config: { Env: ["LD_PRELOAD=/x.so", "LD_PRELOAD="] } },
        { ...image, config: { Env: ["LD_PRELOAD="] } },
      ),
      ["variable LD_PRELOAD: /x.so, then  → "],
    ));

  it("shortens long values", () => {
    const [line = ""] = linesOf(image, { ...image, config: { ...config, Env: [`A=${"x".repeat(500)}`] } });
    assert.equal(line, `variable A: 1 → ${"x".repeat(160)}…`);
  });
});
