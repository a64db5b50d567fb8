import assert from "node:assert/strict";

import { preview } from "../../../commands/preview";
import type { Target } from "../../../commands/target";
import { catalogue } from "../../../images/catalogue";
import { Fault } from "../../../lib/errors";
import { captureLog } from "../../helpers/captureLog";
import { FakePulumi } from "../../helpers/fakePulumi";
import { withoutTerminal } from "../../helpers/withoutTerminal";

describe("preview", () => {
  let pulumi: FakePulumi;
  let target: Target;
  beforeEach(async () => {
    pulumi = await FakePulumi.start();
    target = {
      stack: "local",
      resolve: () => Promise.resolve({ stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" }),
      registry: assert.fail,
      prepare: (_, languages) => Promise.resolve({ ...pulumi.project, languages }),
    };
  });
  afterEach(() => pulumi.stop());

  it("limits itself to the selected languages", async () => {
    pulumi.install([]);
    const languages = catalogue.filter(({ name }) => name === "python");
    const { error } = await captureLog(() => withoutTerminal(() => preview(target, "v3.66.0", languages)));
    assert.equal(error, undefined);
    const selected = "--target **::python --target **::python-*";
    assert.deepEqual(pulumi.calls, [`preview --diff --suppress-progress ${selected}`]);
  });

  it("reports a failure without a stack trace, and that nothing was published", async () => {
    pulumi.install([], "true", 1);
    const { error } = await captureLog(() => withoutTerminal(() => preview(target, "v3.66.0")));
    assert.ok(error instanceof Fault);
    assert.equal(error.message, "pulumi preview failed, see above. Nothing was published.");
  });
});
