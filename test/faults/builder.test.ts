import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { realpath } from "node:fs/promises";

import { execa } from "execa";

import { goEnvironment, toolModule } from "../../local/install/goBuild";
import { type CheckoutCopy, language } from "./checkoutCopy";
import { assertReached, describeFaults } from "./faults";

/** Another one than the project pins, as a builder of one's own may be. */
const version = "0.32.1";

/** Replaces the BuildKit of a copy; the project's go.mod gets the other version. */
async function replaceBuildKit(copy: CheckoutCopy): Promise<void> {
  const module = copy.path("another-buildkit");
  cpSync(toolModule("builder"), module, { recursive: true });
  const go = (...args: string[]) => execa("go", args, { cwd: module, env: { ...goEnvironment, CGO_ENABLED: "0" } });
  await go("get", `github.com/moby/buildkit/cmd/buildkitd@v${version}`);
  await go("build", "-o", copy.local("tools", "builder"), "github.com/moby/buildkit/cmd/buildkitd");
}

describeFaults("builder", {
  "BuildKit of another version": {
    strike: async (copy) => {
      assertReached(await copy.make("down"));
      await replaceBuildKit(copy);
      const ended = await copy.make("verify", { TAG: "v3.66.0", LANGUAGE: language });
      // The set-up has not replaced it.
      const { stdout } = await execa("go", [
        "version",
        "-m",
        await realpath(`/proc/${await copy.processOf("buildkitd")}/exe`),
      ]);
      assert.match(stdout, new RegExp(`github.com/moby/buildkit\\s+v${version}`));
      return ended;
    },
    says: /yaml +linux\/\w+ +identical/,
    exit: 0,
  },
});
