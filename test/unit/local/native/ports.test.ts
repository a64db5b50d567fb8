import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { portOf } from "../../../../local/native/ports";
import { captureLog } from "../../../helpers/captureLog";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("ports", () => {
  const folder = useTemporaryFolder();
  const overridden = (TEST_PORT: string) =>
    withEnvironment({ TEST_PORT }, () => portOf("registry", folder(), "TEST_PORT"));

  // They are stored by lib/json, which ignores a truncated file.
  it("are chosen once, a different one for each service", async () => {
    const port = await portOf("registry", folder());
    assert.notEqual(await portOf("mirror", folder()), port);
    assert.equal(await portOf("registry", folder()), port);
  });

  for (const text of ['{"registry": 43', '{"registry":"abc"}', '{"registry":70000}', "[0]", "null"]) {
    it(`are chosen again if their file is damaged: ${text}`, async () => {
      writeFileSync(join(folder(), "ports.json"), text);
      const { lines } = await captureLog(async () => assert.ok((await portOf("registry", folder())) > 1023));
      assert.match(lines.join(), /ports\.json is damaged: other ports are chosen/);
      assert.deepEqual((await captureLog(() => portOf("registry", folder()))).lines, []);
    });
  }

  it("are overridden by a variable", async () => assert.equal(await overridden("5001"), 5001));

  for (const value of ["70000", "0", "5e3", ""]) {
    it(`are refused if a variable is ${JSON.stringify(value)}`, () => {
      const message = `TEST_PORT "${value}" is not a port. Use a number from 1 to 65535.`;
      return assert.rejects(overridden(value), { message });
    });
  }
});
