import type { Language } from "../images/catalogue";
import { Fault } from "../lib/errors";
import { logHeading } from "../lib/log";
import { runPulumi, targetArguments } from "./pulumi";
import type { Target } from "./target";

/** Runs the smoke tests and shows what a release of the git tag would change. */
export async function preview(target: Target, gitTag: string | undefined, languages: readonly Language[]) {
  const release = await target.resolve(gitTag);
  if (release === undefined) return;
  const project = await target.prepare(release, languages);
  logHeading("pulumi preview");
  const args = ["preview", "--diff", "--suppress-progress", ...targetArguments(project)];
  if (await runPulumi(project, args)) return;
  throw new Fault("pulumi preview failed, see above. Nothing was published.");
}
