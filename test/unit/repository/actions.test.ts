import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { checkout } from "../../../local/folder";

describe("the actions of workflows", () => {
  const files = globSync([".github/workflows/*.{yml,yaml}", ".github/actions/*/action.{yml,yaml}"], { cwd: checkout });
  const read = (file: string) => readFileSync(join(checkout, file), "utf8");

  /** A commit with its version, which Renovate updates together, or an action of this repository. */
  const pinned =
    /^(?:[\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/(?:actions|workflows)\/[\w.-]+)$/;
  const uses = files.flatMap((file) =>
    [...read(file).matchAll(/^[ -]*uses: *(.*)$/gm)].map(([, value = ""]) => ({ file, value })),
  );

  it("are pinned by a commit, with its version", () => {
    assert.ok(uses.length > 0);
    const rest = uses.filter(({ value }) => !pinned.test(value));
    assert.deepEqual(rest, [], "Pin each as owner/action@<commit of 40 digits> # vX.Y.Z.");
  });

  it("are pinned by the same commit everywhere", () => {
    const pins = new Set(uses.map(({ value }) => value).filter((value) => value.includes("@")));
    const actions = [...pins].map((pin) => pin.replace(/@.*/, "")).sort();
    assert.deepEqual(actions, [...new Set(actions)], `One action, several pins:\n${[...pins].sort().join("\n")}`);
  });

  const commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  const unpinned = [
    ["actions/checkout@v7", "a tag"],
    ["actions/checkout@main # v7.0.1", "a branch"],
    [`actions/checkout@${commit}`, "a commit without a version"],
    [`actions/checkout@${commit} # v7`, "a major version"],
    [`actions/checkout@${commit.slice(0, 7)} # v7.0.1`, "a short commit"],
    ["docker://alpine:3", "an image"],
  ] as const;
  for (const [value, reason] of unpinned) {
    it(`are not pinned by ${reason}: ${value}`, () => assert.doesNotMatch(value, pinned));
  }

  // actionlint and zizmor do not check this key's value, but GitHub refuses a workflow with any other.
  it("queue only in ways that GitHub supports", () => {
    for (const file of files) {
      const workflow = parse(read(file)) as { concurrency?: Concurrency; jobs?: Record<string, Job> };
      for (const { concurrency } of [workflow, ...Object.values(workflow.jobs ?? {})]) {
        if (concurrency?.queue === undefined) continue;
        assert.equal(concurrency.queue, "max", `${file}: concurrency.queue must be "max" or absent`);
        assert.notEqual(concurrency["cancel-in-progress"], true, `${file}: a queue cancels no run`);
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
