import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { parse } from "yaml";

import { catalogue } from "../../images/catalogue";
import { update } from "../../commands/release";
import { checkout } from "../../local/folder";
import { findSecret } from "../helpers/canary";
import { EcrPublic } from "../fakes/ecrPublic";
import { copyProgram } from "../helpers/programCopy";
import { pushImage } from "../helpers/pushImage";
import { says } from "../helpers/says";
import { type Place, closePlace, openPlace } from "../helpers/scratch";
import { TestStack } from "../helpers/testStack";
import { withoutTerminal } from "../helpers/withoutTerminal";

const languages = catalogue.map(({ name }) => name);
/** The images that the seed says are live. */
const live = ["dotnet", "golang", "javascript", "python"];
// With characters that an encoding changes, so that each way to write it is found.
const password = "canary/of+the=test";
/** What a runner's environment also holds. */
const secrets = {
  AWS_SECRET_ACCESS_KEY: "canary/of+the=aws key",
  AWS_SESSION_TOKEN: "canary/of+the=aws session",
  PULUMI_ACCESS_TOKEN: "pul-canary/of+the=backend",
  GITHUB_TOKEN: "ghs_canary/of+the=workflow",
};
const v66 = { pulumiVersion: "3.66.0" };
const v64 = { pulumiVersion: "3.64.0" };

