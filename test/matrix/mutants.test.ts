import assert from "node:assert/strict";

import { ownPlatform } from "../../local/native/platforms";
import { checksOf } from "../contract/checks";
import { formatFindings } from "../contract/judge";
import { type Mutant, mutants } from "../contract/mutants";
import { pushDerived } from "../helpers/derivedImage";
import { judgeImage } from "../helpers/judgeImage";
import { useYamlImage } from "../helpers/yamlImage";

// Proves that each check of the contract can fail.
describe("the contract of a broken image", () => {
  const { scratch, published } = useYamlImage();

  for (const [index, group] of mutants.entries()) {
    it(`turns red for ${group.map(({ name }) => name).join("; ")}`, async () => {
      const reference = await buildMutant(group, `v${index}`);
      const findings = await judgeImage(scratch(), reference, ownPlatform(), checksOf([]));
      const red = findings.filter(({ verdict }) => verdict === "RED");
      const expected = group.flatMap(({ red }) => Object.entries(red));
      const table = formatFindings(red);
      for (const [name, text] of expected) {
        assert.ok(
          red.some(({ check, found }) => check.name.startsWith(name) && text.test(found)),
          `${name}: ${String(text)} is not in\n${table}`,
        );
      }
      assert.equal(red.length, expected.length, `More is red than expected:\n${table}`);
    });
  }

  /** Builds mutants of the image of yaml as one, and pushes it. Returns its reference. */
  async function buildMutant(group: readonly Mutant[], tag: string): Promise<string> {
    const reference = `${scratch().prefix}/mutant/yaml:${tag}`;
    const lines = group.flatMap((mutant) => mutant.lines);
    const steps = lines.filter((line) => line.startsWith("RUN"));
    const settings = lines.filter((line) => !steps.includes(line));
    const dockerfile = [`FROM ${published()} AS derived`, "USER root", ...steps, "USER 1983", ...settings, ""];
    await pushDerived(scratch(), reference, dockerfile.join("\n"));
    return reference;
  }
});
