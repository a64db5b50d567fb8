import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readJson } from "../../../../lib/json";
import { portOf } from "../../../../local/native/ports";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("ports", () => {
  const folder = useTemporaryFolder();

  it("are chosen once, a different one for each service", async () => {
    const port = await portOf("registry", folder());
    assert.equal(await portOf("registry", folder()), port);
    assert.notEqual(await portOf("mirror", folder()), port);
    assert.equal(await portOf("registry", folder()), port);
  });

  it("are overridden by a variable", () =>
    withEnvironment({ TEST_PORT: "5001" }, async () =>
      assert.equal(await portOf("registry", folder(), "TEST_PORT"), 5001),
    ));

  it("are refused if a variable is not a port", () =>
    withEnvironment({ TEST_PORT: "70000" }, () =>
      assert.rejects(portOf("registry", folder(), "TEST_PORT"), {
        message: `TEST_PORT "70000" is not a port. Use a number from 1 to 65535.`,
      }),
    ));

  it("are chosen again if their file is truncated, and stored completely", async () => {
    const file = join(folder(), "ports.json");
    writeFileSync(file, '{"registry": 50');
    const port = await portOf("registry", folder());
    assert.deepEqual(readJson(file), { registry: port });
    assert.deepEqual(readdirSync(folder()), ["ports.json"]);
  });
});
