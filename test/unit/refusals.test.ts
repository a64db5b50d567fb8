import assert from "node:assert/strict";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { versionLabel } from "../../images/labels";
import program from "../../index";
import { checksumsOf } from "../helpers/checksums";
import { type Answer, serve } from "../helpers/http";
import { latestImage } from "../helpers/latestImage";
import { Recorder, setConfig, valueOf } from "../helpers/mocks";
import { skipDelays } from "../helpers/skipDelays";
import { stackTrace } from "../helpers/stackTrace";

// Pulumi prints a RunError as its message, and any other error as "unhandled exception" with a stack:
// https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/run/run.ts
describe("a refusal of the program has no stack and a remedy", () => {
  skipDelays();
  let url: string;
  /** The status of ECR Public's login. */
  let login: number;

  before(async () => {
    const checksums = (version: string, content: Answer = checksumsOf(version)) => ({
      [`/pulumi-${version}-checksums.txt`]: content,
    });
    ({ url } = await serve({
      ...Object.assign({}, ...["3.64.0", "3.66.0", "3.259.0", "3.260.0"].map((version) => checksums(version))),
      ...checksums("3.1.0", ""),
      ...checksums("3.2.0", 503),
      ...checksums("3.3.0", checksumsOf("3.4.0")),
      "/pulumi-3.260.0-checksums.txt.sig": "{",
      ...latestImage("runner-pulumi-python", { [versionLabel]: "3.66.0" }),
      ...latestImage("runner-pulumi-golang", { [versionLabel]: "3.66.0" }),
      "/v2/": () => ({ status: login }),
    }));
    // Requests to ECR Public reach this server.
    const { fetch } = globalThis;
    mock.method(globalThis, "fetch", (address: string, init?: RequestInit) =>
      fetch(address.replace("https://public.ecr.aws", url), init),
    );
  });
  after(() => mock.restoreAll());
  beforeEach(() => (login = 200));

  /** Runs the program with this config on stack local, and resolves its outputs. */
  function run(config: Record<string, unknown>): Promise<unknown> {
    return runOn("local", { registry: url.replace("http://", ""), ...config });
  }

  /** Runs the program on stack prod in the AWS account with this alias, which issues a token or not. */
  function runOnProd(account = "spacelift", issuesToken = true): Promise<unknown> {
    const credentials = { userName: "AWS", password: "canary" };
    const token = { "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": credentials };
    const uri = (name: string) => `public.ecr.aws/${account}/runner-pulumi-${name.replace("-repository", "")}`;
    const outputs = { "aws:ecrpublic/repository:Repository": (name: string) => ({ repositoryUri: uri(name) }) };
    const config = { registry: "", alias: "spacelift", pulumiVersion: "3.66.0" };
    return runOn("prod", config, new Recorder(issuesToken ? token : {}, outputs));
  }

  async function runOn(stack: string, config: Record<string, unknown>, recorder = new Recorder()): Promise<unknown> {
    await recorder.install(stack);
    setConfig({
      tag: `v${String(config["pulumiVersion"])}`,
      platforms: ["linux/amd64"],
      pulumiReleases: url,
      debianSnapshots: "http://snapshots.example",
      ...config,
    });
    const { images } = await program();
    return valueOf(pulumi.output(images));
  }

  function assertRefusal(error: unknown, message: RegExp): true {
    assert.ok(error instanceof pulumi.RunError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, stackTrace);
    assert.doesNotMatch(error.message, /canary/);
    return true;
  }

  const ofConfig: [string, Record<string, unknown>, RegExp][] = [
    [
      "an invalid config",
      { pulumiVersion: "three", tag: "latest", platforms: [] },
      /^The config is invalid:\n {2}- pulumiVersion .* Use X\.Y\.Z.*\n {2}- platforms .* Known: linux/,
    ],
    [
      "an older latest",
      { pulumiVersion: "3.64.0", tag: "latest" },
      /^latest of python, golang is Pulumi 3\.66\.0, which is newer than 3\.64\.0\.\nlatest is never downgraded\. To roll back/,
    ],
    [
      "an unpublished version",
      { pulumiVersion: "99.0.0" },
      /^Pulumi 99\.0\.0 was never published: .* Release a version listed at/,
    ],
    [
      "an unpublished platform",
      { pulumiVersion: "3.1.0" },
      /^Pulumi 3\.1\.0 was never published for linux\/amd64: .* Remove the platform/,
    ],
    ["an outage", { pulumiVersion: "3.2.0" }, /^Could not read \S+: it answers 503\. Retry later\.$/],
    ["other checksums", { pulumiVersion: "3.3.0" }, /belongs to another version: .* Check pulumiReleases/],
    [
      "a missing signature",
      { pulumiVersion: "3.259.0" },
      /is not signed: \S+ answers 404, .* required\. .* Retry later/,
    ],
    ["a refused signature", { pulumiVersion: "3.260.0" }, /is not signed by Pulumi: .* Find out why .*: docs\//],
  ];
  for (const [name, config, message] of ofConfig) {
    it(`for ${name}`, () => assert.rejects(run(config), (error) => assertRefusal(error, message)));
  }

  it("for AWS credentials that get no token", () =>
    assert.rejects(runOnProd("spacelift", false), (error) =>
      assertRefusal(error, /^AWS issued no credentials for public\.ecr\.aws: .* Log in to AWS, .*and retry\.$/),
    ));

  const rejected =
    /^public\.ecr\.aws rejected the credentials that AWS issued for AWS: .* Log in to AWS again and retry\.$/;
  for (const [status, message] of [
    [401, rejected],
    [403, rejected],
    [503, /^Could not verify the credentials with public\.ecr\.aws: .* Check the network/],
  ] as const) {
    it(`for a login that ECR Public answers with ${status}`, () => {
      login = status;
      return assert.rejects(runOnProd(), (error) => assertRefusal(error, message));
    });
  }

  it("for another environment's AWS account, printed once for all languages", async () => {
    const [error, ...others] = new Set(await unhandled(() => runOnProd("spacelift-dev")));
    assert.deepEqual(others, []);
    assertRefusal(error, /^These credentials belong to public\.ecr\.aws\/spacelift-dev, and this stack .* Use the /);
  });

  /** The errors of a run, and those that no promise of it handles, which Pulumi prints as well. */
  async function unhandled(work: () => Promise<unknown>): Promise<unknown[]> {
    const errors: unknown[] = [];
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (error) => errors.push(error));
    try {
      await work().catch((error: unknown) => errors.push(error));
      // Unhandled rejections are reported after the microtasks.
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      return errors;
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of listeners) process.on("unhandledRejection", listener);
    }
  }
});
