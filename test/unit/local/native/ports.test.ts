import assert from "node:assert/strict";

import { portOf } from "../../../../local/native/ports";
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

  it("are overridden by a variable", async () => assert.equal(await overridden("5001"), 5001));

  for (const value of ["70000", "0", "5e3", ""]) {
    it(`are refused if a variable is ${JSON.stringify(value)}`, () => {
      const message = `TEST_PORT "${value}" is not a port. Use a number from 1 to 65535.`;
      return assert.rejects(overridden(value), { message });
    });
  }
});
