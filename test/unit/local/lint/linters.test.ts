import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import { checkout } from "../../../../local/folder";
import { requiredVersion } from "../../../../local/lint/linters";

describe("workflows", () => {
  const files = globSync([".github/workflows/*.{yml,yaml}", ".github/actions/*/action.{yml,yaml}"], { cwd: checkout });
  const read = (file: string) => readFileSync(join(checkout, file), "utf8");

  /** A commit with the version that it is, which Renovate moves together; or what is in this repository. */
  const pinned =
    /^(?:[\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/(?:actions|workflows)\/[\w.-]+)$/;
  const uses = files.flatMap((file) =>
    [...read(file).matchAll(/^[ -]*uses: *(.*)$/gm)].map(([, value = ""]) => ({ file, value })),
  );

  it("pin every action by a commit, with its version", () => {
    assert.ok(uses.length > 0);
    const rest = uses.filter(({ value }) => !pinned.test(value));
    assert.deepEqual(rest, [], "Pin each as owner/action@<commit of 40 digits> # vX.Y.Z.");
  });

  it("pin an action by one commit everywhere", () => {
    const pins = new Set(uses.map(({ value }) => value).filter((value) => value.includes("@")));
    const actions = [...pins].map((pin) => pin.replace(/@.*/, "")).sort();
    assert.deepEqual(actions, [...new Set(actions)], `One action, several pins:\n${[...pins].sort().join("\n")}`);
  });

  const commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  const unpinned = [
    ["actions/checkout@v7", "a tag"],
    ["actions/checkout@main # v7.0.1", "a branch"],
    [`actions/checkout@${commit}`, "no version"],
    [`actions/checkout@${commit} # v7`, "a version that moves"],
    [`actions/checkout@${commit.slice(0, 7)} # v7.0.1`, "a short commit"],
    ["docker://alpine:3", "an image"],
  ] as const;
  for (const [value, reason] of unpinned) {
    it(`do not count ${value} as pinned: ${reason}`, () => assert.doesNotMatch(value, pinned));
  }

  // actionlint and zizmor do not look at this key's value; GitHub refuses a workflow with any other.
  it("queue as GitHub can", () => {
    for (const file of files) {
      const workflow = parse(read(file)) as { concurrency?: Concurrency; jobs?: Record<string, Job> };
      for (const { concurrency } of [workflow, ...Object.values(workflow.jobs ?? {})]) {
        if (concurrency?.queue === undefined) continue;
        assert.equal(concurrency.queue, "max", `${file}: concurrency.queue is "max" or left out`);
        assert.notEqual(concurrency["cancel-in-progress"], true, `${file}: what queues cancels nothing`);
      }
    }
  });

  interface Concurrency {
    queue?: string;
    "cancel-in-progress"?: boolean | string;
  }
  interface Job {
    concurrency?: Concurrency;
  }
});

describe("requiredVersion", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-pulumi-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("reads what a requirements.txt pins", () => {
    const file = join(folder, "pinned.txt");
    writeFileSync(file, "# other-tool==1.0.0\nother-tool==2.0.0\ntool==3.0.1 \\\n  --hash=sha256:0\n");
    assert.equal(requiredVersion("tool", file), "3.0.1");
  });

  it("refuses one that leaves the version open", () => {
    const file = join(folder, "open.txt");
    writeFileSync(file, "tool>=3\n");
    assert.throws(() => requiredVersion("tool", file), { message: `${file} does not require tool==X.Y.Z.` });
  });
});
