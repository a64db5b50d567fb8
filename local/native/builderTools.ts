import { join } from "node:path";

import { runStep } from "../../lib/runStep";
import { builderFolder } from "../folder";
import { ensureDebianProgram } from "../install/debianProgram";
import { goBuild, toolModule } from "../install/goBuild";
import { pinnedVersion } from "../install/pins";

/** The paths of the programs behind the builder and the registry. */
export type BuilderTools = Readonly<Record<"buildkitd" | "buildctl" | "registry" | "runc", string>>;

const builder = toolModule("builder");
const buildKit = "github.com/moby/buildkit";
const distribution = "github.com/distribution/distribution/v3";

/** Finds runc, and builds BuildKit and the registry from Go modules. */
export async function ensureBuilderTools(): Promise<BuilderTools> {
  const runc = await ensureDebianProgram("runc", "BuildKit runs containers with it");
  const packages = [`${buildKit}/cmd/buildkitd`, `${buildKit}/cmd/buildctl`, "./registry"];
  const versions = [buildKit, distribution].map((path) => pinnedVersion(builder, path));
  await runStep("BuildKit, registry", "looking for them in .local", async (step) => {
    await goBuild(
      { title: "BuildKit and registry", minutes: 4, module: builder, packages, output: builderFolder },
      step,
    );
    step.done = `${versions.join(", ")}, in .local`;
  });
  const program = (name: string) => join(builderFolder, name);
  return { buildkitd: program("buildkitd"), buildctl: program("buildctl"), registry: program("registry"), runc };
}
