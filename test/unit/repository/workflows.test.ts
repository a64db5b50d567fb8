import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { checkout } from "../../../local/folder";
import { pinnedVersion } from "../../../local/native/builderTools";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly steps?: readonly { readonly run?: string; readonly uses?: string }[];
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

/** The steps of all workflows that run a command. */
const commands = [...workflows].flatMap(([workflow, { jobs }]) =>
  Object.values(jobs).flatMap(({ steps = [] }) =>
    steps.flatMap(({ run }) => (run === undefined ? [] : [{ workflow, run }])),
  ),
);

describe("workflows", () => {
  it("are release, preview, scan and watch", () =>
    assert.deepEqual([...workflows.keys()].sort(), ["preview", "release", "scan", "watch"]));

  it("run commands of the Makefile and nothing else, with no expression in them", () => {
    const targets = [...read("Makefile").matchAll(/^([a-z-]+):.*## /gm)].map(([, target]) => target);
    assert.ok(commands.length >= 7);
    for (const { workflow, run } of commands) {
      const target = /^(?:sudo --preserve-env env "PATH=\$PATH" )?make ([a-z-]+)$/.exec(run)?.[1];
      assert.ok(targets.includes(target), `${workflow}: ${run}`);
    }
  });

  it("have no permission but what a job asks for", () => {
    const asked = [...workflows].flatMap(([workflow, { permissions, jobs }]) => {
      assert.deepEqual(permissions, {}, workflow);
      return Object.entries(jobs).map(([job, { permissions: own }]) => [`${workflow}/${job}`, own]);
    });
    assert.deepEqual(Object.fromEntries(asked), {
      "release/release": { contents: "read", "id-token": "write" },
      "release/notes": { contents: "write" },
      "release/attest": { "id-token": "write", attestations: "write", "artifact-metadata": "write" },
      "preview/scan": { contents: "read", "security-events": "write" },
      "scan/published": { contents: "read" },
      "scan/image": { contents: "read", "security-events": "write" },
      "preview/check": { contents: "read" },
      "preview/local": { contents: "read" },
      "preview/stacks": { contents: "read", "id-token": "write", "pull-requests": "write" },
      "watch/watch": {},
    });
  });

  it("name no secret but the key of the watcher's App, and none in a pull request's", () => {
    const secrets = [...workflows.keys()].flatMap((name) =>
      [...read(`.github/workflows/${name}.yml`).matchAll(/secrets\.(\w+)/g)].map(([, secret]) => [name, secret]),
    );
    assert.deepEqual(secrets, [["watch", "WATCH_APP_PRIVATE_KEY"]]);
    assert.deepEqual(Object.keys(workflows.get("preview")?.on ?? {}), ["pull_request"]);
  });

  it("release to the environment of the queue that they wait in", () => {
    const release = workflows.get("release");
    assert.equal(release?.concurrency.group, `release-${release?.jobs["release"]?.environment}`);
  });

  it("let every release wait for its turn: without a queue, GitHub drops the older of two that wait", () => {
    const { queue, "cancel-in-progress": cancels } = workflows.get("release")?.concurrency ?? {};
    assert.deepEqual([queue, cancels], ["max", false]);
  });

  it("release with the CLI and the BuildKit that the tests run with", () => {
    const action = read(".github/actions/stack/action.yml");
    const cli = pinnedVersion("pulumi", "github.com/pulumi/pulumi/pkg/v3");
    const buildKit = pinnedVersion("builder", "github.com/moby/buildkit");
    assert.ok(action.includes(`pulumi-version: ${cli}\n`), cli);
    assert.ok(action.includes(`image=moby/buildkit:v${buildKit}@sha256:`), buildKit);
  });
});
