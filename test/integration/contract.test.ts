import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { readDockerfile, stages } from "../../images/dockerfile";
import { checkout } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { checksOf } from "../contract/checks";
import { formatFindings } from "../contract/judge";
import { type Mutant, mutants } from "../contract/mutants";
import { contractFolder } from "../contract/runcBox";
import { assertSucceeded, says } from "../helpers/assertRun";
import { pushDerived } from "../helpers/derivedImage";
import { assertGreen, judgeImage } from "../helpers/judgeImage";
import { copyProgram, onlyLanguages } from "../helpers/programCopy";
import { Scratch } from "../helpers/scratch";

const release = { pulumiVersion: "3.66.0", tag: "v3.66.0" };

// What the images of all languages share, and that each check can fail. `make matrix TEST=contract` judges every language.
describe("the contract", () => {
  let scratch: Scratch;
  let published: string;
  const ofAll = checksOf([]);

  before(async () => {
    scratch = await Scratch.start([release.pulumiVersion], undefined, ["yaml"]);
    const program = copyProgram(join(scratch.place.folder, "program"), [onlyLanguages("yaml")]);
    assertSucceeded(await scratch.up(release, { program }));
    published = `${scratch.repository("yaml")}:${release.tag}`;
  });
  after(async () => {
    rmSync(join(contractFolder, "images"), { recursive: true, force: true });
    await scratch?.stop();
  });

  const judgeAll = (reference: string) => judgeImage(scratch, reference, ownPlatform(), ofAll);

  const makeContract = (image: string) =>
    execa("make", ["contract", `IMAGE=${image}`], { cwd: checkout, reject: false });

  it("is met by the image of yaml", async () => assertGreen(await judgeAll(published)));

  it("reports an image that is not a runner, in sentences", async () => {
    const { debian = stages(readDockerfile("yaml")).get("debian") ?? "" } = scratch.place.environment.bases;
    const { exitCode, stdout, stderr } = await makeContract(debian.replace("docker-image://", ""));
    assert.equal(exitCode, 2, stderr);
    says(stdout, /^RED {2}Phases of a YAML program.*pulumi: not found$/m);
    says(stdout, /^\d+ green, \d+ red$/m);
  });

  it("refuses what it cannot pull", async () => {
    const { stderr } = await makeContract(`${scratch.prefix}/unknown:v1`);
    says(stderr, /^\S+\/unknown:v1 cannot be pulled .*not found\nCheck its spelling/m);
  });

  for (const [index, group] of mutants.entries()) {
    it(`turns red for ${group.map(({ name }) => name).join("; ")}`, async () => {
      const reference = await buildMutant(group, `v${index}`);
      const findings = await judgeAll(reference);
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

  it("has no check that no mutant turns red", () => {
    const red = mutants.flat().flatMap((mutant) => Object.keys(mutant.red));
    const proven = ofAll.filter(({ name }) => red.some((start) => name.startsWith(start)));
    assert.deepEqual(
      ofAll.filter((check) => !proven.includes(check)).map(({ name }) => name),
      [],
    );
  });

  /** Builds mutants of the image of yaml as one, and pushes it. Returns its reference. */
  async function buildMutant(group: readonly Mutant[], tag: string): Promise<string> {
    const reference = `${scratch.prefix}/mutant/yaml:${tag}`;
    const lines = group.flatMap((mutant) => mutant.lines);
    const steps = lines.filter((line) => line.startsWith("RUN"));
    const settings = lines.filter((line) => !steps.includes(line));
    const dockerfile = [`FROM ${published} AS derived`, "USER root", ...steps, "USER 1983", ...settings, ""];
    await pushDerived(scratch, reference, dockerfile.join("\n"));
    return reference;
  }
});
