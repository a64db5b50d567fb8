import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";

import { execa } from "execa";

import type { Builder } from "../../../../commands/builder";
import { exitProgram, requireNoEmulation } from "../../../../commands/layers/emulation";
import { platforms } from "../../../../images/platform";
import { useFiles } from "../../../helpers/folderOfFiles";
import { isFault } from "../../../helpers/isFault";

describe("the check that a builder does not emulate", () => {
  const files = useFiles();

  /** A builder that is a shell command. */
  const builder = (script: string): Builder => ({ title: "builder b", command: () => ["sh", "-c", script] });

  it("accepts that the program cannot run", () =>
    requireNoEmulation(builder("echo 'error: exec /exit: exec format error'; exit 1"), "linux/arm64"));

  it("refuses a builder that runs it", () =>
    assert.rejects(
      requireNoEmulation(builder("true"), "linux/arm64"),
      isFault(/^builder b runs steps of linux\/arm64, /),
    ));

  it("reports any other failure", () => {
    const message = /^It is unknown whether builder b emulates linux\/arm64\. Nothing was published\. .*no such host/s;
    return assert.rejects(
      requireNoEmulation(builder("echo error: no such host; exit 1"), "linux/arm64"),
      isFault(message),
    );
  });

  it("has a program that the platform runs", async function () {
    const own = Object.entries(platforms).find(([, { pulumiArch }]) => pulumiArch === process.arch)?.[0];
    if (process.platform !== "linux" || own === undefined) return this.skip();
    writeFileSync(files.path("exit"), exitProgram(own as keyof typeof platforms), { mode: 0o755 });
    assert.equal((await execa(files.path("exit"))).exitCode, 0);
  });
});