// One story: each test starts from what the one before has left in the registry and in the state.
describe("the stacks dev and prod", () => {
  let place: Place;
  let ecr: EcrPublic;
  let dev: TestStack;
  let prod: TestStack;
  /** Everything that pulumi printed. */
  const outputs: string[] = [];

  before(async () => {
    place = await openPlace(["3.66.0", "3.64.0"]);
    ecr = await EcrPublic.start(place, password);
    dev = openStack("dev", "spacelift-dev");
    prod = openStack("prod", "spacelift", Object.fromEntries(live.map((name) => [`runner-pulumi-${name}`, null])));
    for (const name of live) await pushOldImage(prod.repository(name));
  });
  after(async () => {
    await ecr.stop();
    closePlace(place);
  });

  /** A stack with its committed config, in an AWS account of its own. */
  function openStack(name: string, alias: string, repositories = {}, folder = name): TestStack {
    const { config } = parse(readFileSync(join(checkout, `Pulumi.${name}.yaml`), "utf8")) as { config: object };
    const env = {
      ...ecr.account(alias, repositories),
      ...secrets,
      PULUMI_BACKEND_URL: `file://${join(place.folder, "state")}`,
    };
    const stack = { name, env, folder: join(place.folder, folder) };
    const own = { ...place.config, ...config, platforms: place.config["platforms"] };
    return new TestStack(stack, `public.ecr.aws/${alias}`, own, ecr.credentials, (output) => outputs.push(output));
  }

  /** An image from before this project: without labels, under two tags. */
  async function pushOldImage(repository: string): Promise<void> {
    for (const tag of ["latest", "v3.60.0"]) await pushImage(repository, tag, {}, ecr.credentials);
  }

  /** Every tag and digest that was ever published, and whether each digest can still be pulled. */
  const published = new Map<string, { stack: TestStack; language: string; tag: string; digest: string }>();

  async function remember(stack: TestStack, tag: string, of = languages): Promise<void> {
    const served = await stack.served(tag);
    for (const language of of) {
      const digest = served[language];
      assert.ok(digest !== undefined, `${stack.repository(language)}:${tag} is not there`);
      published.set(`${stack.repository(language)}:${tag}@${digest}`, { stack, language, tag, digest });
    }
  }

  /** Nothing that was published is gone: every digest pulls whole, and every tag but `latest` is where it was. */
  async function assertNothingIsLost(): Promise<void> {
    for (const [reference, { stack, language, tag, digest }] of published) {
      assert.ok(await stack.pulls(language, digest), `${reference} cannot be pulled any more`);
      if (tag !== "latest") assert.equal(await stack.client(language).digest(tag), digest, reference);
    }
  }

  describe("a first release on dev", () => {
    it("shows in a preview what it would create, and creates nothing", async () => {
      const { failed, output } = await dev.preview({ ...v66, tag: "dev-v3.66.0" });
      assert.equal(failed, false, output);
      says(output, /aws:ecrpublic:Repository *python-repository *create/);
      assert.deepEqual(ecr.repositories("spacelift-dev"), {});
    });

    it("creates the repositories with their texts and publishes what the outputs name", async () => {
      assert.deepEqual(await dev.release({ ...v66, tag: "dev-v3.66.0" }), []);
      const served = await dev.served("dev-v3.66.0");
      for (const [language, { reference, digest }] of Object.entries(await dev.images())) {
        assert.equal(reference, `public.ecr.aws/spacelift-dev/runner-pulumi-${language}:dev-v3.66.0@${digest}`);
        assert.equal(served[language], digest);
      }
      const repositories = ecr.repositories("spacelift-dev");
      assert.deepEqual(Object.keys(repositories).sort(), languages.map((name) => `runner-pulumi-${name}`).sort());
      assert.match(JSON.stringify(repositories["runner-pulumi-golang"]), /Pulumi CLI with the Go toolchain/);
      await remember(dev, "dev-v3.66.0");
    });

    it("changes nothing the second time, whatever the password is by then", async () => {
      ecr.givePassword("spacelift-dev", `${password}2`);
      await ecr.takePassword(`${password}2`);
      const { failed, output } = await dev.up({ ...v66, tag: "dev-v3.66.0" });
      ecr.givePassword("spacelift-dev", password);
      await ecr.takePassword(password);
      assert.equal(failed, false, output);
      says(output, /Resources:\n +\d+ unchanged\n/);
    });

    it("leaves it where another version is released", async () => {
      assert.deepEqual(await dev.release({ ...v64, tag: "dev-v3.64.0" }), []);
      await remember(dev, "dev-v3.64.0");
      await assertNothingIsLost();
    });
  });

  describe("the repositories that are live on prod", () => {
    before(async () => {
      await remember(prod, "v3.60.0", live);
      await remember(prod, "latest", live);
    });

    it("are imported in a preview, and the others created", async () => {
      const { failed, output } = await prod.preview({ ...v66, tag: "v3.66.0", adoptRepositories: true });
      assert.equal(failed, false, output);
      for (const name of live) says(output, new RegExp(`aws:ecrpublic:Repository *${name}-repository *import`));
      says(output, /aws:ecrpublic:Repository *yaml-repository *create/);
    });

    it("are adopted by the first release, with nothing of theirs changed", async () => {
      assert.deepEqual(await prod.release({ ...v64, tag: "v3.64.0", adoptRepositories: true }), []);
      assert.equal(ecr.repositories("spacelift")["runner-pulumi-python"], null);
      await remember(prod, "v3.64.0");
      await assertNothingIsLost();
    });

    it("get their texts from the next release on", async () => {
      assert.deepEqual(await prod.release({ ...v64, tag: "latest" }), []);
      assert.match(JSON.stringify(ecr.repositories("spacelift")["runner-pulumi-python"]), /Pulumi CLI with Python/);
      assert.deepEqual(await prod.served("latest"), await prod.served("v3.64.0"));
      await remember(prod, "latest");
      await assertNothingIsLost();
    });
  });

  describe("a release on prod", () => {
    it("publishes the digests of dev, as latest and under the version", async () => {
      for (const tag of ["latest", "v3.66.0"]) {
        assert.deepEqual(await prod.release({ ...v66, tag }), []);
        assert.deepEqual(await prod.served(tag), await dev.served("dev-v3.66.0"));
        await remember(prod, tag);
      }
      await assertNothingIsLost();
    });

    it("does not let latest go back", async () => {
      for (const run of [await prod.preview({ ...v64, tag: "latest" }), await prod.up({ ...v64, tag: "latest" })]) {
        assert.equal(run.failed, true, run.output);
        says(run.output, /spacelift\/runner-pulumi-golang:latest is Pulumi 3\.66\.0, and 3\.64\.0 is older/);
      }
    });

    it("brings back a manifest that was deleted and a tag that was moved by hand", async () => {
      const served = await prod.served("v3.66.0");
      await prod.remove("yaml", served["yaml"] ?? "");
      await prod.moveTag("python", "v3.66.0", (await prod.served("v3.64.0"))["python"] ?? "");
      const sentences = (await prod.release({ ...v66, tag: "v3.66.0" })).join("\n");
      assert.match(sentences, /runner-pulumi-yaml:v3\.66\.0 is not there instead of sha256:/);
      assert.match(sentences, /runner-pulumi-python:v3\.66\.0 is sha256:[0-9a-f]{64} instead of sha256:/);
      assert.deepEqual(await prod.served("v3.66.0"), served);
      // The manifest was latest's too.
      assert.equal((await prod.release({ ...v66, tag: "latest" })).length, 0);
      assert.deepEqual(await prod.served("latest"), served);
      await assertNothingIsLost();
    });
  });

  describe("what must not reach a registry", () => {
    it("stops in another environment's AWS account, before any push", async () => {
      const other = openStack("prod", "someone-else", {}, "other");
      mkdirSync(join(place.folder, "other-state"));
      const env = { ...other.stack.env, PULUMI_BACKEND_URL: `file://${join(place.folder, "other-state")}` };
      const lost = new TestStack({ ...other.stack, env }, other.prefix, other.ownConfig, ecr.credentials);
      const { failed, output } = await lost.up({ ...v66, tag: "v3.66.0" });
      assert.equal(failed, true, output);
      says(output, /someone-else\/runner-pulumi-python is not public\.ecr\.aws\/spacelift\/runner-pulumi-python/);
      says(output, /Nothing was pushed\. Check which AWS account the credentials belong to/);
      for (const digest of Object.values(await lost.served("v3.66.0"))) assert.equal(digest, undefined);
    });

    it("says so of a password that is wrong or has expired, and changes nothing", async () => {
      ecr.givePassword("spacelift", "expired");
      const runs = [await prod.preview({ ...v64, tag: "v3.64.0" }), await prod.up({ ...v64, tag: "v3.64.0" })];
      ecr.givePassword("spacelift", password);
      for (const { failed, output } of runs) {
        assert.equal(failed, true, output);
        says(output, /public\.ecr\.aws does not take the password that AWS gave for AWS: .*401.*Log in to AWS again/);
      }
      await assertNothingIsLost();
    });

    it("keeps every secret out of state, diff, export and logs", async () => {
      const logs = join(place.folder, "logs");
      mkdirSync(logs);
      await prod.configure({ ...v66, tag: "v3.66.0" });
      const project = { folder: checkout, env: prod.env, logs };
      const events = await withoutTerminal(() => update(project));
      assert.match(events, /public\.ecr\.aws\/spacelift\/runner-pulumi-python:v3\.66\.0/);
      // The events hold the password: they are in no file any more.
      assert.deepEqual(readdirSync(logs), ["pulumi.log"]);
      assertNoSecret(readFileSync(join(logs, "pulumi.log")), "the log of pulumi's output");
      await prod.preview({ ...v64, tag: "v3.64.0" }, "--diff");
      await prod.pulumi("stack", "export");
      await prod.pulumi("stack", "output", "--json");
      const state = readdirSync(join(place.folder, "state"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
      assert.ok(state.length > 10);
      assert.ok(outputs.some((output) => output.includes("python-image")));
      for (const text of [...outputs.map((output) => Buffer.from(output)), ...state]) assertNoSecret(text, "a text");
    });

    it("keeps every secret out of every image: its index, manifests, configs and the files of all layers", async () => {
      // Languages share layers: each is read once.
      const layers = new Set<string>();
      for (const language of languages) {
        const client = prod.client(language);
        const served = await client.manifest("v3.66.0");
        // One platform has no index.
        for (const { digest } of served?.manifests ?? [{ digest: "v3.66.0" }]) {
          const manifest = await client.manifest(digest);
          assertNoSecret(Buffer.from(JSON.stringify([served, manifest])), `the manifests of ${language}`);
          assertNoSecret(await client.blob(manifest?.config?.digest ?? ""), `the config of ${language}`);
          const digests = (manifest?.layers ?? []).map((layer) => layer.digest);
          assert.ok(digests.length > 3, `${language} has ${digests.length} layers`);
          for (const layer of digests.filter((digest) => !layers.has(digest))) {
            assertNoSecret(gunzipSync(await client.blob(layer)), `layer ${layer} of ${language}`);
            layers.add(layer);
          }
        }
      }
      assert.ok(layers.size > languages.length, `${layers.size} layers`);
    });

    function assertNoSecret(bytes: Buffer, where: string): void {
      for (const [name, secret] of Object.entries({ password, ...secrets })) {
        assert.equal(findSecret(secret, bytes), undefined, `${name} stands in ${where}`);
      }
    }
  });

  describe("what would lose images", () => {
    const released = { ...v64, tag: "v3.64.0" };
    afterEach(assertNothingIsLost);

    it("is refused where a language is removed from the catalogue", async () => {
      const file = "images/catalogue.ts";
      const program = copyProgram(join(place.folder, "removed"), [
        { file, from: / {2}\{\s+name: "yaml",[^}]*\},\n/, to: "" },
      ]);
      const { failed, output } = await prod.up(released, { program });
      assert.equal(failed, true, output);
      says(output, /yaml-repository.*[\s\S]*protected/);
    });

    it("keeps everything where an Image is renamed", async () => {
      const file = "images/runnerImage.ts";
      const program = copyProgram(join(place.folder, "renamed"), [{ file, from: /-image`/, to: "-picture`" }]);
      const { failed, output } = await prod.up(released, { program });
      assert.equal(failed, false, output);
      says(output, /docker-build:index:Image golang-picture created/);
      says(output, /docker-build:index:Image golang-image deleted.*\[retain\]/);
    });

    it("keeps everything where a repository is renamed, which is refused", async () => {
      const file = "images/registry.ts";
      const program = copyProgram(join(place.folder, "repository"), [{ file, from: /-repository`/, to: "-store`" }]);
      const { failed, output } = await prod.up(released, { program });
      assert.equal(failed, true, output);
      says(output, /RepositoryAlreadyExistsException|protected/);
    });

    it("keeps everything where the provider's region changes", async () => {
      const { failed, output } = await prod.up({ ...released, "aws:region": "eu-west-1" });
      assert.equal(failed, false, output);
    });

    it("keeps everything where the provider of the Images is replaced", async () => {
      // The provider takes DOCKER_HOST for its config, and any change of it replaces the provider and its Images.
      const variables = { DOCKER_HOST: "tcp://192.0.2.1:2375" };
      const { failed, output } = await prod.up(released, { variables });
      assert.equal(failed, false, output);
      says(output, /\+-\d+ replaced/);
      says(output, /docker-build:index:Image golang-image.*\[retain\]/);
    });

    it("is refused where the stack is destroyed, and keeps everything where that is forced", async () => {
      const refused = await prod.pulumi("destroy", "--yes", "--non-interactive");
      assert.equal(refused.failed, true, refused.output);
      says(refused.output, /protected/);
      await assertNothingIsLost();
      assert.equal((await prod.pulumi("state", "unprotect", "--all", "--yes")).failed, false);
      const forced = await prod.pulumi("destroy", "--yes", "--non-interactive");
      assert.equal(forced.failed, false, forced.output);
      assert.equal(Object.keys(ecr.repositories("spacelift")).length, languages.length);
    });

    it("keeps everything where the stack is then adopted again", async () => {
      assert.deepEqual(await prod.release({ ...v66, tag: "latest", adoptRepositories: true }), []);
    });
  });
});
