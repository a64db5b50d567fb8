import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { resolveRun } from "../../commands/resolveRun";
import { type Release, requireRelease } from "../../images/gitTag";
import { versionLabel } from "../../images/labels";
import { guardLatest } from "../../images/latest";
import { repositoryUri } from "../../images/repositoryUri";
import { latestVersions } from "../../images/releasable";
import { parseWithdrawn, withdrawnFile } from "../../images/withdrawals";
import { Clone } from "../../lib/git";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { isFault } from "../helpers/isFault";
import { pushImage } from "../helpers/repositoryWriter";
import { Scratch } from "../helpers/scratch";
import { ScratchRepository, git } from "../helpers/scratchRepository";

const revisionLabel = "test.revision";

const version = fc.constantFrom("3.9.0", "3.10.0", "3.66.0");
const tag = fc.tuple(fc.constantFrom("dev-v", "v", "latest-v", "latest-v"), version).map((parts) => parts.join(""));
/** Steps of people or of the queue. */
const actions = fc.oneof(
  /** At main's head, or at its first commit, which does not have the versions withdrawn since. */
  { weight: 6, arbitrary: fc.record({ push: tag, at: fc.constantFrom("head" as const, "start" as const) }) },
  { weight: 2, arbitrary: fc.record({ delete: tag }) },
  { weight: 1, arbitrary: fc.constant({ commit: "Change something" }) },
  /** As documented: add the version to the list, then push the highest remaining `latest-v` tag again. */
  { weight: 2, arbitrary: fc.record({ withdraw: version }) },
  /** The run at this place of the queue starts. */
  { weight: 7, arbitrary: fc.record({ run: fc.nat(20) }) },
);
type Action = typeof actions extends fc.Arbitrary<infer T> ? T : never;

/** How many runs have ended in each way. */
const ends = { released: 0, refused: 0, left: 0 };

/**
 * A repository, its queue and a registry. Git, resolveRun, the guard of `latest` and the registry are real. Instead of a
 * build, which releaseByTag tests, an image without layers is pushed: its labels name its version and its commit.
 */
class World {
  /** Every tag that was ever pushed, with the commit of its last push. */
  readonly pushed = new Map<string, string>();
  readonly withdrawn: Record<string, string> = {};
  private readonly queue: { readonly tag: string; readonly commit: string }[] = [];

  private constructor(
    private readonly folder: string,
    readonly repository: ScratchRepository,
    private readonly registry: string,
    private readonly start: string,
  ) {}

  static async create(folder: string, registry: string): Promise<World> {
    const repository = await ScratchRepository.create(folder);
    const start = await repository.commit("Start", { [withdrawnFile]: "{}\n" });
    return new World(folder, repository, registry, start);
  }

  async perform(action: Action): Promise<void> {
    if ("push" in action) await this.push(action.push, action.at === "head" ? "HEAD" : this.start);
    if ("delete" in action) await this.repository.deleteTag(action.delete);
    if ("commit" in action) await this.repository.commit(action.commit, {});
    if ("withdraw" in action) await this.withdraw(action.withdraw);
    if ("run" in action && this.queue.length > 0) await this.run(action.run % this.queue.length);
  }

  /** Runs the rest of the queue, the newest first. */
  async drain(): Promise<void> {
    while (this.queue.length > 0) await this.run(this.queue.length - 1);
  }

  uri(stack: string): string {
    return repositoryUri({ registry: `${this.registry}/${stack}`, alias: "" }, "javascript");
  }

  private async push(gitTag: string, revision: string): Promise<void> {
    await this.repository.deleteTag(gitTag);
    await this.repository.pushTag(gitTag, revision);
    const commit = await this.repository.git("rev-parse", revision);
    this.pushed.set(gitTag, commit);
    this.queue.push({ tag: gitTag, commit });
  }

