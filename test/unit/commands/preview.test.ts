import assert from "node:assert/strict";

import { preview } from "../../../commands/preview";
import { type Language, catalogue } from "../../../images/catalogue";
import { captureLog } from "../../helpers/captureLog";
import { useFakePulumi } from "../../helpers/fakePulumi";
import { isFault } from "../../helpers/isFault";
import { targetWith } from "../../helpers/targets";

describe("preview", () => {
  const pulumi = useFakePulumi();

  async function run(languages: readonly Language[], stack: "dev" | "local" = "local"): Promise<unknown> {
    const resolve = () => Promise.resolve({ stack: "prod", pulumiVersion: "3.66.0", tag: "v3.66.0" } as const);
    const prepare = () => Promise.resolve({ ...pulumi().project, languages });
    const target = targetWith({ stack, resolve, prepare });
    return (await captureLog(() => preview(target, "v3.66.0", languages))).error;
  }

  it("limits itself to the resources of the selected languages, by the ends of their URNs", async () => {
    pulumi().install([]);
    assert.equal(await run(catalogue.filter(({ name }) => name === "python")), undefined);
    assert.deepEqual(pulumi().calls, ["preview --diff --suppress-progress --target **::python --target **::python-*"]);
  });

  it("refuses a stack that does not publish the tag", async () => {
    const message = 'STACK "dev" does not publish that tag: stack prod does. Use STACK=prod.';
    isFault(message)(await run([], "dev"));
  });

  it("reports a failure, and that nothing was published", async () => {
    pulumi().install([], "true", 1);
    isFault("pulumi preview failed, see above. Nothing was published.")(await run([]));
    assert.deepEqual(pulumi().calls, ["preview --diff --suppress-progress"]);
  });
});
