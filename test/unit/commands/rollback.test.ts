import assert from "node:assert/strict";

import { rollback } from "../../../commands/rollback";
import { captureLog } from "../../helpers/captureLog";
import { useFakePulumi } from "../../helpers/fakePulumi";
import { isFault } from "../../helpers/isFault";
import { targetWith } from "../../helpers/targets";

describe("rollback", () => {
  const pulumi = useFakePulumi();

  it("updates the tags alone", async () => {
    pulumi().install([pulumi().images("latest")]);
    const prepared: unknown[] = [];
    const target = targetWith({
      resolve: () => Promise.resolve({ stack: "prod", pulumiVersion: "3.64.0", tag: "latest" }),
      registry: () => Promise.resolve({ registry: pulumi().registry, alias: "" }),
      prepare: (...args) => {
        prepared.push(args);
        return Promise.resolve({ ...pulumi().project, isRollback: true });
      },
    });
    assert.equal((await captureLog(() => rollback(target, "latest-v3.64.0"))).error, undefined);
    assert.deepEqual(prepared, [[{ stack: "prod", pulumiVersion: "3.64.0", tag: "latest" }, [], true]]);
    const [up = ""] = pulumi().calls.filter((call) => call.startsWith("up "));
    assert.match(up, / --target \*\*::\*-tag$/);
  });

  it("refuses any other tag than latest", () =>
    assert.rejects(
      rollback(targetWith({}), "v3.64.0"),
      isFault(/^Tag "v3\.64\.0" cannot be rolled back to\. Use latest-v/),
    ));
});
