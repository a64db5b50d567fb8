import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import * as semver from "semver";

import { resolveRun } from "../../commands/resolveRun";
import { requireRelease } from "../../images/gitTag";
import { versionLabel } from "../../images/labels";
import { guardLatest } from "../../images/latest";
import { latestVersions } from "../../images/releasable";
import type { Withdrawn } from "../../images/withdrawals";
import { Fault } from "../../lib/errors";
import { Clone } from "../../lib/git";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { setUp } from "../../local/environment";
import { inFolder } from "../../local/folder";
import { stopDaemon } from "../../local/native/daemon";
import { portOf } from "../../local/native/ports";
import { startRegistry } from "../../local/native/registry";
import { pushImage } from "../helpers/pushImage";
import { ScratchRepository, git } from "../helpers/scratchRepository";

const versions = ["3.9.0", "3.10.0", "3.66.0"];
const prefixes = ["dev-v", "v", "latest-v", "latest-v"];
const revisionLabel = "test.revision";

/** A step of people or of the queue. */
type Action =
  /** At main's head, or at its first commit, which does not have the versions withdrawn since. */
  | { readonly do: "push"; readonly tag: string; readonly at: "head" | "start" }
  | { readonly do: "delete"; readonly tag: string }
  | { readonly do: "commit" }
  /** As documented: add the version to the list, then push the highest remaining `latest-v` tag again. */
  | { readonly do: "withdraw"; readonly version: string }
  /** The run at this place of the queue starts. */
  | { readonly do: "run"; readonly place: number };

const tags = fc
  .tuple(fc.constantFrom(...prefixes), fc.constantFrom(...versions))
  .map(([prefix, version]) => prefix + version);
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("push" as const), tag: tags, at: fc.constantFrom("head", "start") }),
  },
  { weight: 2, arbitrary: tags.map((tag) => ({ do: "delete" as const, tag })) },
  { weight: 1, arbitrary: fc.constant({ do: "commit" as const }) },
  { weight: 2, arbitrary: fc.constantFrom(...versions).map((version) => ({ do: "withdraw" as const, version })) },
  { weight: 7, arbitrary: fc.nat(20).map((place) => ({ do: "run" as const, place })) },
);

/**
 * A repository, its queue and a registry. Git, resolveRun, the guard of `latest` and the registry are real. Instead of a
 * build, which releaseByTag tests, an image without layers is pushed: its labels name its version and its commit.
 */
class World {
  readonly queue: { readonly tag: string; readonly commit: string }[] = [];
  /** Every tag that was ever pushed, with the commit of its last push. */
  readonly pushed = new Map<string, string>();
  readonly withdrawn: Record<string, string> = {};
  readonly ends = { released: 0, refused: 0, left: 0 };
  private runs = 0;

  private constructor(
    private readonly folder: string,
    private readonly repository: ScratchRepository,
    private readonly registry: string,
    private readonly start: string,
  ) {}

  static async create(folder: string, registry: string): Promise<World> {
    const repository = await ScratchRepository.create(folder);
    const start = await repository.commit("Start", { "images/withdrawn.json": "{}\n" });
    return new World(folder, repository, registry, start);
  }

  async perform(action: Action): Promise<void> {
    if (action.do === "push") await this.push(action.tag, action.at === "head" ? "HEAD" : this.start);
    if (action.do === "delete") await this.repository.deleteTag(action.tag);
    if (action.do === "commit") await this.repository.commit("Change something", {});
    if (action.do === "withdraw") await this.withdraw(action.version);
    if (action.do === "run" && this.queue.length > 0) await this.run(action.place % this.queue.length);
  }

  /** Runs the rest of the queue, the newest first. */
  async drain(): Promise<void> {
    while (this.queue.length > 0) await this.run(this.queue.length - 1);
  }

  async tags(): Promise<Map<string, string>> {
    return new Clone(this.repository.clone).remoteTags();
  }

  client(stack: "dev" | "prod"): RepositoryClient {
    return new RepositoryClient(this.uri(stack));
  }

  private uri(stack: string): string {
    return `${this.registry}/${stack}`;
  }

  private async push(tag: string, revision: string): Promise<void> {
    await this.repository.deleteTag(tag);
    await this.repository.pushTag(tag, revision);
    const commit = await this.repository.git("rev-parse", revision);
    this.pushed.set(tag, commit);
    this.queue.push({ tag, commit });
  }

