import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { checkout } from "../../../local/folder";
import { toolModule } from "../../../local/install/goBuild";
import { pinnedVersion } from "../../../local/install/pins";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly steps?: readonly Step[];
}

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly concurrency: {
    readonly group: string;
    readonly queue?: string;
    readonly "cancel-in-progress"?: boolean;
  };
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(checkout, ".github", "workflows");
const read = (file: string) => readFileSync(join(checkout, file), "utf8");
const workflows = new Map(
  readdirSync(folder).map((file) => [
    file.replace(".yml", ""),
    parse(readFileSync(join(folder, file), "utf8")) as Workflow,
  ]),
);

/** The steps of all jobs, each with its workflow. */
const steps = [...workflows].flatMap(([workflow, { jobs }]) =>
  Object.values(jobs).flatMap(({ steps: own = [] }) => own.map((step): [string, Step] => [workflow, step])),
);

describe("workflows", () => {
  it("are release, preview, scan and watch", () =>
    assert.deepEqual([...workflows.keys()].sort(), ["preview", "release", "scan", "watch"]));

  it("run targets of the Makefile, and gh in two steps", () => {
    const targets = [...read("Makefile").matchAll(/^([a-z-]+):.*#(#|ci) /gm)].map(([, target]) => target);
    const others = steps.flatMap(([workflow, { name, run }]) => {
      const target = /^(?:sudo --preserve-env env "PATH=\$PATH" )?make ([a-z-]+)$/.exec(run ?? "")?.[1];
      return run === undefined || targets.includes(target) ? [] : [`${workflow}: ${name}`];
    });
    assert.deepEqual(others, ["preview: Comment on the pull request", "release: Publish the release notes"]);
    assert.ok(steps.filter(([, { run }]) => run !== undefined).length >= others.length + 7);
  });

  it("have no expression in a command: its value would become a part of the command", () => {
    for (const [workflow, { run = "" }] of steps) assert.doesNotMatch(run, /\$\{\{/, workflow);
  });

  it("pin every action by commit, with its version in a comment", () => {
    const files = [...workflows.keys()].map((name) => `.github/workflows/${name}.yml`);
    const uses = [...files, ".github/actions/stack/action.yml"].flatMap((file) =>
      [...read(file).matchAll(/uses: (.*)$/gm)].map(([, action = ""]) => action),
    );
    const external = uses.filter((action) => !action.startsWith("./"));
    assert.ok(external.length > 10);
    for (const action of external) assert.match(action, /^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("have no permissions but those of their jobs", () => {
    const permissions = [...workflows].flatMap(([workflow, { permissions: ofAll, jobs }]) => {
      assert.deepEqual(ofAll, {}, workflow);
      return Object.entries(jobs).map(([job, { permissions: own }]) => [`${workflow}/${job}`, own]);
    });
    assert.deepEqual(Object.fromEntries(permissions), {
      "release/release": { contents: "read", "id-token": "write" },
      "release/notes": { contents: "write" },
      "release/attest": { "id-token": "write", attestations: "write", "artifact-metadata": "write" },
      "preview/scan": { contents: "read", "security-events": "write" },
      "scan/published": { contents: "read" },
      "scan/image": { contents: "read", "security-events": "write" },
      "preview/check": { contents: "read" },
      "preview/lint": { contents: "read" },
      "preview/local": { contents: "read" },
      "preview/stacks": { contents: "read", "id-token": "write", "pull-requests": "write" },
      "watch/watch": {},
    });
  });

  it("use no secret but the key of the watcher's App, and none in a pull request's workflow", () => {
    const secrets = [...workflows.keys()].flatMap((name) =>
      [...read(`.github/workflows/${name}.yml`).matchAll(/secrets\.(\w+)/g)].map(([, secret]) => [name, secret]),
    );
    assert.deepEqual(secrets, [["watch", "WATCH_APP_PRIVATE_KEY"]]);
    assert.deepEqual(Object.keys(workflows.get("preview")?.on ?? {}), ["pull_request"]);
  });

  it("release to the environment that their queue is for", () => {
    const release = workflows.get("release");
    assert.equal(release?.concurrency.group, `release-${release?.jobs["release"]?.environment}`);
  });

  it("queue every release: without `queue`, GitHub drops the older of two waiting runs", () => {
    const { queue, "cancel-in-progress": cancels } = workflows.get("release")?.concurrency ?? {};
    assert.deepEqual([queue, cancels], ["max", false]);
  });

  it("release with the Pulumi CLI and the BuildKit of the tests", () => {
    const action = read(".github/actions/stack/action.yml");
    const cli = pinnedVersion(toolModule("pulumi"), "github.com/pulumi/pulumi/pkg/v3");
    const buildKit = pinnedVersion(toolModule("builder"), "github.com/moby/buildkit");
    assert.ok(action.includes(`pulumi-version: ${cli}\n`), cli);
    assert.ok(action.includes(`image=moby/buildkit:v${buildKit}@sha256:`), buildKit);
  });
});
