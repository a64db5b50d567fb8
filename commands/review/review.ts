import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";
import * as semver from "semver";

import { catalogue } from "../../images/catalogue";
import { type Release, isPulumiVersion } from "../../images/gitTag";
import { tagType } from "../../images/tag";
import type { TagInputs } from "../../images/tagProvider/tagProvider";
import { readWithdrawn, withdrawnReason } from "../../images/withdrawals";
import type { Platform } from "../../images/platform";
import { Fault } from "../../lib/errors";
import { setOutputs } from "../../lib/githubActions";
import { Clone } from "../../lib/git";
import { log } from "../../lib/log";
import type { ImageInputs } from "../builder";
import { requireLayers } from "../layers/requireLayers";
import { configureStack, selectStack } from "../stackTarget";
import { readImageChange } from "./imageChange";
import { changesInputs, describeInputChanges } from "./inputChanges";
import { type LanguageReview, reviewMarkdown } from "./markdown";
import { type Preview, runPreview } from "./pulumiPreview";

/**
 * Previews what the checkout would change on a stack if it re-released its last release. Prints the review as
 * Markdown and writes it to `review-<stack>.md` in a folder.
 * @param folder the folder of the program
 * @throws {Fault} if STACK is not dev or prod, if nothing was released there, or if the preview fails
 */
export async function review(stack: string, folder: string, logs: string, withdrawn = readWithdrawn()): Promise<void> {
  requireReviewed(stack);
  mkdirSync(logs, { recursive: true });
  const released = await readReleased(stack, folder);
  const report = (markdown: string) => {
    writeFileSync(join(logs, `review-${stack}.md`), `${markdown}\n`);
    console.log(markdown);
  };
  const reason = withdrawnReason(released.pulumiVersion, withdrawn);
  if (reason !== undefined)
    return report(`**Stack ${stack} was not previewed**: its last release is withdrawn. ${reason}`);
  const unrunnable = await requireLayers(released, new Clone(folder));
  await configureStack(released, folder);
  const { steps, problems } = await runPreview({ folder, env: process.env, logs });
  const languages = problems.length > 0 ? [] : await reviewLanguages(steps, unrunnable);
  report(reviewMarkdown({ ...released, languages, problems }));
  if (problems.length > 0) throw new Fault("pulumi preview failed, see above. Nothing was published.");
}

/**
 * Sets the step output `tag` to a git tag of the version that a review of a stack would preview, for the machine that writes
 * layers: it has no credentials for the state. Sets none if the review will not preview anything.
 */
export async function reportReleased(stack: string, folder: string, withdrawn = readWithdrawn()): Promise<void> {
  requireReviewed(stack);
  const { pulumiVersion } = await readReleased(stack, folder);
  const tag = `${stack === "dev" ? "dev-" : ""}v${pulumiVersion}`;
  const reason = withdrawnReason(pulumiVersion, withdrawn);
  log(stack, reason ?? tag);
  if (reason === undefined) setOutputs({ tag });
}

function requireReviewed(stack: string): asserts stack is Release["stack"] {
  if (stack === "dev" || stack === "prod") return;
  throw new Fault(`STACK ${JSON.stringify(stack)} is not reviewed. Use STACK=dev or STACK=prod.`);
}

async function readReleased(stack: Release["stack"], folder: string): Promise<Release> {
  await selectStack(stack, folder);
  // Secrets stay encrypted.
  const { stdout } = await execa("pulumi", ["stack", "export", "--non-interactive"], { cwd: folder });
  const { deployment } = JSON.parse(stdout) as { deployment?: { resources?: readonly Resource[] } };
  return lastReleased(stack, deployment?.resources ?? []);
}

/** A resource in a stack's exported state, as far as it is read here. */
type Resource = Readonly<{ type: string; inputs?: Partial<TagInputs> & ImageInputs }>;

/** Finds what a stack released last: the newest version, if that ended halfway. @throws {Fault} if nothing was released */
export function lastReleased(stack: Release["stack"], resources: readonly Resource[]): Release {
  const tags = resources.flatMap(({ type, inputs = {} }): Release[] => {
    // Before there were Tags, an Image had the tag.
    const isTag = type === tagType;
    const pulumiVersion = (isTag ? inputs.version : inputs.buildArgs?.["PULUMI_VERSION"]) ?? "";
    const tag = isTag ? inputs.tag : inputs.tags?.[0]?.replace(/^.*:/, "");
    return tag !== undefined && isPulumiVersion(pulumiVersion) ? [{ stack, pulumiVersion, tag }] : [];
  });
  const [newest] = tags.sort((a, b) => semver.rcompare(a.pulumiVersion, b.pulumiVersion));
  if (newest !== undefined) return newest;
  const form = stack === "dev" ? "dev-vX.Y.Z" : "vX.Y.Z";
  throw new Fault(`Stack ${stack} has released nothing to compare with. Push a tag ${form}.`);
}

/** In the order of the catalogue; sequential, because each may be several builds. */
async function reviewLanguages(steps: Preview["steps"], unrunnable?: Platform): Promise<LanguageReview[]> {
  const names = [...catalogue.map(({ name }) => name), ...[...steps.keys()].map((name) => name.replace(/-\w+$/, ""))];
  const reviews: LanguageReview[] = [];
  for (const language of new Set(names)) {
    const [smoke, image] = [steps.get(`${language}-smoke`), steps.get(`${language}-image`)];
    if (image === undefined) continue;
    const change = changesInputs(image) ? await readImageChange(`${language}-image`, image, unrunnable) : undefined;
    const isRebuilt = change !== undefined && "differs" in change && !change.differs;
    const kind = change === undefined ? "same" : isRebuilt ? "rebuilt" : "changed";
    reviews.push({
      language,
      kind: image.op === "create" ? "new" : image.op === "delete" ? "removed" : kind,
      tested: smoke !== undefined && !["same", "delete"].includes(smoke.op),
      change,
      hunks: await describeInputChanges(smoke === undefined ? [image] : [smoke, image]),
    });
  }
  return reviews;
}
