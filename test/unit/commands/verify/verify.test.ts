import assert from "node:assert/strict";

import { type RebuildTarget, requireImageTag } from "../../../../commands/verify/targets";
import { changedSources, judge, verify } from "../../../../commands/verify/verify";
import { catalogue } from "../../../../images/catalogue";
import { Clone } from "../../../../lib/git";
import { ImageStore } from "../../../helpers/imageStore";
import { ScratchRepository } from "../../../helpers/scratchRepository";
import { targetWith } from "../../../helpers/targets";
import { useTemporaryFolder } from "../../../helpers/temporaryFolder";

it("verify refuses a text that is not a release tag, and a tag of another stack, before anything is set up", async () => {
  for (const [tag, message] of [
    ["3.66.0", /"3\.66\.0" is not a release tag\. Use .* or latest\.$/],
    ["v3.66.0", /: STACK "dev" does not publish that tag: stack prod does\. Use STACK=prod\.$/],
  ] as const) {
    await assert.rejects(verify(targetWith({ stack: "dev" }), tag, catalogue, assert.fail), message);
  }
});

describe("judge", () => {
  const language = catalogue[0]!;
  const source = new ImageStore();
  const tag = requireImageTag("v3.66.0");
  let digest: string;
  let target: RebuildTarget;

  beforeEach(async () => {
    digest = await source.image();
    target = { language, tag: tag.tag, version: "3.66.0", platforms: ["linux/amd64"], digest, source };
  });

  it("accepts an identical rebuild", async () => {
    const { identical, lines } = await judge(tag, [target], [target]);
    assert.equal(identical, true);
    const words = lines.map((line) => line.split(/ +/));
    const heading = ["language", "platform", "result", "digest"];
    assert.deepEqual(words, [heading, [language.name, "linux/amd64", "identical", digest]]);
  });

  it("lists the differences of a rebuild and their causes", async () => {
    const other = { source, digest: await source.image({ config: { User: "root" } }) };
    const { identical, lines } = await judge(tag, [target], [other]);
    assert.equal(identical, false);
    assert.match(lines[1] ?? "", / different +sha256:/);
    assert.deepEqual(lines.slice(2), [
      "",
      `${language.name} linux/amd64, served → rebuilt:`,
      "  User: spacelift → root",
      "  likely cause: another Dockerfile, catalogue or builder",
    ]);
  });

  it("reports a tag that serves another version first", async () => {
    const served = { ...target, version: "3.64.0" };
    const { identical, lines } = await judge(tag, [served], [target]);
    assert.equal(identical, false);
    assert.match(lines[0] ?? "", /: v3\.66\.0 should be Pulumi 3\.66\.0, but label \S+\.version says 3\.64\.0\.$/);
    assert.equal((await judge(requireImageTag("latest"), [served], [target])).identical, true);
  });
});

describe("changedSources", () => {
  const folder = useTemporaryFolder();

  it("names the files that differ, but none that an image does not depend on", async () => {
    const repository = await ScratchRepository.create(folder());
    await repository.pushTag("v3.66.0", await repository.commit("Start", { "dockerfiles/base.Dockerfile": "FROM a" }));
    await repository.git("fetch", "--quiet", "--tags");
    const changed = (tag: string) => changedSources(new Clone(repository.clone), tag);
    await repository.commit("Explain", { "README.md": "changed" });
    assert.equal(await changed("v3.66.0"), undefined);
    await repository.commit("Change", { "dockerfiles/base.Dockerfile": "FROM b" });
    const sentence =
      /^This checkout differs from v3\.66\.0 \([0-9a-f]{12}\) in dockerfiles\/base\.Dockerfile\. Check that commit out/;
    assert.match((await changed("v3.66.0")) ?? "", sentence);
    assert.match((await changed("v3.64.0")) ?? "", /^This checkout has no tag v3\.64\.0: /);
  });
});
