import assert from "node:assert/strict";

import { parse } from "yaml";

import { toolModule } from "../../../local/install/goBuild";
import { pinnedVersion } from "../../../local/install/pins";
import { listFiles, readFile } from "../../helpers/checkoutFiles";

/** The keys that a workflow or a job can have. */
interface Workflow {
  readonly on: object;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string; readonly queue?: string; readonly "cancel-in-progress"?: boolean };
  readonly steps?: readonly { readonly name?: string; readonly run?: string }[];
  readonly jobs: Readonly<Record<string, Omit<Workflow, "jobs" | "on">>>;
}

const workflows = Object.fromEntries(
  listFiles(".github/workflows").map((file) => [file.replace(/.*\/|\.ya?ml$/g, ""), parse(readFile(file)) as Workflow]),
);
const steps = Object.entries(workflows).flatMap(([workflow, { jobs }]) =>
  Object.values(jobs).flatMap(({ steps: own = [] }) => own.map((step) => ({ workflow, ...step }))),
);

describe("workflows", () => {
  it("run targets of the Makefile, and gh in three steps", () => {
    const targets = [...readFile("Makefile").matchAll(/^([a-z-]+):.*#(#|ci) /gm)].map(([, target]) => target);
    const runs = steps.filter(({ run }) => run !== undefined);
    const others = runs.filter(({ run = "" }) => {
      const [, target] = /^(?:sudo --preserve-env env "PATH=\$PATH" )?make ([a-z-]+)$/.exec(run) ?? [];
      return !targets.includes(target);
    });
    const names = others.map(({ workflow, name }) => `${workflow}: ${name}`);
    assert.deepEqual(names, [
      "preview: Comment on the pull request",
      "release: Compare with the previous release",
      "release: Publish the release notes",
    ]);
    assert.ok(runs.length >= others.length + 7);
  });

  it("have no expression in a command: its value would become a part of the command", () => {
    for (const { workflow, run = "" } of steps) assert.doesNotMatch(run, /\$\{\{/, workflow);
  });

  it("have no permissions but those of their jobs", () => {
    const permissions = Object.entries(workflows).flatMap(([workflow, { permissions: ofAll, jobs }]) => {
      assert.deepEqual(ofAll, {}, workflow);
      return Object.entries(jobs).map(([job, { permissions: own }]) => [`${workflow}/${job}`, own]);
    });
    assert.deepEqual(Object.fromEntries(permissions), {
      "release/plan": { actions: "read" },
      "release/arm64": { contents: "read" },
      "release/release": { contents: "read", "id-token": "write" },
      "release/notes": { contents: "write" },
      "release/attest": { "id-token": "write", attestations: "write", "artifact-metadata": "write" },
      "preview/scan": { contents: "read", "security-events": "write" },
      "scan/published": { contents: "read" },
      "scan/image": { contents: "read", "security-events": "write" },
      "preview/check": { contents: "read" },
      "preview/lint": { contents: "read" },
      "preview/local": { contents: "read" },
      "preview/released": { contents: "read", "id-token": "write" },
      "preview/arm64": { contents: "read" },
      "preview/stacks": { contents: "read", "id-token": "write", "pull-requests": "write" },
      "watch/watch": {},
    });
  });

  it("use no secret but the key of the watcher's App, and none in a pull request's workflow", () => {
    const secrets = Object.keys(workflows).flatMap((name) =>
      [...readFile(`.github/workflows/${name}.yml`).matchAll(/secrets\.(\w+)/g)].map(([, secret]) => [name, secret]),
    );
    assert.deepEqual(secrets, [["watch", "WATCH_APP_PRIVATE_KEY"]]);
    assert.deepEqual(Object.keys(workflows["preview"]?.on ?? {}), ["pull_request"]);
  });

  it("write layers, which decide what is published, in jobs without credentials", () => {
    for (const name of ["release", "preview"]) {
      const { environment, steps: own = [], ...job } = workflows[name]?.jobs["arm64"] ?? {};
      assert.equal(environment, undefined, name);
      assert.doesNotMatch(
        JSON.stringify([job, own]),
        /organization|BACKEND|role-to-assume|actions\/cache|secrets/,
        name,
      );
    }
  });

  it("queue every release to an environment: without `queue`, GitHub drops the older of two waiting runs", () => {
    const { concurrency, jobs } = workflows["release"] ?? {};
    const group = `release-${jobs?.["release"]?.environment}`;
    assert.deepEqual(concurrency, { group, queue: "max", "cancel-in-progress": false });
  });

  // actionlint and zizmor do not check this key's value, but GitHub refuses a workflow with any other.
  it("queue only in ways that GitHub supports", () => {
    const all = Object.values(workflows).flatMap((workflow) => [workflow, ...Object.values(workflow.jobs)]);
    for (const { concurrency } of all) {
      if (concurrency?.queue === undefined) continue;
      assert.equal(concurrency.queue, "max", `concurrency.queue of ${concurrency.group} must be "max" or absent`);
      assert.notEqual(concurrency["cancel-in-progress"], true, `the queue of ${concurrency.group} cancels no run`);
    }
  });

  it("release with the Pulumi CLI and the BuildKit of the tests", () => {
    const action = readFile(".github/actions/stack/action.yml");
    const cli = pinnedVersion(toolModule("pulumi"), "github.com/pulumi/pulumi/pkg/v3");
    const buildKit = pinnedVersion(toolModule("builder"), "github.com/moby/buildkit");
    assert.ok(action.includes(`pulumi-version: ${cli}\n`), cli);
    assert.ok(action.includes(`image=moby/buildkit:v${buildKit}@sha256:`), buildKit);
  });
});

describe("an action", () => {
  /** A commit with its version, which Renovate updates together, or an action of this repository. */
  const pinned =
    /^(?:[\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/(?:actions|workflows)\/[\w.-]+)$/;
  const pins = listFiles(".github/workflows", ".github/actions").flatMap((file) =>
    [...readFile(file).matchAll(/^[ -]*uses: *(.*)$/gm)].map(([, value = ""]) => value),
  );

  it("is pinned by a commit with its version, by the same one everywhere", () => {
    const remedy = "Pin each as owner/action@<commit of 40 digits> # vX.Y.Z.";
    const unpinned = pins.filter((pin) => !pinned.test(pin));
    assert.deepEqual(unpinned, [], remedy);
    const external = [...new Set(pins.filter((pin) => pin.includes("@")))].sort();
    const actions = external.map((pin) => pin.replace(/@.*/, ""));
    assert.ok(actions.length > 5);
    assert.deepEqual(actions, [...new Set(actions)], `One action, several pins:\n${external.join("\n")}`);
  });

  it("is not pinned by a tag, a branch, a commit without its full version, a short commit or an image", () => {
    const commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
    const checkouts = ["v7", "main # v7.0.1", commit, `${commit} # v7`, `${commit.slice(0, 7)} # v7.0.1`];
    const unpinned = [...checkouts.map((version) => `actions/checkout@${version}`), "docker://alpine:3"];
    assert.deepEqual(
      unpinned.filter((pin) => pinned.test(pin)),
      [],
    );
  });
});
