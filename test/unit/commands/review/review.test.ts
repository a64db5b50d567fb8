import assert from "node:assert/strict";

import { lastReleased, reportReleased, review } from "../../../../commands/review/review";
import { useFiles } from "../../../helpers/folderOfFiles";
import { isFault } from "../../../helpers/isFault";
import { withEnvironment } from "../../../helpers/withEnvironment";

const released = (version: string, tag: string) => ({ type: "oci:index:Tag", inputs: { version, tag } });
const smoke = { type: "docker-build:index:Image", inputs: { buildArgs: { PULUMI_VERSION: "3.70.0" } } };

describe("review", () => {
  const files = useFiles();

  it("refuses a stack that is not reviewed", () => {
    const message = 'STACK "local" is not reviewed. Use STACK=dev or STACK=prod.';
    return assert.rejects(review("local", "/none", "/none"), isFault(message));
  });

  it("previews nothing if the last release is withdrawn, and is not red", async () => {
    const state = JSON.stringify({ deployment: { resources: [released("3.66.0", "latest")] } });
    const env = files.writeProgram("pulumi", `[ $2 = select ] || echo '${state}'`);
    await withEnvironment(env, () => review("prod", files.path(), files.path(), { "3.66.0": "crashes" }));
    const expected =
      /^\*\*Stack prod was not previewed\*\*: its last release is withdrawn\. Pulumi 3\.66\.0 is withdrawn/;
    assert.match(files.read("review-prod.md"), expected);
  });

  it("reports the tag whose layers another machine should write, and none for a withdrawn version", async () => {
    const state = JSON.stringify({ deployment: { resources: [released("3.66.0", "latest")] } });
    const env = files.writeProgram("pulumi", `[ $2 = select ] || echo '${state}'`);
    const outputs = { ...env, GITHUB_OUTPUT: files.write("outputs") };
    await withEnvironment(outputs, () => reportReleased("dev", files.path(), { "3.66.0": "crashes" }));
    assert.equal(files.read("outputs"), "");
    for (const stack of ["dev", "prod"]) await withEnvironment(outputs, () => reportReleased(stack, files.path(), {}));
    assert.equal(files.read("outputs"), "tag=dev-v3.66.0\ntag=v3.66.0\n");
  });

  it("previews the version and the tag in the stack's state, whatever tags the repository has", () => {
    const resources = [{ type: "pulumi:pulumi:Stack" }, smoke, released("3.64.0", "latest")];
    assert.deepEqual(lastReleased("prod", resources), { stack: "prod", pulumiVersion: "3.64.0", tag: "latest" });
  });

  it("previews a version that was released when Images had tags", () => {
    const inputs = { buildArgs: { PULUMI_VERSION: "3.64.0" }, tags: ["localhost:5000/runner-pulumi-yaml:latest"] };
    const resources = [{ type: "docker-build:index:Image", inputs }];
    assert.deepEqual(lastReleased("prod", resources), { stack: "prod", pulumiVersion: "3.64.0", tag: "latest" });
  });

  it("previews the newest version after a release that ended halfway", () => {
    const resources = [released("3.9.0", "dev-v3.9.0"), released("3.10.0", "dev-v3.10.0")];
    assert.equal(lastReleased("dev", resources).tag, "dev-v3.10.0");
  });

  it("refuses a stack that has released nothing", () => {
    for (const [stack, form] of [
      ["dev", "dev-vX.Y.Z"],
      ["prod", "vX.Y.Z"],
    ] as const) {
      const message = `Stack ${stack} has released nothing to compare with. Push a tag ${form}.`;
      assert.throws(() => lastReleased(stack, [smoke]), isFault(message));
    }
  });
});