  private async withdraw(version: string): Promise<void> {
    this.withdrawn[version] = "a test withdraws it";
    await this.repository.commit(`Withdraw ${version}`, { "images/withdrawn.json": JSON.stringify(this.withdrawn) });
    const [highest] = latestVersions([...this.pushed.keys()], this.withdrawn);
    if (highest !== undefined) await this.push(`latest-v${highest}`, "HEAD");
  }

  /** Runs as the workflow does: in a fresh clone at the commit of its event. */
  private async run(place: number): Promise<void> {
    const [{ tag, commit } = { tag: "", commit: "" }] = this.queue.splice(place, 1);
    const workspace = join(this.folder, `run-${++this.runs}`);
    await git(this.folder, "clone", "--quiet", "--shared", this.repository.remote, workspace);
    await git(workspace, "checkout", "--quiet", "--detach", commit);
    try {
      const release = await resolveRun(tag, new Clone(workspace), "push");
      if (release === undefined) {
        this.ends.left++;
        return;
      }
      const registry = { expectedUri: () => this.uri(release.stack), credentials: undefined };
      const list = (await import(join(workspace, "images", "withdrawn.json"))) as { default: Withdrawn };
      if (release.tag === "latest") {
        await guardLatest(registry, [{ name: "javascript" }], release.pulumiVersion, list.default);
      }
      const labels = { [versionLabel]: release.pulumiVersion, [revisionLabel]: commit };
      await pushImage(this.uri(release.stack), release.tag, labels);
      this.ends.released++;
    } catch (error) {
      assertRefusal(error);
      this.ends.refused++;
    }
  }
}

/** A run ends in a release or in a message that explains why not. */
function assertRefusal(error: unknown): void {
  assert.ok(error instanceof Fault, String(error));
  assert.match(error.message, /is superseded by|is withdrawn|latest is never downgraded/);
}

describe("the queue of releases", () => {
  let folder: string;
  let registry: string;
  const { error: print } = console;

  before(async () => {
    const { tools } = await setUp();
    mkdirSync(inFolder("tests"), { recursive: true });
    folder = mkdtempSync(inFolder("tests", "run-"));
    registry = await startRegistry(tools, folder, await portOf("registry", folder));
    // The runs would log thousands of lines.
    console.error = () => undefined;
  });
  after(async () => {
    console.error = print;
    await stopDaemon("registry", folder);
    rmSync(folder, { recursive: true });
  });

  it("ends with the highest latest, every version's image and no lost release, in whatever order the runs start", async () => {
    const total = { released: 0, refused: 0, left: 0 };
    let worlds = 0;
    const property = fc.asyncProperty(
      fc.array(actions, { minLength: 4, maxLength: 24, size: "max" }),
      async (story) => {
        const place = mkdtempSync(join(folder, "world-"));
        const world = await World.create(place, `${registry}/world-${++worlds}`);
        for (const action of story) await world.perform(action);
        await world.drain();
        await assertLatest(world);
        await assertVersions(world);
        for (const end of ["released", "refused", "left"] as const) total[end] += world.ends[end];
        rmSync(place, { recursive: true });
      },
    );
    await fc.assert(property, { numRuns: 50 });
    // A property that never reaches one of these ends would prove little.
    for (const [end, count] of Object.entries(total)) assert.ok(count > 0, `no run was ${end}`);
  });

  /** `latest` is the highest `latest-v` tag that was pushed and is not withdrawn. */
  async function assertLatest(world: World): Promise<void> {
    const [highest] = latestVersions([...world.pushed.keys()], world.withdrawn);
    const labels = await world.client("prod").labels("latest");
    if (highest === undefined) {
      // If every version is withdrawn, `latest` stays: nothing that was published is removed.
      assert.ok(labels === undefined || world.withdrawn[labels[versionLabel] ?? ""] !== undefined);
      return;
    }
    assert.equal(labels?.[versionLabel], highest);
  }

  /** Every version's tag that is not withdrawn has its image, from the commit of its last push. */
  async function assertVersions(world: World): Promise<void> {
    const now = await world.tags();
    for (const [tag, commit] of world.pushed) {
      const release = requireRelease(tag);
      if (release.tag === "latest" || world.withdrawn[release.pulumiVersion] !== undefined) continue;
      const labels = await world.client(release.stack).labels(release.tag);
      assert.equal(labels?.[versionLabel], release.pulumiVersion, tag);
      assert.ok(semver.valid(labels[versionLabel]));
      // If the tag was deleted meanwhile, the runs of all its pushes are equal.
      if (now.has(tag)) assert.equal(labels[revisionLabel], commit, tag);
    }
  }
});
