import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { galleryData } from "../../../images/gallery";
import { readConfig } from "../../../images/config";
import { openRegistry, requireLogin } from "../../../images/registry";
import { type Answer, type FullAnswer, serve } from "../../helpers/http";
import { Recorder, setConfig } from "../../helpers/mocks";

const repositoryType = "aws:ecrpublic/repository:Repository";
const token = { userName: "AWS", password: "canary" };

/** The config of a committed stack file. */
function stackFile(stack: string): Record<string, unknown> {
  const text = readFileSync(join(__dirname, "..", "..", `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const own = Object.entries(config).filter(([key]) => key.startsWith("runner-pulumi:"));
  return Object.fromEntries(own.map(([key, value]) => [key.replace("runner-pulumi:", ""), value]));
}

/** Opens the registry of a stack, in an AWS account whose alias is the given one. */
async function open(stack: "dev" | "prod", account: string, change: Record<string, unknown> = {}) {
  const uri = (name: string) => ({
    repositoryUri: `public.ecr.aws/${account}/runner-pulumi-${name.replace("-repository", "")}`,
  });
  const recorder = new Recorder(
    { "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken": token },
    { [repositoryType]: uri },
  );
  await recorder.install(stack);
  setConfig({
    pulumiVersion: "3.66.0",
    tag: stack === "dev" ? "dev-v3.66.0" : "v3.66.0",
    platforms: ["linux/amd64", "linux/arm64"],
    bases: {},
    pulumiReleases: "https://get.pulumi.com/releases/sdk",
    debianSnapshots: "",
    ...stackFile(stack),
    ...change,
  });
  return { recorder, registry: await openRegistry(readConfig()) };
}

/** The value of an output, or its error. */
function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}

describe("registry", () => {
  // The seed's table, to the letter.
  const seed = {
    prod: [
      "public.ecr.aws/spacelift/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift/runner-pulumi-golang",
      "public.ecr.aws/spacelift/runner-pulumi-javascript",
      "public.ecr.aws/spacelift/runner-pulumi-python",
    ],
    dev: [
      "public.ecr.aws/spacelift-dev/runner-pulumi-dotnet",
      "public.ecr.aws/spacelift-dev/runner-pulumi-golang",
      "public.ecr.aws/spacelift-dev/runner-pulumi-javascript",
      "public.ecr.aws/spacelift-dev/runner-pulumi-python",
    ],
  };
  for (const [stack, uris] of Object.entries(seed) as ["dev" | "prod", string[]][]) {
    it(`of stack ${stack} has the repositories that users pull from`, async () => {
      const { registry } = await open(stack, "any");
      const languages = ["dotnet", "golang", "javascript", "python"];
      assert.deepEqual(languages.map(registry.expectedUri), uris);
    });
  }

  it("declares each repository, so that nothing published is lost", async () => {
    const { recorder, registry } = await open("prod", "spacelift");
    const uriOf = await registry.declareRepositories(catalogue);
    assert.equal(await valueOf(uriOf("python")), "public.ecr.aws/spacelift/runner-pulumi-python");
    const repositories = recorder.ofType(repositoryType);
    assert.deepEqual(
      [...repositories.keys()],
      catalogue.map(({ name }) => `${name}-repository`),
    );
    for (const { name, protect, retainOnDelete, importId } of repositories.values()) {
      assert.deepEqual([name, protect, retainOnDelete, importId], [name, true, true, ""]);
    }
    const { catalogData, ...inputs } = repositories.get("golang-repository")?.inputs ?? {};
    assert.deepEqual(inputs, { region: "us-east-1", repositoryName: "runner-pulumi-golang", forceDestroy: false });
    assert.deepEqual(catalogData.architectures, ["x86-64", "ARM 64"]);
    assert.deepEqual(catalogData.operatingSystems, ["Linux"]);
  });

  it("stops before any push in another environment's AWS account", async () => {
    const { registry } = await open("prod", "spacelift-dev");
    const uriOf = await registry.declareRepositories(catalogue);
    for (const { name } of catalogue) {
      await assert.rejects(
        valueOf(uriOf(name)),
        /another environment's: public\.ecr\.aws\/spacelift-dev\/runner-pulumi-javascript is not public\.ecr\.aws\/spacelift\/runner-pulumi-javascript,.*Nothing was pushed\. Check which AWS account/,
      );
    }
  });

  it("logs in with ECR Public's token", async () => {
    const { registry } = await open("dev", "spacelift-dev");
    assert.deepEqual(registry.credentials, { username: "AWS", password: "canary" });
  });

  describe("that a release logs in to", () => {
    /** Logs in to a registry that gives this answer. */
    async function logIn(answer: Answer): Promise<void> {
      const { url, server } = await serve({ "/v2/": answer });
      const login = requireLogin(url.replace("http://", ""), { username: "AWS", password: "canary" }, () =>
        Promise.resolve(),
      );
      await login.finally(() => server.close());
    }

    const takes = ({ headers }: IncomingMessage): FullAnswer =>
      headers.authorization === `Basic ${Buffer.from("AWS:canary").toString("base64")}`
        ? { status: 200 }
        : { status: 401, headers: { "www-authenticate": 'Basic realm="Registry"' } };

    it("takes the password", () => logIn(takes));

    it("takes the password where a token is given for it, as ECR Public does", async () => {
      const challenge = (url: string) => ({
        "www-authenticate": `Bearer realm="${url}/token",service="s",scope="aws"`,
      });
      const opened = await serve({
        "/v2/": ({ headers }) =>
          headers.authorization === "Bearer given" ? {} : { status: 401, headers: challenge(opened.url) },
        "/token": (request) => (takes(request).status === 200 ? { body: '{"token":"given"}' } : { status: 401 }),
      });
      const login = (given: string) =>
        requireLogin(opened.url.replace("http://", ""), { username: "AWS", password: given }, () => Promise.resolve());
      try {
        await login("canary");
        await assert.rejects(login("expired"), /does not take the password that AWS gave for AWS: /);
      } finally {
        opened.server.close();
      }
    });

    for (const status of [401, 403]) {
      it(`does not take the password: ${status}`, () =>
        assert.rejects(logIn(status), (error) => {
          assert.ok(error instanceof pulumi.RunError);
          assert.match(error.message, /does not take the password that AWS gave for AWS: .*Log in to AWS again/);
          assert.doesNotMatch(error.message, /canary/);
          return true;
        }));
    }

    it("does not answer as one does: the password may be right", () =>
      assert.rejects(logIn(503), /^Error: It cannot be told whether 127\.\S+ takes the login: \S+ answers 503\. /));

    it("cannot be reached", () =>
      assert.rejects(
        requireLogin("127.0.0.1:9", { username: "AWS", password: "canary" }),
        /takes the login: \S+ cannot be reached: .*Nothing was pushed\. Check the network/,
      ));
  });

  for (const language of catalogue) {
    it(`shows texts of ${language.name} that ECR Public takes`, () => {
      const { aboutText, usageText, description } = galleryData(language, ["linux/amd64"]);
      for (const text of [aboutText, usageText]) {
        assert.ok(text.length <= 10_240);
        assert.doesNotMatch(text, /\{\{/);
      }
      assert.match(usageText, new RegExp(`public\\.ecr\\.aws/spacelift/runner-pulumi-${language.name}:`));
      assert.ok(description.length <= 1024);
    });
  }
});
