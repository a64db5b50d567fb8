import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";

import { stackTrace } from "../helpers/stackTrace";
import { textTable } from "../../lib/table";
import { inFolder } from "../../local/folder";
import { CheckoutCopy, type Ended } from "./checkoutCopy";

/** A fault that strikes a checkout, and what must come of it. */
export interface Fault {
  /** Damages something, and runs a command if the fault needs one that runs; else the release is run afterwards. */
  readonly strike: (copy: CheckoutCopy) => Promise<Ended | undefined> | Ended | undefined;
  /** The exit code of the command. */
  readonly exit: number;
  /** What it must print: the part of the sentence that is in the table. */
  readonly says: RegExp;
  /** What is outside of the project and passes by itself. */
  readonly passes?: (copy: CheckoutCopy) => unknown;
  /** The one command that the program has named. */
  readonly command?: (copy: CheckoutCopy) => Promise<Ended>;
  /** Restores what the next fault starts from, after the recovery. */
  readonly afterwards?: (copy: CheckoutCopy) => Promise<void>;
}

const rows: Record<string, string>[] = [];
/** Digests of releases that no fault struck, by tag: what was tested, and is published. */
const published = new Map<string, string>();

/**
 * Declares a suite over one copy of the checkout, in which 3.64.0 and 3.66.0 are released.
 * @param faults by their names, in the order in which they strike: each starts from what the previous one left
 */
export function describeFaults(kind: string, faults: Readonly<Record<string, Fault>>): void {
  describe(`faults: ${kind}`, () => {
    let copy: CheckoutCopy;

    before("3.64.0 and 3.66.0 are released", async function () {
      this.timeout(1_800_000);
      copy = await CheckoutCopy.create();
      for (const tag of ["v3.64.0", "v3.66.0"]) {
        assertReached(await copy.up(tag));
        published.set(tag, (await copy.served(tag)).digest ?? assert.fail(`${tag} is not served`));
      }
    });
    after(() => copy.remove());

    for (const [name, fault] of Object.entries(faults)) {
      it(name, async () => {
        const struck = (await fault.strike(copy)) ?? (await copy.up());
        await survive(copy, name, struck, {
          ...fault,
          stays: () => assertNothingWrong(copy),
          recovers: async () => {
            assertReached(await copy.up());
            await assertNothingLost(copy);
          },
        });
        await fault.afterwards?.(copy);
      });
    }
  });
}

/** What must come of a fault after its command has ended, in this order. */
interface Survival extends Omit<Fault, "strike" | "afterwards"> {
  /** Asserts that nothing wrong is published while the fault lasts. */
  readonly stays: () => Promise<void>;
  /** Runs the same command again, and asserts that nothing is lost. */
  readonly recovers: () => Promise<void>;
}

/** Asserts that a copy survives a fault, and adds a row to the table. */
export async function survive(copy: CheckoutCopy, fault: string, struck: Ended, survival: Survival): Promise<void> {
  const { says, exit, passes, command, stays, recovers } = survival;
  const end = struck.output.slice(-3000);
  assert.doesNotMatch(struck.output, stackTrace, end);
  const [sentence] = says.exec(struck.output) ?? [];
  assert.ok(sentence !== undefined, `No ${String(says)} in:\n${end}`);
  assert.equal(struck.exit, exit, end);
  await stays();
  await passes?.(copy);
  if (command !== undefined) assertReached(await command(copy));
  await recovers();
  const recovery = command === undefined ? "the same command" : "the named command, then the same command";
  rows.push({ fault, saw: shorten(sentence, copy), exit: String(exit), recovery, lost: "nothing" });
}

/** A command that must have succeeded. */
export function assertReached({ exit, output }: Ended): void {
  assert.equal(exit, 0, output.slice(-4000));
}

/** No tag serves anything that was not released before; a tag may be missing while a fault lasts. */
async function assertNothingWrong(copy: CheckoutCopy): Promise<void> {
  for (const [tag, digest] of published) {
    // The registry itself may be down.
    const served = await copy.served(tag).catch(() => undefined);
    assert.ok([digest, undefined].includes(served?.digest), `${tag} serves ${served?.digest} instead of ${digest}`);
  }
}

async function assertNothingLost(copy: CheckoutCopy): Promise<void> {
  for (const [tag, digest] of published) assert.deepEqual(await copy.served(tag), { digest, lost: [] }, tag);
}

function shorten(text: string, { folder }: CheckoutCopy): string {
  const oneLine = text
    .replaceAll(folder, "…")
    .replace(/\s+/g, " ")
    .replace(/sha256:(\w{8})\w+/g, "sha256:$1…");
  return oneLine.length > 150 ? `${oneLine.slice(0, 149)}…` : oneLine;
}

/** Prints the table of all faults so far. */
export function printTable(): void {
  if (rows.length === 0) return;
  const text = textTable(rows).join("\n");
  console.log(`\n${text}\n`);
  appendFileSync(inFolder("faults.txt"), `${text}\n`);
}
