import assert from "node:assert/strict";

import type { Platform } from "../../images/platform";
import type { Check } from "../contract/check";
import { type Finding, formatFindings, judge } from "../contract/judge";
import { openBox } from "./derivedImage";
import type { Scratch } from "./scratch";

/** Tries checks of the contract on a published image. */
export async function judgeImage(
  scratch: Scratch,
  reference: string,
  platform: Platform,
  checks: readonly Check[],
): Promise<Finding[]> {
  const box = await openBox(scratch, reference, platform);
  try {
    return await judge(box, checks);
  } finally {
    await box.close();
  }
}

/** Asserts that no check is red. A failure shows the table of those that are. */
export function assertGreen(findings: readonly Finding[]): void {
  const red = findings.filter(({ verdict }) => verdict === "RED");
  assert.ok(red.length === 0, formatFindings(red));
}