  private async withdraw(yanked: string): Promise<void> {
    this.withdrawn[yanked] = "a test withdraws it";
    await this.repository.commit(`Withdraw ${yanked}`, { [withdrawnFile]: JSON.stringify(this.withdrawn) });
    const [highest] = latestVersions([...this.pushed.keys()], this.withdrawn);
    if (highest !== undefined) await this.push(`latest-v${highest}`, "HEAD");
  }

  /** Runs as the workflow does: in a fresh clone at the commit of its event. */
  private async run(place: number): Promise<void> {
    for (const { tag, commit } of this.queue.splice(place, 1)) {
      const workspace = mkdtempSync(join(this.folder, "run-"));
      await git(this.folder, "clone", "--quiet", "--shared", this.repository.remote, workspace);
      await git(workspace, "checkout", "--quiet", "--detach", commit);
      try {
        const release = await resolveRun(tag, new Clone(workspace), "push");
        if (release !== undefined) await this.publish(release, commit, workspace);
        ends[release === undefined ? "left" : "released"]++;
      } catch (error) {
        isFault(/is superseded by|is withdrawn|latest is never downgraded/)(error);
        ends.refused++;
      }
    }
  }

  private async publish({ stack, pulumiVersion, tag }: Release, commit: string, workspace: string): Promise<void> {
    const list = parseWithdrawn(readFileSync(join(workspace, withdrawnFile), "utf8"), withdrawnFile);
    const registry = { registry: `${this.registry}/${stack}`, alias: "" };
    await guardLatest({ ...registry, tag, pulumiVersion, languages: [{ name: "javascript" }] }, undefined, list);
    await pushImage(this.uri(stack), tag, { [versionLabel]: pulumiVersion, [revisionLabel]: commit });
  }
}

describe("the queue of releases", () => {
  let scratch: Scratch;
  const { error: print } = console;

  before(async () => {
    scratch = await Scratch.start([]);
    // The runs would log thousands of lines.
    console.error = () => undefined;
  });
  after(async () => {
    console.error = print;
    await scratch.stop();
  });

  it("ends with the highest latest, every version's image and no lost release, in whatever order the runs start", async () => {
    const stories = fc.array(actions, { minLength: 4, maxLength: 24, size: "max" });
    let worlds = 0;
    const property = fc.asyncProperty(stories, async (story) => {
      const place = mkdtempSync(join(scratch.place.folder, "world-"));
      const world = await World.create(place, `${scratch.prefix}/world-${++worlds}`);
      for (const action of story) await world.perform(action);
      await world.drain();
      await assertLatest(world);
      await assertVersions(world);
      rmSync(place, { recursive: true });
    });
    await fc.assert(property, { numRuns: 50 });
    // A property that never reaches one of these ends would prove little.
    for (const [end, count] of Object.entries(ends)) assert.ok(count > 0, `no run was ${end}`);
  });

  /** `latest` is the highest `latest-v` tag that was pushed and is not withdrawn. */
  async function assertLatest(world: World): Promise<void> {
    const [highest] = latestVersions([...world.pushed.keys()], world.withdrawn);
    const version = (await new RepositoryClient(world.uri("prod")).labels("latest"))?.[versionLabel];
    if (highest !== undefined) assert.equal(version, highest);
    // If every version is withdrawn, `latest` stays: nothing that was published is removed.
    else assert.ok(version === undefined || world.withdrawn[version] !== undefined, version);
  }

  /** Every version's tag that is not withdrawn has its image, from the commit of its last push. */
  async function assertVersions(world: World): Promise<void> {
    const now = await new Clone(world.repository.clone).remoteTags();
    for (const [gitTag, commit] of world.pushed) {
      const { stack, pulumiVersion, tag } = requireRelease(gitTag);
      if (tag === "latest" || world.withdrawn[pulumiVersion] !== undefined) continue;
      const labels = await new RepositoryClient(world.uri(stack)).labels(tag);
      assert.equal(labels?.[versionLabel], pulumiVersion, tag);
      // If the tag was deleted meanwhile, the runs of all its pushes are equal.
      if (now.has(tag)) assert.equal(labels[revisionLabel], commit, tag);
    }
  }
});
