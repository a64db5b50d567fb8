import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { catalogue } from "../../images/catalogue";
import type { Release } from "../../images/gitTag";
import { Fault } from "../../lib/errors";
import { configureStack, selectStack } from "../stackTarget";
import { type ImageChange, readImageChange } from "./imageChange";
import { changesInputs, describeInputChanges } from "./inputChanges";
import { readLastReleased } from "./lastReleased";
import { reviewMarkdown } from "./markdown";
import { type ImageStep, type Problem, runPreview } from "./pulumiPreview";

/** What a change of the checkout means for one language. */
export interface LanguageReview {
  readonly language: string;
  /** `rebuilt`: inputs change, but the digest does not. */
  readonly kind: "changed" | "rebuilt" | "same" | "new" | "removed";
  /** Whether its smoke test ran. */
  readonly tested: boolean;
  /** What changes inside the published image; undefined if nothing does. */
  readonly change: ImageChange | { readonly problem: string } | undefined;
  /** The changes of its Dockerfile and of its other inputs, as lines of a diff. */
  readonly hunks: readonly string[];
}

/** What a change of the checkout means for a stack. */
export interface Review extends Release {
  readonly languages: readonly LanguageReview[];
  /** Why the preview failed; empty if it did not. */
  readonly problems: readonly Problem[];
}

/**
 * Previews what the checkout would change on a stack if it released again what it has released last. Prints the review as
 * Markdown and writes it to `review-<stack>.md` in a folder.
 * @param folder the folder of the program
 * @throws {Fault} if STACK is not dev or prod, if nothing was released there, or if the preview fails
 */
export async function review(stack: string, folder: string, logs: string): Promise<void> {
  if (stack !== "dev" && stack !== "prod") throw new Fault(`STACK ${JSON.stringify(stack)} is not one of dev, prod.`);
  mkdirSync(logs, { recursive: true });
  await selectStack(stack, folder);
  const released = await readLastReleased(stack, folder);
  await configureStack(released, folder);
  const { steps, problems } = await runPreview(folder, logs);
  const languages = problems.length > 0 ? [] : await reviewLanguages(steps, folder);
  const markdown = reviewMarkdown({ ...released, languages, problems });
  writeFileSync(join(logs, `review-${stack}.md`), `${markdown}\n`);
  console.log(markdown);
  if (problems.length > 0) throw new Fault("pulumi preview failed, see above. Nothing was published.");
}

/** In the order of the catalogue; sequential, because each may be several builds. */
async function reviewLanguages(steps: readonly ImageStep[], folder: string): Promise<LanguageReview[]> {
  const names = [...catalogue.map(({ name }) => name), ...steps.map(({ name }) => name.replace(/-(image|smoke)$/, ""))];
  const reviews: LanguageReview[] = [];
  for (const language of new Set(names)) {
    const [smoke, image] = ["smoke", "image"].map((kind) => steps.find(({ name }) => name === `${language}-${kind}`));
    if (image === undefined) continue;
    const change = changesInputs(image) ? await readImageChange(image, folder) : undefined;
    const hunks = await describeInputChanges(smoke === undefined ? [image] : [smoke, image]);
    const tested = smoke !== undefined && !["same", "delete"].includes(smoke.op);
    reviews.push({ language, kind: kindOf(image, change), tested, change, hunks });
  }
  return reviews;
}

function kindOf({ op }: ImageStep, change: LanguageReview["change"]): LanguageReview["kind"] {
  if (op === "create") return "new";
  if (op === "delete") return "removed";
  if (change === undefined) return "same";
  return "differs" in change && !change.differs ? "rebuilt" : "changed";
}
