import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

import { parse } from "yaml";

import { prepareStack } from "../../../local/stack";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";

describe("the config and the state of a stack", () => {
  const files = useFiles();

  /** Prepares it with a fake pulumi. Returns what it logs. */
  async function prepare(): Promise<readonly string[]> {
    const env = files.writeProgram("pulumi", `echo "$*" >>${files.path("calls")}; ls >>${files.path("calls")}`);
    const stack = { name: "test", env, folder: files.path("project") };
    const { lines, error } = await captureLog(() => prepareStack(stack, { tag: "v1", "aws:region": "x" }));
    assert.equal(error, undefined);
    return lines;
  }
  const config = () => parse(files.read("project/Pulumi.test.yaml")) as unknown;
  const expected = { config: { "runner-pulumi:tag": "v1", "aws:region": "x" } };

  it("are asked for in every run: either may have been removed since", async () => {
    for (let run = 0; run < 2; run++) assert.deepEqual(await prepare(), []);
    const calls = files.read("calls").match(/stack select --create test/g);
    assert.equal(calls?.length, 2);
    assert.deepEqual(readdirSync(files.path("project")), ["Pulumi.test.yaml"]);
    assert.deepEqual(config(), expected);
  });

  it("keep the salt of the stack's secrets", async () => {
    files.write("project/Pulumi.test.yaml", "encryptionsalt: v1:a\nconfig: {other: 1}\n");
    await prepare();
    assert.deepEqual(config(), { encryptionsalt: "v1:a", ...expected });
  });

  for (const text of ["", "config: {a: [", "just text", "[]", "\0"]) {
    it(`are rewritten if the file is damaged: ${JSON.stringify(text)}`, async () => {
      files.write("project/Pulumi.test.yaml", text);
      const lines = await prepare();
      assert.deepEqual(config(), expected);
      assert.equal(
        lines.some((line) => /Pulumi\.test\.yaml is damaged \(.+\): it is rewritten$/.test(line)),
        text.includes("{"),
      );
    });
  }
});
