import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { readDockerfile, stages } from "../../images/dockerfile";
import { checkout } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { checksOf } from "../contract/checks";
import { contractFolder } from "../contract/runcBox";
import { assertSucceeded, says } from "../helpers/assertRun";
import { assertGreen, judgeImage } from "../helpers/judgeImage";
import { Scratch } from "../helpers/scratch";

const release = { pulumiVersion: "3.66.0", tag: "v3.66.0" };

// What the images of all languages share. `make matrix TEST=contract` judges every language, and TEST=mutants proves that each check can fail.
describe("the contract", () => {
  let scratch: Scratch;
  let published: string;

  before(async () => {
    scratch = await Scratch.start([release.pulumiVersion], undefined, ["yaml"]);
    assertSucceeded(await scratch.up(release));
    published = `${scratch.repository("yaml")}:${release.tag}`;
  });
  after(async () => {
    rmSync(join(contractFolder, "images"), { recursive: true, force: true });
    await scratch?.stop();
  });

  const makeContract = (image: string) =>
    execa("make", ["contract", `IMAGE=${image}`], { cwd: checkout, reject: false });

  it("is met by the image of yaml", async () =>
    assertGreen(await judgeImage(scratch, published, ownPlatform(), checksOf([]))));

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
});
