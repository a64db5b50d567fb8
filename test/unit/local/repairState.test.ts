import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import { repairState } from "../../../local/repairState";
import { captureLog } from "../../helpers/captureLog";
import { useFiles } from "../../helpers/folderOfFiles";

describe("repairState", () => {
  const files = useFiles();

  it("removes what is cut off, renames a checkpoint, and keeps everything else", async () => {
    const whole = [".pulumi/meta.yaml", ".pulumi/stacks/p/dev.json", ".pulumi/stacks/p/dev.json.attrs"];
    const lock = ".pulumi/locks/organization/p/dev/1.json";
    for (const name of [...whole, lock]) files.write(name, "{}");
    const checkpoint = files.write(".pulumi/stacks/p/local.json", '{"version":');
    const removed = [".pulumi/stacks/p/local.json.attrs", `${lock}.18eb.tmp`].map((name) => files.write(name));
    const { lines } = await captureLog(() => Promise.resolve(repairState(`file://${files.path()}`)));
    assert.match(lines.join("\n"), /local\.json is damaged: it is renamed, and what is published is adopted/);
    for (const name of [...whole, lock]) assert.equal(files.read(name), "{}");
    for (const path of [checkpoint, ...removed]) assert.equal(existsSync(path), false, path);
    assert.equal(files.read(".pulumi/stacks/p/local.json.damaged"), '{"version":');
  });

  it("reads no other backend", () => {
    for (const backend of [undefined, "https://api.pulumi.com", "s3://bucket"]) repairState(backend);
  });
});
