import assert from "node:assert/strict";
import type { Server } from "node:http";
import { mock } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../images/catalogue";
import { versionLabel } from "../../images/labels";
import program from "../../index";
import { checksumsOf } from "../helpers/checksums";
import { serve } from "../helpers/http";
import { latestImage } from "../helpers/latestImage";
import { Recorder, setConfig, valueOf } from "../helpers/mocks";
import { skipDelays } from "../helpers/skipDelays";
import { stackTrace } from "../helpers/stackTrace";

// Pulumi prints a RunError as its message, and any other error as "unhandled exception" with a stack:
// https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/run/run.ts
describe("a refusal of the program has no stack and a remedy", () => {
  skipDelays();
  let server: Server;
  let url: string;
  /** The status of ECR Public's login. */
  let login: number;

  before(async () => {
    ({ server, url } = await serve({
      ...Object.fromEntries(
        ["3.64.0", "3.66.0", "3.259.0", "3.260.0"].map((version) => [
          `/pulumi-${version}-checksums.txt`,
          checksumsOf(version),
        ]),
      ),
      "/pulumi-3.1.0-checksums.txt": "",
      "/pulumi-3.2.0-checksums.txt": 503,
      "/pulumi-3.3.0-checksums.txt": checksumsOf("3.4.0"),
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
  after(() => {
    mock.restoreAll();
    server.close();
  });
  beforeEach(() => (login = 200));

  const token = {
    "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": { userName: "AWS", password: "canary" },
  };

  /** Runs the program in the AWS account with this alias, and resolves its outputs. */
  async function run(
    config: Record<string, unknown>,
    stack = "local",
    account = "spacelift",
    functions: ConstructorParameters<typeof Recorder>[0] = token,
  ): Promise<unknown> {
    const recorder = new Recorder(functions, {
      "aws:ecrpublic/repository:Repository": (name) => ({
        repositoryUri: `public.ecr.aws/${account}/runner-pulumi-${name.replace("-repository", "")}`,
      }),
    });
    await recorder.install(stack);
    const registry = url.replace("http://", "");
    const platforms = ["linux/amd64"];
    const given = { platforms, registry, pulumiReleases: url, debianSnapshots: "http://snapshots.example", ...config };
    setConfig({ tag: `v${String(config["pulumiVersion"])}`, ...given });
    const { images } = await program();
    return valueOf(pulumi.output(images));
  }

  const onEcrPublic = { registry: "", alias: "spacelift", pulumiVersion: "3.66.0" };

  const refusals: [string, () => Promise<unknown>, RegExp][] = [
    [
      "an invalid config",
      () => run({ pulumiVersion: "three", tag: "latest", platforms: [] }),
      /^The config is invalid:\n {2}- pulumiVersion .* Use X\.Y\.Z.*\n {2}- platforms .* Known: linux/,
    ],
    [
      "an older latest",
      () => run({ pulumiVersion: "3.64.0", tag: "latest" }),
      /^latest of python, golang is Pulumi 3\.66\.0, which is newer than 3\.64\.0\.\nlatest is never downgraded\. To roll back/,
    ],
    [
      "a version that was never published",
      () => run({ pulumiVersion: "99.0.0" }),
      /^Pulumi 99\.0\.0 was never published: .* Release a version listed at/,
    ],
    [
      "a platform that was never published",
      () => run({ pulumiVersion: "3.1.0" }),
      /^Pulumi 3\.1\.0 was never published for linux\/amd64: .* Remove the platform/,
    ],
    ["an outage", () => run({ pulumiVersion: "3.2.0" }), /^Could not read \S+: it answers 503\. Retry later\.$/],
    [
      "another version's checksums",
      () => run({ pulumiVersion: "3.3.0" }),
      /belongs to another version: .* Check pulumiReleases/,
    ],
    [
      "a missing signature",
      () => run({ pulumiVersion: "3.259.0" }),
      /is not signed: \S+ answers 404, and signatures is required\. .* Retry later/,
    ],
    [
      "a refused signature",
      () => run({ pulumiVersion: "3.260.0" }),
      /is not signed by Pulumi: .* Find out why before you release it: docs\//,
    ],
    [
      "AWS credentials that get no token",
      () => run(onEcrPublic, "prod", "spacelift", {}),
      /^AWS issued no credentials for public\.ecr\.aws: .* Log in to AWS, .*and retry\.$/,
    ],
    ...([401, 403] as const).map((status): [string, () => Promise<unknown>, RegExp] => [
      `rejected credentials (${status})`,
      () => {
        login = status;
        return run(onEcrPublic, "prod");
      },
      /^public\.ecr\.aws rejected the credentials that AWS issued for AWS: .* Log in to AWS again and retry\.$/,
    ]),
    [
      "a registry that does not respond",
      () => {
        login = 503;
        return run(onEcrPublic, "prod");
      },
      /^Could not verify the credentials with public\.ecr\.aws: .* Check the network/,
    ],
  ];
  for (const [name, refusal, message] of refusals) {
    it(`for ${name}`, () =>
      assert.rejects(refusal, (error) => {
        assert.ok(error instanceof pulumi.RunError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, stackTrace);
        assert.doesNotMatch(error.message, /canary/);
        return true;
      }));
  }

  it("for another environment's AWS account, printed once for all languages", async () => {
    const errors = await unhandled(() => run(onEcrPublic, "prod", "spacelift-dev"));
    assert.equal(new Set(errors).size, 1);
    const [error] = errors;
    assert.ok(error instanceof pulumi.RunError, String(error));
    assert.match(error.message, /^These repositories belong to another environment: .* Check the account/);
    const repositories = [...error.message.matchAll(/is not public\.ecr\.aws\/spacelift\/runner-pulumi-(\w+)/g)];
    assert.deepEqual(
      repositories.map(([, name]) => name),
      catalogue.map(({ name }) => name),
    );
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
