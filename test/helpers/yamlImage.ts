import { rmSync } from "node:fs";
import { join } from "node:path";

import { contractFolder } from "../contract/runcBox";
import { assertSucceeded } from "./assertRun";
import { Scratch } from "./scratch";

/** Releases the smallest image before the tests of a suite, and removes what the contract unpacked after them. */
export function useYamlImage() {
  let scratch: Scratch;
  before(async () => {
    scratch = await Scratch.start(["3.66.0"], undefined, ["yaml"]);
    assertSucceeded(await scratch.up({ pulumiVersion: "3.66.0", tag: "v3.66.0" }));
  });
  after(async () => {
    rmSync(join(contractFolder, "images"), { recursive: true, force: true });
    // Undefined if `before` failed early.
    await scratch?.stop();
  });
  return { scratch: () => scratch, published: () => `${scratch.repository("yaml")}:v3.66.0` };
}
