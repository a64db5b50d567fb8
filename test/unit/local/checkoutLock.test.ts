import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";

import { withLock } from "../../../local/checkoutLock";
import { useFiles } from "../../helpers/folderOfFiles";
import { isFault } from "../../helpers/isFault";
import { withEnvironment } from "../../helpers/withEnvironment";

// test/faults has the commands that meet each other, and the ones that are killed.
describe("the lock of a checkout", () => {
  const files = useFiles();
  const lock = () => files.path("lock");
  const run = (work: () => Promise<unknown>) =>
    withEnvironment({ CHECKOUT_LOCK_PID: "0" }, () => withLock(work, lock()));

  it("names its holder while it is held", async () => {
    await run(() => {
      const { pid, command } = JSON.parse(files.read("lock.json")) as Record<string, unknown>;
      assert.equal(pid, process.pid);
      assert.match(String(command), /^make /);
      assert.ok(existsSync(lock()));
      return Promise.resolve();
    });
    assert.deepEqual(readdirSync(files.path()), []);
  });

  it("is free again after work that fails", async () => {
    await assert.rejects(
      run(() => Promise.reject(new Error("the work"))),
      /the work/,
    );
    assert.equal(
      await withEnvironment({ CHECKOUT_LOCK_PID: "0" }, () => withLock(() => Promise.resolve(1), lock())),
      1,
    );
  });

  it("lets the commands run that its holder starts", () =>
    run(() => withLock(() => Promise.resolve(assert.ok(existsSync(lock()))), lock())));

  it("refuses a folder that cannot be written", () =>
    assert.rejects(
      withLock(() => Promise.resolve(), files.path("missing", "lock")),
      isFault(/^\S+ cannot be written: ENOENT/),
    ));
});
