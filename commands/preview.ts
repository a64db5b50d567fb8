import type { Language } from "../images/catalogue";
import { Fault } from "../lib/errors";
import { log, logHeading } from "../lib/log";
import { runPulumi, targetArguments } from "./pulumi";
import { type Target, requirePublisher } from "./target";

/** Runs the smoke tests and shows what a release of the git tag would change. */
export async function preview(target: Target, gitTag: string | undefined, languages: readonly Language[]) {
  const release = await target.resolve(gitTag);
  if (release === undefined) return;
  requirePublisher(target, release.stack);
  const project = await target.prepare(release, languages);
  logHeading("pulumi preview");
  const args = ["preview", "--diff", "--suppress-progress", ...targetArguments(project)];
  const { succeeded, causes } = await runPulumi(project, args);
  if (succeeded) return log("preview", "the smoke tests passed, and nothing was published");
  throw new Fault(["pulumi preview failed, see above. Nothing was published.", ...causes].join("\n"));
}
