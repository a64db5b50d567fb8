import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import {
  argument,
  readDockerfile,
  smokeContexts,
  sourceDateEpoch,
  stages,
  tagArguments,
  withoutSmokeTest,
} from "../../../images/dockerfile";
import { isFault } from "../../helpers/isFault";

describe("a Dockerfile", () => {
  it("has one time for all packages and files: the date of the Debian image", () => {
    const dockerfile = readDockerfile("python");
    const [, date = ""] = /trixie-(\d{8})-slim/.exec(stages(dockerfile).get("debian") ?? "") ?? [];
    assert.equal(argument(dockerfile, "DEBIAN_SNAPSHOT"), `${date}T000000Z`);
    const epoch = new Date(sourceDateEpoch(dockerfile) * 1000).toISOString();
    assert.equal(epoch, `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00.000Z`);
  });

  it("names what it lacks", () => {
    const missing = `The Dockerfile has no line "ARG SOURCE_DATE_EPOCH=…". Add it before the first FROM.`;
    assert.throws(() => argument("FROM scratch", "SOURCE_DATE_EPOCH"), isFault(missing));
    for (const snapshot of ["20261305T000000", "20261305T000000Z"]) {
      const message = `DEBIAN_SNAPSHOT "${snapshot}" is not a snapshot's time. Use YYYYMMDDTHHMMSSZ.`;
      assert.throws(() => sourceDateEpoch(`ARG DEBIAN_SNAPSHOT=${snapshot}`), isFault(message));
    }
  });

  it("ends with stage runner if it is published, so that a smoke test changes nothing of it", () => {
    for (const { name } of catalogue) {
      const published = withoutSmokeTest(readDockerfile(name));
      assert.equal(stages(readDockerfile(name)).get("smoke"), "runner", name);
      assert.equal([...stages(published).keys()].at(-1), "runner", name);
      assert.match(published, /^USER 1983\n*$/m, name);
      assert.ok(readDockerfile(name).startsWith(published), name);
    }
    assert.equal(withoutSmokeTest("FROM a AS runner\nRUN b\n# c\nFROM runner AS smoke\n"), "FROM a AS runner\nRUN b\n");
  });

  it("gives smoke stages the shared scripts, and a language's program if it has one", () => {
    const scripts = { "smoke-scripts-context": "dockerfiles/smoke" };
    assert.deepEqual(smokeContexts("python"), { ...scripts, program: "dockerfiles/python/smoke" });
    assert.deepEqual(smokeContexts("yaml"), scripts);
  });

  // Its steps would have another key on another machine, which would not find their layers.
  it("depends on the platform that builds only in stages for builders that emulate", () => {
    for (const { name } of catalogue) {
      const [, ...others] = readDockerfile(name).split(/^(?=FROM )/m);
      const dependent = others.filter((stage) => stage.includes("BUILDPLATFORM"));
      for (const stage of dependent) assert.match(stage, /^FROM .* AS \S+-cross\n/, name);
      assert.equal(dependent.length > 0, name === "golang", name);
    }
  });

  it("turns the tags of official images into build arguments", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const text = `FROM node:24.1.0-slim@${digest} AS node\nFROM --platform=x go:1@${digest} AS go-native\nFROM node AS x\n`;
    assert.deepEqual(tagArguments(text), { NODE_TAG: "24.1.0-slim", GO_NATIVE_TAG: "1" });
  });
});
