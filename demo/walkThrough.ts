// make walk-through: pushes tags to a scratch repository and shows what the registry serves after each. GitHub is a fake
// (test/fakes/githubActions); git, the workflow's steps, pulumi, BuildKit and the registry are real. With two PLATFORMS, each
// has a machine of its own.
import { selectedLanguages, selectedPlatforms } from "../commands/selection";
import { runProgram } from "../lib/command";
import { withLock } from "../local/checkoutLock";
import { mirroredVersions } from "../local/offline/mirror";
import type { Ended } from "../test/fakes/githubActions/workflows";
import { ReleaseFlow } from "../test/helpers/releaseFlow";
import { walkThroughPlatforms } from "./walkThroughPlatforms";

async function walk(): Promise<void> {
  const [older = "", newer = ""] = mirroredVersions().slice(-2);
  if ((selectedPlatforms() ?? []).length > 1) {
    return walkThroughPlatforms(
      newer,
      selectedLanguages().map(({ name }) => name),
    );
  }
  const flow = await ReleaseFlow.start([older, newer]);
  try {
    for (const tag of [`dev-v${older}`, `v${older}`, `latest-v${older}`, `v${newer}`, `latest-v${newer}`]) {
      await show(flow, `git push origin ${tag}`, await flow.release(tag));
    }
    const again = `git push origin :latest-v${older} && git push origin latest-v${older}`;
    await show(flow, again, await flow.release(`latest-v${older}`));
    const withdrawn = { [newer]: "the walk-through rolls it back" };
    await flow.repository.commit(`Withdraw Pulumi ${newer}`, { "images/withdrawn.json": JSON.stringify(withdrawn) });
    const commit = `git commit: images/withdrawn.json is ${JSON.stringify(withdrawn)}\n$ git push origin main`;
    await show(flow, `${commit}\n$ ${again}`, await flow.release(`latest-v${older}`));
    await show(flow, `git push origin :v${older} && git push origin v${older}`, await flow.release(`v${older}`));
  } finally {
    await flow.stop();
  }
}

/** Shows a command, how the runs that it started ended, and what the registry serves now. */
async function show(flow: ReleaseFlow, command: string, ended: readonly Ended[]): Promise<void> {
  console.log(`\n$ ${command}`);
  for (const { title, conclusion, log } of ended) {
    console.log(`  ${title}: ${conclusion}`);
    const important = /superseded|withdrawn|Nothing has changed/;
    for (const line of log.split("\n").filter((text) => important.test(text))) console.log(`    ${line.trim()}`);
  }
  for (const line of await flow.listing()) console.log(`  registry: ${line}`);
}

runProgram(() => withLock(walk));
