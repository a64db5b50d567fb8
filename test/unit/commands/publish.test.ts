import assert from "node:assert/strict";

import { UpdateError, findProblems, publish } from "../../../commands/publish";
import { repositoryClients } from "../../../lib/oci/repositoryClient";
import { captureLog } from "../../helpers/captureLog";
import { useFakePulumi } from "../../helpers/fakePulumi";

describe("publish", () => {
  const pulumi = useFakePulumi();

  const run = () => captureLog(() => publish(pulumi().project));

  it("looks at nothing but the update", async () => {
    pulumi().install([pulumi().images("v1")]);
    assert.deepEqual(await publish(pulumi().project), { images: pulumi().images("v1"), leftOut: {} });
    assert.deepEqual(pulumi().requests, []);
  });

  it("reports likely causes by what pulumi prints", async () => {
    pulumi().install([], "echo 'error: the stack is currently locked by 1 lock(s).'; exit 1");
    const { error } = await run();
    assert.ok(error instanceof UpdateError);
    assert.match(error.causes.join(), /^Another pulumi works on this stack.*: pulumi cancel --yes; then/);
  });

  it("reports that pulumi was killed", async () => {
    pulumi().install([], "kill -9 $$");
    const { error } = await run();
    assert.ok(error instanceof UpdateError);
    assert.match(error.causes.join(), /^pulumi was stopped at once\. .*locked: pulumi cancel --yes$/);
  });

  describe("if the update fails", () => {
    const reasons = { golang: "golang is left out." };

    it("accepts it if only languages are left out", async () => {
      pulumi().leftOut = { reasons };
      pulumi().install([pulumi().images("v1")], "exit 1");
      assert.deepEqual(await publish(pulumi().project), {
        images: pulumi().images("v1"),
        leftOut: reasons,
      });
    });

    it("does not rely on the outputs of an earlier update", async () => {
      pulumi().leftOut = { run: "that of another machine, whose clock may be ahead", reasons };
      pulumi().install([pulumi().images("v1")], "exit 1");
      assert.ok((await run()).error instanceof UpdateError);
    });
  });

  it("fails with the update, without looking at the registry", async () => {
    pulumi().install([], "exit 1");
    assert.ok((await run()).error instanceof UpdateError);
    assert.deepEqual(pulumi().requests, []);
  });
});

describe("findProblems", () => {
  const pulumi = useFakePulumi();
  const find = () => findProblems(pulumi().images("v1"), repositoryClients());

  it("asks one repository after another for tag, manifest and blobs, each with one token", async () => {
    assert.deepEqual(await find(), []);
    const of = (name: string) => ["manifests/v1", "manifests/sha256:a", "blobs/c"].map((path) => `/v2/${name}/${path}`);
    const [[a = "", ...ofA], [b = "", ...ofB]] = [of("a"), of("b")];
    assert.deepEqual(pulumi().requests, [a, "/token", a, ...ofA, b, "/token", b, ...ofB]);
  });

  for (const [path, answer, problem] of [
    ["manifests/v1", { headers: { "docker-content-digest": "sha256:b" } }, "is sha256:b instead of sha256:a"],
    ["manifests/v1", { status: 404 }, "does not exist instead of being sha256:a"],
    ["blobs/c", { status: 404 }, "cannot be pulled: the registry has lost blob c"],
    ["manifests/sha256:a", { status: 404 }, "cannot be pulled: the registry has lost manifest sha256:a"],
    ["manifests/v1", { status: 403 }, /^\S+ could not be checked: \S+\/manifests\/v1 answers 403$/],
  ] as const) {
    it(`reports a tag that ${String(problem)}`, async () => {
      pulumi().answers[`/v2/a/${path}`] = answer;
      const [found = "", ...others] = await find();
      assert.deepEqual(others, []);
      if (typeof problem === "string") assert.equal(found, `${pulumi().registry}/a:v1 ${problem}`);
      else assert.match(found, problem);
    });
  }
});
