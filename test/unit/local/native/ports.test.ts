import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readJson } from "../../../../lib/json";
import { portOf } from "../../../../local/native/ports";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("ports", () => {
  const folder = useTemporaryFolder();
  const overridden = (TEST_PORT: string) =>
    withEnvironment({ TEST_PORT }, () => portOf("registry", folder(), "TEST_PORT"));

  it("are chosen once, a different one for each service", async () => {
    const port = await portOf("registry", folder());
    assert.notEqual(await portOf("mirror", folder()), port);
    assert.equal(await portOf("registry", folder()), port);
  });

  it("are overridden by a variable", async () => assert.equal(await overridden("5001"), 5001));

  for (const value of ["70000", "0", "5e3", ""]) {
    it(`are refused if a variable is ${JSON.stringify(value)}`, () =>
      assert.rejects(overridden(value), {
        message: `TEST_PORT "${value}" is not a port. Use a number from 1 to 65535.`,
      }));
  }

  it("are chosen again if their file is truncated, and stored completely", async () => {
    const file = join(folder(), "ports.json");
    writeFileSync(file, '{"registry": 50');
    const port = await portOf("registry", folder());
    assert.deepEqual([readJson(file), readdirSync(folder())], [{ registry: port }, ["ports.json"]]);
  });
});
