import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { targetArguments } from "../../commands/pulumi";
import { folder as localFolder } from "../../local/folder";
import { stopDaemon } from "../../local/native/daemon";
import { startBuildKit } from "../../local/native/buildKit";
import { startRegistry } from "../../local/native/registry";
import { assertRefused, assertSucceeded } from "../helpers/assertRun";
import { type Edit, copyProgram, onlyLanguages } from "../helpers/programCopy";
import { movedTag, startRegistryProxy } from "../helpers/registryProxy";
import { Scratch } from "../helpers/scratch";
import { TestStack } from "../helpers/testStack";

const languages = ["python", "golang", "yaml"];
const v64 = { pulumiVersion: "3.64.0", tag: "v3.64.0" };
const v66 = { pulumiVersion: "3.66.0", tag: "v3.66.0" };
const latest66 = { ...v66, tag: "latest" };

/** Makes the program that of before there were Tags, as far as the state of a stack goes. */
const imagesWithTags: readonly Edit[] = [
  {
    file: "images/runnerImage.ts",
    from: /exports: \[\{ registry: \{ names: \[repository\], pushByDigest: true, (.*)\n/,
    to: "tags: [pulumi.interpolate`${repository}:${(args.config as unknown as Config).tag}`], exports: [{ registry: { $1\n",
  },
  {
    file: "images/tag.ts",
    from: /new Tag\(.*\)/,
    to: "{ repository: image.repository, tag: pulumi.output(tag), digest: image.digest }",
  },
];

/** Kills this process's own pulumi, which has no time to clean up. */
function killPulumi(): Promise<void> {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ");
  const [pulumi = assert.fail("pulumi does not run")] = children.filter(
    (pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi",
  );
  process.kill(Number(pulumi), "SIGKILL");
  return Promise.resolve();
}

// One story: each test starts from the registry and the state that the previous one leaves.
describe("a release that breaks off", () => {
  let scratch: Scratch;
  let stack: TestStack;
  /** What the proxy in front of the registry does before it forwards a request; false drops the connection. */
  let admit: (request: IncomingMessage) => boolean | Promise<boolean>;
  /** The requests of the last run: method and path. */
  let requests: string[];

  before(async () => {
    scratch = await Scratch.start(["3.66.0", "3.64.0"], undefined, languages);
    const prefix = await startRegistryProxy(scratch.prefix, (request) => {
      requests.push(`${request.method} ${request.url}`);
      return admit(request);
    });
    stack = new TestStack(scratch.stack, prefix, { ...scratch.ownConfig, registry: prefix });
  });
  after(() => scratch.stop());
  beforeEach(() => {
    requests = [];
    admit = () => true;
  });

  const up = (config: typeof v66) => stack.up(config);
  /** The digests that the first languages serve under a tag, directly from the registry. */
  const served = (tag: string) => scratch.served(tag);

  const writes = () => requests.filter((request) => !/^(GET|HEAD) /.test(request)).sort();

  it("may be of a stack whose Images had tags: it takes the stack over without a write to the registry", async () => {
    const before = copyProgram(join(scratch.place.folder, "before"), [onlyLanguages(...languages), ...imagesWithTags]);
    const latest64 = { ...v64, tag: "latest" };
    assertSucceeded(await stack.up(latest64, { program: before }));
    const published = await served("latest");
    assert.deepEqual(Object.keys(published), languages);
    requests = [];
    assertSucceeded(await up(latest64), /\+ 3 created\n +~ 3 updated\n +6 changes\. \d+ unchanged/);
    assert.deepEqual(writes(), []);
    assert.deepEqual(await served("latest"), published);
  });

  it("moves tags after every image is pushed", async () => {
    for (const language of languages) await scratch.remove(language, (await served("latest"))[language] ?? "");
    requests = [];
    for (const config of [v64, { ...v64, tag: "latest" }]) assertSucceeded(await up(config));
    const firstTag = requests.findIndex(
      (request) => request.endsWith("/manifests/v3.64.0") && request.startsWith("PUT"),
    );
    const lastImage = requests.findLastIndex((request) => /^PUT .*\/manifests\/sha256:/.test(request));
    assert.ok(lastImage >= 0 && firstTag > lastImage, `${firstTag}, ${lastImage}`);
    assert.deepEqual(Object.keys(await served("latest")), languages);
  });

  it("moves latest after its version without building or pushing an image", async () => {
    assertSucceeded(await up(v66));
    requests = [];
    const run = await up(latest66);
    assertSucceeded(
      run,
      /~ 3 updated/,
      /Tag latest of \S+-yaml: Pulumi 3\.64\.0, sha256:\S+ → Pulumi 3\.66\.0, sha256:/,
    );
    assert.deepEqual(
      writes(),
      languages.map((language) => `PUT /v2/runner-pulumi-${language}/manifests/latest`).sort(),
    );
    assert.deepEqual(await served("latest"), await served("v3.66.0"));
  });

  /** Moves latest of all languages back to 3.64.0 by hand. */
  async function moveBack(): Promise<Record<string, string>> {
    const old = await served("v3.64.0");
    for (const language of languages) await scratch.moveTag(language, "latest", old[language] ?? "");
    return old;
  }

  /** What breaks, and what a person does before the next run. */
  const faults: Record<string, { strike: () => Promise<unknown>; restore?: () => Promise<unknown> }> = {
    engine: {
      strike: killPulumi,
      // Pulumi's own lock, which its error explains.
      restore: () => stack.pulumi("cancel", "--yes"),
    },
    registry: {
      strike: () => stopDaemon("registry", scratch.place.folder),
      restore: () => startRegistry(scratch.place.environment.tools, scratch.place.folder),
    },
    builder: {
      strike: () => stopDaemon("buildkit", localFolder),
      restore: () => startBuildKit(scratch.place.environment.tools, localFolder, scratch.place.environment),
    },
  };

  for (const [victim, { strike, restore }] of Object.entries(faults)) {
    for (const moved of languages.keys()) {
      it(`is finished by the next one, if the ${victim} ends after ${moved} of ${languages.length} tags`, async () => {
        const [old, now] = [await moveBack(), await served("v3.66.0")];
        const changedTags = async () => {
          const latest = await served("latest");
          return languages.filter((language) => latest[language] === now[language]);
        };
        // Tags move at the same time: the first ones may still be on their way when another one starts.
        const strikeAfterMoves = async () => {
          while ((await changedTags()).length < moved) await sleep(20);
          await strike();
        };
        let count = 0;
        let struck: Promise<unknown> | undefined;
        admit = async (request) => {
          if (movedTag(request) === undefined || count++ < moved) return true;
          await (struck ??= strikeAfterMoves());
          // A tag needs no builder.
          return victim === "builder";
        };
        const run = await up(latest66);
        admit = () => true;
        await restore?.();
        assert.equal(run.failed, victim !== "builder", run.output);
        const between = await served("latest");
        // Pulumi's plugins live on when it is killed, and may still send what they have begun.
        const changed = await changedTags();
        assert.ok(changed.length >= moved, changed.join());
        for (const language of languages) {
          assert.ok(
            [old[language], now[language]].includes(between[language]),
            `${language} serves what was never tested`,
          );
        }
        assertSucceeded(await up(latest66));
        assert.deepEqual(await served("latest"), now);
      });
    }
  }

  it("rolls latest back by moving tags alone, once the newer one is withdrawn", async () => {
    const older = { ...v64, tag: "latest" };
    const back = { ...older, retag: true, languages };
    const options = targetArguments({ languages: [], isRollback: true });
    assertRefused(await stack.up(back, { options }), /add "3\.66\.0" with the reason to images\/withdrawn\.json/);
    const withdraw = { file: "images/withdrawn.json", from: /\{\}/, to: '{ "3.66.0": "a test" }' };
    const folder = join(scratch.place.folder, "withdrawn");
    const withdrawn = copyProgram(folder, [onlyLanguages(...languages), withdraw]);
    requests = [];
    const run = await stack.up({ ...back, pulumiReleases: "http://localhost:1" }, { program: withdrawn, options });
    assertSucceeded(run, /~ 3 updated\n +\d+ unchanged/);
    assert.equal(writes().length, languages.length, writes().join());
    assert.deepEqual(await served("latest"), await served("v3.64.0"));
    // The state agrees with the registry: another release of the same finds nothing to move.
    assertSucceeded(await stack.up(older, { program: withdrawn }), /Image yaml-image updated/);
    assertSucceeded(await stack.up(older, { program: withdrawn }), /Resources:\n +\d+ unchanged\n/);
    assert.deepEqual(await served("latest"), await served("v3.64.0"));
    for (const config of [v66, latest66]) assertSucceeded(await up(config));
  });

  it("moves no tag if the registry breaks off while images are pushed", async () => {
    const dev = { ...v64, tag: "dev-v3.64.0" };
    for (const language of languages) await scratch.remove(language, (await served("v3.66.0"))[language] ?? "");
    admit = ({ method, url = "" }) => !(method === "PUT" && url.includes("-yaml/manifests/sha256:"));
    assertRefused(await up(v66));
    assert.deepEqual(await served("v3.66.0"), {});
    admit = () => true;
    assertSucceeded(await up(v66));
    assert.deepEqual(Object.keys(await served("v3.66.0")), languages);
    assertSucceeded(await up(dev));
  });

  it("never moves latest back, if a newer release moves it while this one pushes its images", async () => {
    const older = { ...v64, tag: "latest" };
    const newer = await served("v3.66.0");
    await moveBack();
    let raced = false;
    admit = async (request) => {
      if (movedTag(request) === "latest") assert.fail("latest moves back");
      // What the last update has pushed is looked for after the guard has passed, and minutes before the tags move.
      if (!raced && /manifests\/sha256:/.test(request.url ?? "")) {
        raced = true;
        for (const language of languages) await scratch.moveTag(language, "latest", newer[language] ?? "");
      }
      return true;
    };
    const run = await up(older);
    const sentence = /^ *error: latest of python, golang, yaml is Pulumi 3\.66\.0, which is newer than 3\.64\.0\./gm;
    assertRefused(run, sentence);
    assert.equal(run.output.match(sentence)?.length, 1, run.output);
    assert.deepEqual(await served("latest"), newer);
  });
});
