import assert from "node:assert/strict";

import { UpdateError, publish } from "../../../commands/publish";
import { repositoryClients } from "../../../lib/oci/repositoryClient";
import { captureLog } from "../../helpers/captureLog";
import { useFakePulumi } from "../../helpers/fakePulumi";
import { isFault } from "../../helpers/isFault";

describe("publish", () => {
  const pulumi = useFakePulumi();

  const run = () => captureLog(() => publish(pulumi().project, repositoryClients()));

  it("checks one repository after another, each with one token", async () => {
    pulumi().install([pulumi().images("v1")]);
    assert.equal((await run()).error, undefined);
    const [a, b] = ["/v2/a/manifests/v1", "/v2/b/manifests/v1"];
    assert.deepEqual(pulumi().requests, [a, "/token", a, b, "/token", b]);
  });

  for (const [answer, problem] of [
    [{ headers: { "docker-content-digest": "sha256:b" } }, "is sha256:b"],
    [{ status: 404 }, "does not exist"],
  ] as const) {
    it(`reports a tag that ${problem}`, async () => {
      pulumi().answers["/v2/a/manifests/v1"] = answer;
      pulumi().install([pulumi().images("v1")]);
      const wrong = `${pulumi().registry}/a:v1 ${problem} instead of sha256:a`;
      const remedy = "Find out who else writes to it, then run the same command again.";
      const message = `The registry serves other images than were released: ${wrong}. ${remedy}`;
      isFault(message)((await run()).error);
    });
  }

  describe("if the update fails", () => {
    const reasons = { golang: "golang is left out." };

    it("accepts it if only languages are left out, and checks the others", async () => {
      pulumi().leftOut = { at: new Date(Date.now() + 60_000).toISOString(), reasons };
      pulumi().install([pulumi().images("v1")], "exit 1");
      assert.deepEqual(await publish(pulumi().project, repositoryClients()), {
        images: pulumi().images("v1"),
        leftOut: reasons,
      });
      assert.ok(pulumi().requests.includes("/v2/b/manifests/v1"));
    });

    it("does not rely on the outputs of an earlier update", async () => {
      pulumi().leftOut = { at: new Date(Date.now() - 1000).toISOString(), reasons };
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
