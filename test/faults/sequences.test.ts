import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { findLost } from "../../lib/oci/findLost";
import { assertSucceeded } from "../helpers/assertRun";
import { startRegistryProxy } from "../helpers/registryProxy";
import { Scratch } from "../helpers/scratch";
import { TestStack } from "../helpers/testStack";

const language = "yaml";
const versions = ["3.64.0", "3.66.0"] as const;
type Version = (typeof versions)[number];

/** The image of a few bytes that replaces the real one: one layer, and a label with the version. */
const dockerfile = "FROM scratch AS runner\nCOPY settle /\n\nFROM runner AS smoke\nCOPY yarn /\n";

/** What happens to the registry, or to a release of a version. */
type Step = Readonly<{ version: Version }> &
  (
    | Readonly<{ kind: "release" | "lose a blob" | "lose the manifest" | "delete the tag" | "lose the state" }>
    | Readonly<{ kind: "break off"; after: number }>
  );

const version = fc.constantFrom(...versions);
const kind = fc.constantFrom("release", "lose a blob", "lose the manifest", "delete the tag", "lose the state");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind, version }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("break off"), version, after: fc.nat({ max: 15 }) }) },
);

describe("faults: sequences", () => {
  let scratch: Scratch;
  let stack: TestStack;
  /** How many requests the registry still answers. */
  let left = Infinity;
  /** What each version's release serves. */
  const released = new Map<string, string>();

  before(async () => {
    scratch = await Scratch.start(versions, undefined, [language]);
    const prefix = await startRegistryProxy(scratch.prefix, () => left-- > 0);
    stack = new TestStack(scratch.stack, prefix, { ...scratch.ownConfig, registry: prefix, languages: [language] });
    const { program = assert.fail("The stack has no copy of the program.") } = scratch.stack;
    writeFileSync(join(program, "dockerfiles", language, "Dockerfile"), dockerfile);
    for (const each of versions) {
      await reach(each);
      released.set(`v${each}`, (await scratch.client(language).digest(`v${each}`)) ?? assert.fail());
    }
    assert.equal(new Set(released.values()).size, versions.length);
  });
  after(() => scratch.stop());

  const up = (each: Version) => stack.up({ pulumiVersion: each, tag: `v${each}` });

  /** Releases a version by one plain run. All that a client would pull must be there then. */
  async function reach(each: Version): Promise<void> {
    left = Infinity;
    assertSucceeded(await up(each));
    const client = scratch.client(language);
    const digest = (await client.digest(`v${each}`)) ?? assert.fail(`v${each} is not served`);
    assert.deepEqual(await findLost(client, digest), []);
    assert.equal(digest, released.get(`v${each}`) ?? digest);
  }

  /** The file of the registry's storage that has a blob or a manifest. */
  function fileOf(digest: string): string {
    const hex = digest.replace("sha256:", "");
    const blobs = ["registry", "docker", "registry", "v2", "blobs", "sha256"];
    return join(scratch.place.folder, ...blobs, hex.slice(0, 2), hex, "data");
  }

  async function take(happens: Step): Promise<void> {
    const digest = released.get(`v${happens.version}`) ?? "";
    const manifest = await scratch.client(language).manifest(digest);
    switch (happens.kind) {
      case "release":
        return reach(happens.version);
      case "lose a blob":
        return rmSync(fileOf(manifest?.layers?.[0]?.digest ?? digest), { force: true });
      case "lose the manifest":
        return rmSync(fileOf(digest), { force: true });
      case "delete the tag":
        return scratch.remove(language, `v${happens.version}`).catch(() => undefined);
      case "lose the state":
        return rmSync(join(scratch.place.folder, "state", ".pulumi"), { recursive: true, force: true });
      case "break off":
        left = happens.after;
        await up(happens.version);
        left = Infinity;
    }
  }

  /** No tag serves anything but what its release has tested. */
  async function requireTested(): Promise<void> {
    for (const [tag, digest] of released) {
      const served = await scratch.client(language).digest(tag);
      assert.ok([digest, undefined].includes(served), `${tag} serves ${served} instead of ${digest}`);
    }
  }

  it("end in the wanted state after one plain run of each version, and never serve what was not tested", async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      for (const each of steps) {
        await take(each);
        await requireTested();
      }
      for (const each of versions) await reach(each);
    });
    await fc.assert(property, { numRuns: 8, endOnFailure: true });
  });
});
