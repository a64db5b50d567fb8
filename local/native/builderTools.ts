import { join } from "node:path";

import { log } from "../../lib/log";
import { inFolder } from "../folder";
import { ensureDebianProgram } from "../offline/debian";
import { goBuild, pinnedVersion, toolModule } from "../offline/goModule";

/** The programs that build images and keep them, by name. */
export interface BuilderTools {
  readonly buildkitd: string;
  readonly buildctl: string;
  readonly registry: string;
  readonly runc: string;
}

/** Finds runc, and builds BuildKit and the registry from Go modules. */
export async function ensureBuilderTools(): Promise<BuilderTools> {
  const runc = await ensureDebianProgram("runc", "BuildKit runs containers with it");
  const output = inFolder("tools", "builder");
  await goBuild({
    title: "BuildKit and registry",
    module: toolModule("builder"),
    packages: [
      "github.com/moby/buildkit/cmd/buildkitd",
      "github.com/moby/buildkit/cmd/buildctl",
      "github.com/distribution/distribution/v3/cmd/registry",
    ],
    output,
  });
  const versions = ["github.com/moby/buildkit", "github.com/distribution/distribution/v3"];
  log(
    "BuildKit, registry",
    versions.map((module) => pinnedVersion(toolModule("builder"), module)).join(", ") + ", in .local",
  );
  return {
    buildkitd: join(output, "buildkitd"),
    buildctl: join(output, "buildctl"),
    registry: join(output, "registry"),
    runc,
  };
}
