import assert from "node:assert/strict";

import { execa } from "execa";

import { readDockerfile, stages } from "../../images/dockerfile";
import { checkout } from "../../local/folder";
import { ownPlatform } from "../../local/native/platforms";
import { checksOf } from "../contract/checks";
import { says } from "../helpers/assertRun";
import { assertGreen, judgeImage } from "../helpers/judgeImage";
import { useYamlImage } from "../helpers/yamlImage";

// What the images of all languages share. `make matrix TEST=contract` judges every language, and TEST=mutants proves that each check can fail.
describe("the contract", () => {
  const { scratch, published } = useYamlImage();

  const makeContract = (image: string) =>
    execa("make", ["contract", `IMAGE=${image}`], { cwd: checkout, reject: false });

  it("is met by the image of yaml", async () =>
    assertGreen(await judgeImage(scratch(), published(), ownPlatform(), checksOf([]))));

  it("reports an image that is not a runner, in sentences", async () => {
    const { debian = stages(readDockerfile("yaml")).get("debian") ?? "" } = scratch().place.environment.bases;
    const { exitCode, stdout, stderr } = await makeContract(debian.replace("docker-image://", ""));
    assert.equal(exitCode, 2, stderr);
    says(stdout, /^RED {2}Phases of a YAML program.*pulumi: not found$/m);
    says(stdout, /^\d+ green, \d+ red$/m);
  });

  it("refuses what it cannot pull", async () => {
    const { stderr } = await makeContract(`${scratch().prefix}/unknown:v1`);
    says(stderr, /^\S+\/unknown:v1 cannot be pulled .*not found\nCheck its spelling/m);
  });
});
