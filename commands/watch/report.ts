import { Fault } from "../../lib/errors";
import { log } from "../../lib/log";
import { maxAttempts, maxWaitingHours } from "./plan";

/** What each kind of entry means, in the order of the summary. */
const meanings = {
  pushed: "pushed",
  createdMeanwhile: "created by somebody else meanwhile",
  waiting: "cannot be built yet, a later run tags it",
  overdue: `still cannot be built, more than ${maxWaitingHours} hours after Pulumi published it`,
  dispatch: "incomplete, re-released",
  running: "incomplete, a run is re-releasing it",
  postpone: "incomplete, a later run re-releases it",
  failing: `incomplete, failed ${maxAttempts} times in a row, automatic re-release stopped`,
  unknown: "status unknown",
};

const dryRunMeanings = { ...meanings, pushed: "would be pushed", dispatch: "incomplete, would be re-released" };

/** What happened to a tag, or the remedy for its incomplete release. */
export type Kind = keyof typeof meanings;

const withdraw = "To give up a version, add it with the reason to images/withdrawn.json.";

/** What a person must do about a kind that no later run fixes. */
const remedies = {
  overdue: `Find out why: docs/maintaining.md, "A signature is refused". ${withdraw}`,
  failing:
    "Fix what the runs report, then re-release each: gh workflow run release.yml --ref main --field tag=<tag>. " +
    withdraw,
};

/** What a watch found and did, or in a dry run would have done. Entries are logged at once. */
export class WatchReport {
  private readonly entries: Readonly<{ kind: Kind; tag: string; detail: string }>[] = [];

  constructor(private readonly dryRun: boolean) {}

  /** Adds an entry. White space in the detail becomes a single space. */
  add(kind: Kind, tag: string, detail: string): void {
    const entry = { kind, tag, detail: detail.replace(/\s+/g, " ") };
    this.entries.push(entry);
    log(tag, `${this.meaning(kind)}: ${entry.detail}`);
  }

  /** The entries of a kind, in the order in which they were added. */
  of(kind: Kind) {
    return this.entries.filter((entry) => entry.kind === kind);
  }

  /** Formats the report for the summary of a workflow's run. */
  toMarkdown(): string {
    const sections = (Object.keys(meanings) as Kind[]).flatMap((kind) => {
      const lines = this.of(kind).map(({ tag, detail }) => `- \`${tag}\`: ${detail}`);
      return lines.length === 0 ? [] : [`### ${this.title(kind)}\n\n${lines.join("\n")}`];
    });
    const title = `## Watch of Pulumi's releases${this.dryRun ? " (dry run)" : ""}`;
    return [title, ...(sections.length > 0 ? sections : ["Nothing to do."])].join("\n\n");
  }

  /** @throws {Fault} that names the tags that a person must look at, if there are any */
  requireNothingStuck(): void {
    const paragraphs = (Object.keys(remedies) as (keyof typeof remedies)[]).flatMap((kind) => {
      const lines = this.of(kind).map(({ tag, detail }) => `  - ${tag}: ${detail}`);
      return lines.length === 0 ? [] : [`${this.title(kind)}:`, ...lines, remedies[kind]];
    });
    if (paragraphs.length > 0) throw new Fault(paragraphs.join("\n"));
  }

  private title(kind: Kind): string {
    return this.meaning(kind).replace(/^./, (first) => first.toUpperCase());
  }

  private meaning(kind: Kind): string {
    return (this.dryRun ? dryRunMeanings : meanings)[kind];
  }
}
