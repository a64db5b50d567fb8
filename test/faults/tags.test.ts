import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { movedTag, startRegistryProxy } from "../helpers/registryProxy";
import { CheckoutCopy, type Ended, type Running } from "./checkoutCopy";
import { assertReached, survive } from "./faults";

/** Images of a few bytes replace the real ones. */
const dockerfile = "FROM scratch AS runner\nCOPY settle /\n\nFROM runner AS smoke\nCOPY yarn /\n";
const languages = ["python", "yaml"] as const;
const tag = "v3.66.0";
const release = { TAG: tag, LANGUAGE: languages.join() };

const afterTags =
  /pulumi up failed, see above, after these tags moved:\n {2}- [^]*To finish the release, run the same command again/;

type Admit = (request: IncomingMessage, running: Running) => boolean | number | Promise<boolean | number>;

// One story over one copy: each fault starts from a release of 3.66.0 whose tags are gone.
describe("faults: while tags move", () => {
  let copy: CheckoutCopy;
  /** The digests of the releases that no fault struck. */
  let digests: (string | undefined)[];

  const served = () => Promise.all(languages.map((language) => copy.clientOf(language).digest(tag)));

  before("3.66.0 is released", async function () {
    this.timeout(1_800_000);
    copy = await CheckoutCopy.create(languages);
    for (const language of languages) writeFileSync(copy.path("dockerfiles", language, "Dockerfile"), dockerfile);
    assertReached(await copy.make("up", release));
    digests = await served();
    assert.equal(new Set(digests).size, languages.length, digests.join());
  });
  after(() => copy.remove());

  /** Releases through a proxy that is asked before each request that moves a tag. */
  async function strike(admit: Admit): Promise<Ended> {
    for (const language of languages) await copy.untag(language, tag);
    // eslint-disable-next-line prefer-const -- The proxy runs before the command does.
    let running: Running | undefined;
    const proxy = await startRegistryProxy(copy.registry, (request) =>
      movedTag(request) === undefined || running === undefined ? true : admit(request, running),
    );
    running = copy.start("up", { ...release, REGISTRY: proxy });
    return running.ended;
  }

  const survival = {
    /** Each tag serves its release, or nothing yet. */
    stays: async () => {
      for (const [index, digest] of (await served()).entries()) assert.ok([digests[index], undefined].includes(digest));
    },
    recovers: async () => {
      assertReached(await copy.make("up", release));
      for (const [index, language] of languages.entries()) {
        const client = copy.clientOf(language);
        assert.deepEqual(await copy.served(tag, client), { digest: digests[index], lost: [] });
      }
    },
  };

  it("the tag of one language cannot be moved", async () => {
    const ended = await strike(async ({ url = "" }) => {
      if (!url.includes("-python/")) return true;
      // After the other one.
      while ((await served())[1] === undefined) await sleep(50);
      return 500;
    });
    const reference = String.raw`localhost:\d+/runner-pulumi-`;
    const lines = [
      "pulumi up failed, see above, after these tags moved:",
      String.raw`  - ${reference}yaml:v3\.66\.0: none → Pulumi 3\.66\.0, ${digests[1]}`,
      String.raw`No other tag has moved\.`,
      String.raw`To finish the release, run the same command again: make .*`,
      String.raw`make\[?\d*\]?: \*\*\* `,
    ];
    assert.match(ended.output, new RegExp(`${reference}python:v3\\.66\\.0 was not moved: \\S+ answers 500`));
    await survive(copy, "the tag of one language of two cannot be moved", ended, {
      ...survival,
      says: new RegExp(lines.join("\n")),
      exit: 2,
    });
  });

  it("Ctrl-C while a tag is moved", async () => {
    let isStruck = false;
    const ended = await strike(async (_, running) => {
      if (isStruck) return true;
      isStruck = true;
      running.interrupt();
      await running.says(/pulumi ends what it has begun/);
      await sleep(2000);
      return true;
    });
    await survive(copy, "Ctrl-C while a tag is moved", ended, { ...survival, says: afterTags, exit: 130 });
  });

  it("Ctrl-C twice while a tag is moved", async () => {
    let isStruck = false;
    const ended = await strike(async (_, running) => {
      if (isStruck) return true;
      isStruck = true;
      running.interrupt();
      await running.says(/\^C received; cancelling/);
      running.interrupt();
      // The request is under way: it arrives after pulumi has ended.
      await running.ended;
      return true;
    });
    await survive(copy, "Ctrl-C twice while a tag is moved", ended, {
      ...survival,
      says: /pulumi was stopped at once\. A tag that it was moving may still move: see make status\./,
      exit: 130,
      command: () => copy.make("pulumi", { ARGS: "cancel --yes" }),
    });
  });
});
