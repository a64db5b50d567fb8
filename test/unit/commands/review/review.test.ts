import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { lastReleased, review } from "../../../../commands/review/review";
import { withEnvironment } from "../../../helpers/withEnvironment";

const image = (version: string, tag: string) => ({
  type: "docker-build:index:Image",
  inputs: { buildArgs: { PULUMI_VERSION: version }, tags: [`localhost:5000/runner-pulumi-yaml:${tag}`] },
});
const smoke = { type: "docker-build:index:Image", inputs: { buildArgs: { PULUMI_VERSION: "3.70.0" } } };

describe("review", () => {
  it("refuses a stack that is not reviewed", () =>
    assert.rejects(review("local", "/none", "/none"), {
      message: 'STACK "local" is not reviewed. Use STACK=dev or STACK=prod.',
    }));

  it("previews nothing if the last release is withdrawn, and is not red", async () => {
    const folder = mkdtempSync(join(tmpdir(), "review-"));
    const state = JSON.stringify({ deployment: { resources: [image("3.66.0", "latest")] } });
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n[ $2 = select ] || echo '${state}'\n`, { mode: 0o755 });
    const path = [folder, process.env["PATH"]].join(delimiter);
    await withEnvironment({ PATH: path }, () => review("prod", folder, folder, { "3.66.0": "crashes" }));
    const expected =
      /^\*\*Stack prod was not previewed\*\*: its last release is withdrawn\. Pulumi 3\.66\.0 is withdrawn/;
    assert.match(readFileSync(join(folder, "review-prod.md"), "utf8"), expected);
    rmSync(folder, { recursive: true });
  });

  it("previews the version and the tag in the stack's state, whatever tags the repository has", () => {
    const resources = [{ type: "pulumi:pulumi:Stack" }, smoke, image("3.64.0", "latest")];
    assert.deepEqual(lastReleased("prod", resources), { stack: "prod", pulumiVersion: "3.64.0", tag: "latest" });
  });

  it("previews the newest version after a release that ended halfway", () => {
    const resources = [image("3.9.0", "dev-v3.9.0"), image("3.10.0", "dev-v3.10.0")];
    assert.equal(lastReleased("dev", resources).tag, "dev-v3.10.0");
  });

  it("refuses a stack that has released nothing", () => {
    const message = (stack: string, form: string) =>
      `Stack ${stack} has released nothing to compare with. Push a tag ${form}.`;
    assert.throws(() => lastReleased("dev", [smoke]), { message: message("dev", "dev-vX.Y.Z") });
    assert.throws(() => lastReleased("prod", [smoke]), { message: message("prod", "vX.Y.Z") });
  });
});
